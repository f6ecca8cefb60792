"""What an Azure path names: a container, a blob, and perhaps an account and its endpoint."""

from __future__ import annotations

import re
from collections.abc import Sequence

import attrs

from daypass.base.messages import shown_bucket
from daypass.errors import InvalidPathError, at_row

#: What a container's name is made of; whether it exists is the store's to say. ``$root``, ``$web``.
#: https://learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata
_CONTAINER = re.compile(r"\$?[A-Za-z0-9](?:[A-Za-z0-9-]{0,62})")
#: The hosts of Azure's public and sovereign clouds, and of its DNS zones. A path that names another
#: host must agree with an endpoint that the filesystem was configured with.
_HOST = re.compile(
    r"(?P<account>[a-z0-9]{3,24})(?P<secondary>-secondary)?\.(?:blob|dfs)\."
    r"core\.(?:windows\.net|chinacloudapi\.cn|usgovcloudapi\.net|cloudapi\.de)"
    r"|(?P<zoned>[a-z0-9]{3,24})\.z\d{1,2}\.(?:blob|dfs)\.storage\.azure\.net"
)
#: Characters in a blob's name, of UTF-16, and parts between its slashes: the same page.
_MAX_NAME = 1024
_MAX_SEGMENTS = 254


@attrs.frozen
class Place:
    """The part of a path before the blob's name."""

    container: str
    #: The account that the path names, where it names one.
    account: str | None = None
    #: The blob endpoint's host that the path names, in lower case.
    host: str | None = None


def place_of(bucket: str) -> Place:
    """Take ``container`` or ``container@account.dfs.core.windows.net`` apart.

    Raises:
        InvalidPathError: for what is no container or no host.

    """
    container, at, host = bucket.partition("@")
    if not at and account_of_host(bucket.lower()):
        msg = f"the path names the host {bucket} and no container before it: write abfss://container@{bucket}/key"
        raise InvalidPathError(msg, option="path")
    if not _CONTAINER.fullmatch(container):
        msg = f"{shown_bucket(container)} is not the name of a container: letters, digits and '-' only"
        raise InvalidPathError(msg, option="path")
    if not at:
        return Place(container)
    host = host.lower()
    if not re.fullmatch(r"[a-z0-9.-]+(?::\d{1,5})?", host):
        msg = f"{ascii(host)[:80]} is not the host of an account: write container@account.dfs.core.windows.net"
        raise InvalidPathError(msg, option="path")
    # Data Lake's own host serves the same blobs; shared access signatures go to the blob host.
    return Place(container, account_of_host(host), host.replace(".dfs.", ".blob."))


def account_of_host(host: str) -> str | None:
    """Return the account that one of Azure's own hosts belongs to, or None for other hosts.

    >>> account_of_host("contoso.dfs.core.windows.net")
    'contoso'
    """
    match = _HOST.fullmatch(host)
    return None if match is None else match["account"] or match["zoned"]


def check_name(name: str) -> None:
    r"""Raise where Azure would take a blob's name for another, or not at all.

    A backslash becomes a slash on arrival (https://github.com/Azure/azure-sdk-for-python/issues/48690),
    and dots at the end are dropped (https://github.com/Azure/azure-storage-ruby/issues/191).

    Raises:
        InvalidPathError: naming the rule.

    """
    if "\\" in name:
        msg = (
            "the name holds a backslash, which Azure reads as a slash: write the name with slashes"
        )
        raise InvalidPathError(msg, option="path")
    if name.endswith("."):
        msg = "the name ends in a dot, which Azure drops, so that the link would fail: rename the blob"
        raise InvalidPathError(msg, option="path")
    if len(name) * 2 > _MAX_NAME and len(name.encode("utf-16-le")) > 2 * _MAX_NAME:
        msg = f"the name is longer than the {_MAX_NAME} characters that Azure allows"
        raise InvalidPathError(msg, option="path")
    if len(name) >= _MAX_SEGMENTS and name.count("/") >= _MAX_SEGMENTS:
        msg = f"the name has more than the {_MAX_SEGMENTS} segments that Azure allows"
        raise InvalidPathError(msg, option="path")


def check_names(names: Sequence[str]) -> None:
    """Raise as `check_name` does for the first of many names that is not sound, naming its row.

    Raises:
        InvalidPathError: with the ``row``.

    """
    text = "\n".join(names) + "\n"
    if "\\" not in text and ".\n" not in text and max(map(len, names), default=0) < _MAX_SEGMENTS:
        return
    for row, name in enumerate(names):
        with at_row(row):
            check_name(name)
