"""``head_metadata`` on Azure: HEAD on exactly the blob, never a listing."""

from __future__ import annotations

import re
from base64 import b64encode
from datetime import UTC
from typing import Any

from daypass.errors import InvalidPathError, ObjectNotFoundError, StoreError
from daypass.model.locations import Location
from daypass.model.metadata import ObjectMetadata
from daypass_azure.account import account_of
from daypass_azure.network import call_sdk, filesystem
from daypass_azure.paths import check_name
from daypass_azure.shape import SNAPSHOT

#: Where `add_content_md5_metadata` and rclone keep the MD5, in base64.
_MD5 = "md5chksum"
_DOT_SEGMENT = re.compile(r"(?:^|/)\.\.?(?:/|$)")


def head_metadata(location: Location) -> ObjectMetadata:
    """Read one blob's properties and metadata."""
    check_name(location.key)
    if _DOT_SEGMENT.search(location.key):
        # aiohttp, by which the SDK asks, takes them out of the URL: that is another blob.
        msg = (
            "the name holds a '.' or '..' segment, which the Azure SDK's HTTP client rewrites, so "
            "that another blob would be described: rename the blob"
        )
        raise InvalidPathError(msg, option="path")
    account = account_of(location)
    fs = filesystem(location, account.place)
    version = location.version
    snapshot = None
    if version is not None and version.startswith(SNAPSHOT):
        snapshot = version.removeprefix(SNAPSHOT)
        version = None
    blob = fs.service_client.get_blob_client(
        account.place.container, location.key, snapshot=snapshot
    )
    named: dict[str, Any] = {} if version is None else {"version_id": version}
    if location.reading.headers:
        named["headers"] = dict(location.reading.headers)
    try:
        answer = call_sdk(
            location, fs, f"the metadata of {location.path}", blob.get_blob_properties, **named
        )
    except ObjectNotFoundError:
        msg = f"{location.path} does not exist" + (
            f" in version {location.version}" if location.version else ""
        )
        raise ObjectNotFoundError(msg) from None
    if answer.blob_type is None:
        msg = f"what was answered for {location.path} is no blob (x-ms-blob-type): look at what answers there, such as a proxy or a log-in"
        raise StoreError(msg)
    return _normalise(location, answer)


def _normalise(location: Location, answer: Any) -> ObjectMetadata:
    metadata = {name.lower(): value for name, value in (answer.metadata or {}).items()}
    settings = answer.content_settings
    md5 = settings.content_md5
    return ObjectMetadata(
        path=location.path,
        key=location.key,
        size=answer.size,
        etag=None if answer.etag is None else answer.etag.strip('"'),
        last_modified=None
        if answer.last_modified is None
        else answer.last_modified.astimezone(UTC),
        created=None if answer.creation_time is None else answer.creation_time.astimezone(UTC),
        content_type=settings.content_type,
        content_encoding=settings.content_encoding or None,
        content_language=settings.content_language or None,
        content_disposition=settings.content_disposition or None,
        cache_control=settings.cache_control or None,
        content_md5=b64encode(md5).decode() if md5 else metadata.get(_MD5),
        version=answer.version_id or answer.snapshot,
        storage_class=None
        if answer.blob_tier is None
        else str(getattr(answer.blob_tier, "value", answer.blob_tier)),
        # Azure encrypts every blob at rest with AES-256; a scope or a customer's key says more.
        encryption=answer.encryption_scope or ("AES256" if answer.server_encrypted else None),
        lease_state=None if answer.lease is None else answer.lease.state,
        copy_status=None if answer.copy is None else answer.copy.status,
        metadata=metadata,
    )
