"""The SDK's word on one kind of signature: what a template has to equal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from azure.storage.blob import generate_blob_sas
from azure.storage.blob._shared_access_signature import BlobSharedAccessSignature

from daypass_azure.keys import Key
from daypass_azure.shape import HEADER, Outline

#: The SDK's arguments by the names that fields have in a link.
_ARGUMENTS = {
    "st": "start",
    "se": "expiry",
    "sip": "ip",
    "ses": "encryption_scope",
    "rscc": "cache_control",
    "rscd": "content_disposition",
    "rsce": "content_encoding",
    "rscl": "content_language",
    "rsct": "content_type",
    "snapshot": "snapshot",
    "versionid": "version_id",
}


def consult_sdk(
    account: str,
    container: str,
    name: str,
    *,
    key: Key,
    outline: Outline,
    values: Mapping[str, str],
    version: str | None,
) -> tuple[str, str]:
    """Return the string that the SDK signs, and the token that it makes of it.

    Args:
        account: the real account name.
        container: the container's name.
        name: the blob's or the directory's name.
        key: what to sign with.
        outline: the kind of signature.
        values: the varying fields' values.
        version: the service version; None for the SDK's own.

    """
    said: list[str] = []
    wanted: dict[str, Any] = {
        _ARGUMENTS[field]: value for field, value in values.items() if field in _ARGUMENTS
    }
    headers = {
        field.removeprefix(HEADER): value
        for field, value in values.items()
        if field.startswith(HEADER)
    }
    if headers:
        wanted["request_headers"] = headers
    wanted["permission"] = outline.permission or None
    wanted["protocol"] = outline.protocol
    wanted["policy_id"] = outline.policy
    wanted["sts_hook"] = said.append
    if version is None and outline.scope == "b":
        token = generate_blob_sas(account, container, name, **key.argument, **wanted)
    else:
        # generate_blob_sas and generate_container_sas are this and a few checks, but take no version.
        factory = BlobSharedAccessSignature(account, **key.argument)
        factory.x_ms_version = version or factory.x_ms_version
        if outline.scope == "c":
            token = factory.generate_container(container, **wanted)
        elif outline.scope == "d":
            token = factory.generate_blob(
                container, name, is_directory=True, sdd=values["sdd"], **wanted
            )
        else:
            token = factory.generate_blob(container, name, **wanted)
    return said[0], token
