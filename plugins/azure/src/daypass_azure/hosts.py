"""Which account, container and blob a URL names."""

from __future__ import annotations

import re

import attrs

from daypass.hookspecs.found import FoundURL, decoded
from daypass_azure.paths import account_of_host

_EMULATOR = re.compile(r"localhost|127(?:\.\d{1,3}){3}|\[::1\]|[a-z0-9-]+", re.ASCII)
#: Hosts of the other services of an account.
OTHER_SERVICE = re.compile(r"[a-z0-9-]+\.(?P<service>file|queue|table)\.core\..*")


@attrs.frozen(kw_only=True)
class Place:
    """Where a URL leads."""

    account: str | None
    container: str | None
    #: The blob's name; empty for a container.
    name: str


def place_of(url: FoundURL) -> Place:
    """Read account, container and blob from host and path; an emulator's account is in its path."""
    parts = url.path.removeprefix("/").split("/", 1)
    account = account_of_host(url.hostname)
    if account is None and OTHER_SERVICE.fullmatch(url.hostname):
        account = url.hostname.partition(".")[0]
    if account is None and _EMULATOR.fullmatch(url.hostname):
        account = decoded(parts[0]) or None
        parts = (parts[1] if len(parts) > 1 else "").split("/", 1)
    container = decoded(parts[0])
    name = decoded(parts[1]) if len(parts) > 1 else ""
    scope = url.get("sr") or ""
    if container and not name and scope.startswith("b") and len(parts) == 1:
        container, name = (
            "$root",
            container,
        )  # https://learn.microsoft.com/azure/storage/blobs/storage-blob-root-container
    return Place(account=account, container=container or None, name=name)
