"""What a request asks of Azure: the fields of a shared access signature, and headers to send.

Fields: https://learn.microsoft.com/rest/api/storageservices/create-service-sas and
https://learn.microsoft.com/rest/api/storageservices/create-user-delegation-sas.
"""

from __future__ import annotations

import re
from datetime import datetime
from ipaddress import IPv4Address, IPv4Network
from typing import Literal

import attrs

from daypass.base.urls import encode
from daypass.errors import InvalidRequestError, UnsupportedOptionError
from daypass.model.options import DESCRIBING
from daypass.model.requests import SignRequest
from daypass.toolkit.engine import Unenforced
from daypass_azure.stored_policies import StoredAccessPolicy, check_permission

#: Prefix of a ``version=`` that names a snapshot, as in the URL: ``snapshot=2026-01-02T03:04:05.6789012Z``.
SNAPSHOT = "snapshot="
#: Prefix of a signed header among a shape's values.
HEADER = "srh:"
#: A name must be a C# identifier and travel in a header: the page on naming says which.
_METADATA_NAME = re.compile(r"[a-z_][a-z0-9_]*")
#: What a tag's name and value are made of:
#: https://learn.microsoft.com/rest/api/storageservices/set-blob-tags
_TAG = re.compile(r"[A-Za-z0-9 +./:=_-]+")
#: All names and values of one blob's metadata together, in bytes:
#: https://learn.microsoft.com/rest/api/storageservices/setting-and-retrieving-properties-and-metadata-for-blob-resources
_MAX_METADATA = 8 * 1024
_SIGNS_NO_HEADERS = (
    "an account key signs no request headers; a user delegation key (a Microsoft Entra credential) "
    "does, on Azure itself"
)


@attrs.frozen
class Rules:
    """What one signer's links can enforce."""

    #: True where links begin with https.
    https: bool
    #: True where the key signs request headers.
    signs_headers: bool
    policy: StoredAccessPolicy | None = None
    encryption_scope: str | None = None
    #: True where links lead to the read-only copy in another region.
    read_only: bool = False


@attrs.frozen
class Outline:
    """What decides on the template: everything but the values that vary."""

    permission: str
    protocol: str | None
    policy: str | None
    #: Names of the varying fields but the expiry, in order.
    names: tuple[str, ...]
    #: What is signed for, as in ``sr``: a blob, a container or a directory.
    scope: Literal["b", "c", "d"] = "b"


@attrs.frozen
class Shape:
    """One request in Azure's words."""

    outline: Outline
    #: The varying fields' values, not encoded.
    values: dict[str, str] = attrs.field(repr=False)
    #: As they are to be sent.
    headers: dict[str, str] = attrs.field(repr=False)
    unenforced: frozenset[str]

    def of_directory(self, directory: str) -> Shape:
        """Return the same for a directory, or for the whole container where it is empty.

        Args:
            directory: without slashes around it; Azure wants to be told how deep it lies.

        """
        if not directory:
            return attrs.evolve(self, outline=attrs.evolve(self.outline, scope="c"))
        outline = attrs.evolve(self.outline, scope="d", names=(*self.outline.names, "sdd"))
        return attrs.evolve(
            self, outline=outline, values={**self.values, "sdd": str(directory.count("/") + 1)}
        )


def shape_of(request: SignRequest, version: str | None, rules: Rules) -> Shape:
    """Translate a request.

    Raises:
        UnsupportedOptionError: for what these rules cannot enforce.
        InvalidRequestError: for what Azure does not accept.

    """
    if request.method in ("PUT", "DELETE"):
        _check_writable(rules)
    unenforced = Unenforced("azure", request)
    values = _fields(request, version, rules, unenforced)
    headers, signed = _headers(request, rules, unenforced)
    values.update({HEADER + name: signed[name] for name in sorted(signed)})
    permission = _permission(request, version)
    policy = rules.policy
    if policy is not None:
        check_permission(policy, permission)
        permission = "" if policy.permissions else permission
    protocol = "https" if rules.https and request.https_only is not False else None
    outline = Outline(permission, protocol, None if policy is None else policy.name, tuple(values))
    return Shape(outline, values, headers, unenforced.names)


def _check_writable(rules: Rules) -> None:
    if rules.read_only:
        msg = "the filesystem's location_mode is secondary, which is read-only: sign PUT and DELETE for the primary"
        raise InvalidRequestError(msg, option="method")


def block_shape_of(request: SignRequest, rules: Rules) -> Shape:
    """Translate a request for one block of a blob.

    Put Block needs the permission to write, even where the blob does not exist:
    https://learn.microsoft.com/rest/api/storageservices/put-block

    Args:
        request: what binds this block: its size and MD5 at most.
        rules: what links can enforce.

    Raises:
        UnsupportedOptionError: for what these rules cannot enforce.

    """
    _check_writable(rules)
    if rules.policy is not None:
        check_permission(rules.policy, "w")
    unenforced = Unenforced("azure", request)
    values = _fields(request, None, rules, unenforced)
    headers, signed = {}, {}
    for option, name, value in _upload_headers(request):
        headers[name] = value
        if rules.signs_headers:
            signed[name.lower()] = value
        elif option == "content_length":  # not asked for by the caller, who would know
            unenforced.note(option)
        else:
            unenforced.refuse_or_waive(option, _SIGNS_NO_HEADERS)
    values.update({HEADER + name: signed[name] for name in sorted(signed)})
    permission = "" if rules.policy is not None and rules.policy.permissions else "w"
    protocol = "https" if rules.https and request.https_only is not False else None
    policy = None if rules.policy is None else rules.policy.name
    return Shape(
        Outline(permission, protocol, policy, tuple(values)), values, headers, unenforced.names
    )


def _permission(request: SignRequest, version: str | None) -> str:
    """Return the least that the method needs; create without write refuses to replace a blob."""
    if request.method == "PUT":
        return ("c" if request.if_absent else "cw") + ("t" if request.tags else "")
    if request.method == "DELETE":
        # Deleting one version is a permission of its own; a snapshot goes with "d".
        return "d" if version is None or version.startswith(SNAPSHOT) else "x"
    return "l" if request.method == "LIST" else "r"


def _fields(
    request: SignRequest, version: str | None, rules: Rules, unenforced: Unenforced
) -> dict[str, str]:
    values: dict[str, str | None] = {
        "st": None if request.starts_at is None else moment(request.starts_at),
        "sip": None if request.ip_range is None else ip_range(request.ip_range),
        "ses": rules.encryption_scope,
        "rscc": request.response_cache_control,
        "rscd": request.disposition,
        "rsce": request.response_content_encoding,
        "rscl": request.response_content_language,
        "rsct": request.response_content_type,
    }
    if version == SNAPSHOT:
        msg = "version names no snapshot after 'snapshot='"
        raise InvalidRequestError(msg, option="version")
    if version is not None and version.startswith(SNAPSHOT):
        values["snapshot"] = version.removeprefix(SNAPSHOT)
    elif version is not None:
        values["versionid"] = version
    if request.https_only and not rules.https:
        unenforced.refuse_or_waive(
            "https_only", "the endpoint is http, and the link would not work on it"
        )
    if request.starts_at is not None and rules.policy is not None and rules.policy.starts:
        unenforced.refuse_or_waive("starts_at", "the stored access policy holds a start of its own")
        values["st"] = None
    return {name: value for name, value in values.items() if value is not None}


def _headers(
    request: SignRequest, rules: Rules, unenforced: Unenforced
) -> tuple[dict[str, str], dict[str, str]]:
    """Return the headers to send, and those of them to sign by lower-case name."""
    extra = dict(request.headers or {})
    if extra and not rules.signs_headers:
        # Nothing would bind the holder to them, and strict= does not speak of them.
        msg = f"azure cannot enforce headers here, since {_SIGNS_NO_HEADERS}: leave them out"
        raise UnsupportedOptionError(msg, option="headers", backend="azure")
    signed = {name.lower(): value for name, value in extra.items()}
    if request.method != "PUT":
        return extra, signed
    headers = {"x-ms-blob-type": "BlockBlob", **extra}
    for option, name, value in _upload_headers(request):
        headers[name] = value
        if rules.signs_headers:
            signed[name.lower()] = value
        elif option not in DESCRIBING:
            unenforced.refuse_or_waive(option, _SIGNS_NO_HEADERS)
    if not rules.signs_headers:
        unenforced.note(*(request.conditions & DESCRIBING))
    if "content-type" in signed:
        # Where both are sent, the second decides on the blob's type, so that is the one to sign.
        signed["x-ms-blob-content-type"] = signed.pop("content-type")
        headers["x-ms-blob-content-type"] = headers["Content-Type"]
    return headers, signed


def _upload_headers(request: SignRequest) -> list[tuple[str, str, str]]:
    """Return what an upload asks for: the option, the header and its value."""
    found = []
    if request.content_type is not None:
        found.append(("content_type", "Content-Type", request.content_type))
    if request.content_md5 is not None:
        found.append(("content_md5", "Content-MD5", request.content_md5))
    if request.content_length is not None:
        found.append(("content_length", "Content-Length", str(request.content_length)))
    if request.storage_class is not None:
        found.append(("storage_class", "x-ms-access-tier", request.storage_class))
    if request.tags is not None:
        tags = checked_tags(request.tags).items()
        said = "&".join(f"{encode(name)}={encode(value)}" for name, value in tags)
        found.append(("tags", "x-ms-tags", said))
    for name, value in checked_metadata(request).items():
        found.append(("metadata", f"x-ms-meta-{name}", value))
    return found


def checked_metadata(request: SignRequest) -> dict[str, str]:
    """Return the user metadata, once Azure would take it."""
    metadata = request.object_metadata
    for name in metadata:
        if not _METADATA_NAME.fullmatch(name):
            msg = f"metadata: Azure takes names that are C# identifiers (letters, digits and '_', no digit first), not {ascii(name)[:60]}"
            raise InvalidRequestError(msg, option="metadata")
    if sum(len(name) + len(value) for name, value in metadata.items()) > _MAX_METADATA:
        msg = f"metadata: names and values together are above Azure's {_MAX_METADATA} bytes"
        raise InvalidRequestError(msg, option="metadata")
    return metadata


def checked_tags(tags: dict[str, str]) -> dict[str, str]:
    """Return tags, once Azure would take them."""
    for name, value in tags.items():
        if not _TAG.fullmatch(name + value):
            msg = f"tags: Azure takes ASCII letters, digits, spaces and +-./:=_ in a name and a value, unlike {ascii(name)[:60]}"
            raise InvalidRequestError(msg, option="tags")
    return tags


def moment(when: datetime) -> str:
    """Write a moment in UTC as the SDK does.

    >>> from datetime import UTC
    >>> moment(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    '2026-01-02T03:04:05Z'
    """
    return when.isoformat()[:19] + "Z"


def ip_range(text: str) -> str:
    """Write addresses as Azure does: one, or the first and the last. IPv4 only.

    >>> ip_range("198.51.100.0/24")
    '198.51.100.0-198.51.100.255'

    Raises:
        UnsupportedOptionError: for IPv6.

    """
    first, dash, last = text.partition("-")
    try:
        if "/" in text:
            network = IPv4Network(text)
            low, high = network[0], network[-1]
        else:
            low = IPv4Address(first)
            high = IPv4Address(last) if dash else low
    except ValueError:  # core takes IPv6 too, and nothing that is neither
        msg = "azure cannot enforce ip_range for IPv6: its links know IPv4 addresses only"
        raise UnsupportedOptionError(msg, option="ip_range", backend="azure") from None
    return str(low) if low == high else f"{low}-{high}"
