"""What a request asks of S3, as headers to send and query parameters to sign."""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Mapping
from email.utils import format_datetime
from typing import TYPE_CHECKING

from daypass.base.urls import encode, encode_key
from daypass.model.headers import said_by_option
from daypass.model.paths import parse_path
from daypass.model.requests import SignRequest
from daypass.toolkit.engine import Shape
from daypass_s3.sdk import check_bucket

if TYPE_CHECKING:
    from daypass.model.forms import AnyRequest

PLAIN = Shape()
#: What the headers of encryption by the store begin with.
SSE = "x-amz-server-side-encryption"


def shape_of(request: SignRequest, version: str | None, *, requester_pays: bool) -> Shape:
    """Translate a request into S3's words.

    Headers: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html;
    overrides: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html.
    """
    if not request.conditions and version is None and not requester_pays:
        return PLAIN
    return Shape(_headers(request, requester_pays=requester_pays), _query(request, version))


def _headers(request: SignRequest, *, requester_pays: bool) -> dict[str, str]:
    headers = {
        "Content-Type": request.content_type,
        "Content-MD5": request.content_md5,
        "Content-Length": None if request.content_length is None else str(request.content_length),
        "If-None-Match": "*" if request.if_absent else None,
        "x-amz-checksum-sha256": request.checksum_sha256,
        "x-amz-acl": request.acl,
        "x-amz-storage-class": request.storage_class,
        "x-amz-tagging": None if request.tags is None else _tagging(request.tags),
        "x-amz-copy-source": None if request.copy_source is None else _source(request.copy_source),
        **sse_headers(request),
        "x-amz-request-payer": "requester" if request.requester_pays or requester_pays else None,
        **{f"x-amz-meta-{name}": value for name, value in request.object_metadata.items()},
    }
    found = {name: value for name, value in headers.items() if value is not None}
    check_sse(request)
    return {**found, **(request.headers or {})}


def check_sse(request: AnyRequest) -> None:
    """Raise where a header says by which key the object is encrypted, and an option does: it is said in one place.

    Raises:
        InvalidRequestError: naming the header and the option.

    """
    if request.kms_key is None and request.encryption_key is None:
        return
    for name in request.headers or {}:
        if name.lower().startswith(SSE):
            raise said_by_option(name, "encryption_key" if request.encryption_key else "kms_key")


def sse_headers(request: AnyRequest) -> dict[str, str]:
    """Say by which key the object is encrypted.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerSideEncryptionCustomerKeys.html,
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/specifying-kms-encryption.html
    """
    headers: dict[str, str] = {}
    if request.kms_key is not None:
        headers |= {SSE: "aws:kms", f"{SSE}-aws-kms-key-id": request.kms_key}
    if request.encryption_key is not None:
        key = b64decode(request.encryption_key)
        md5 = hashlib.md5(key, usedforsecurity=False).digest()
        headers |= {
            f"{SSE}-customer-algorithm": "AES256",
            f"{SSE}-customer-key": b64encode(key).decode(),
            f"{SSE}-customer-key-MD5": b64encode(md5).decode(),
        }
    return headers


def _source(path: str) -> str:
    """Write the path of an object as a copy names it: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html."""
    source = parse_path(path)
    check_bucket(source.bucket)
    between = "/object/" if source.bucket.startswith("arn:") else "/"
    return encode_key(f"{source.bucket}{between}{source.key}")


def _tagging(tags: Mapping[str, str]) -> str:
    """Write tags as the query of a URL."""
    return "&".join(f"{encode(name)}={encode(value)}" for name, value in tags.items())


def _query(request: SignRequest, version: str | None) -> dict[str, str]:
    expires = request.response_expires
    query = {
        "response-content-type": request.response_content_type,
        "response-content-encoding": request.response_content_encoding,
        "response-content-language": request.response_content_language,
        "response-cache-control": request.response_cache_control,
        "response-content-disposition": request.disposition,
        "response-expires": None if expires is None else format_datetime(expires, usegmt=True),
        "versionId": version,
        # https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
        "delimiter": request.delimiter,
        "max-keys": None if request.max_keys is None else str(request.max_keys),
        "continuation-token": request.continuation_token,
    }
    return {
        **{n: value for n, value in query.items() if value is not None},
        **(request.query or {}),
    }
