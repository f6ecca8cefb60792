"""What a request asks of Cloud Storage, as headers to send and query parameters to sign.

Headers and parameters: https://docs.cloud.google.com/storage/docs/xml-api/reference-headers.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64decode, b64encode

from daypass.base.messages import brief
from daypass.base.urls import encode_key
from daypass.errors import InvalidRequestError
from daypass.model.paths import parse_path
from daypass.model.requests import SignRequest
from daypass.toolkit.engine import NOTHING, Shape, Unenforced
from daypass_gcs.places import check_bucket

#: Options of the bytes themselves.
_OF_BODIES = frozenset({"content_md5", "content_length", "max_bytes"})
_GENERATION = re.compile(r"[1-9][0-9]{0,18}")


PLAIN = Shape()


def shape_of(request: SignRequest, version: str | None, paying_project: str | None) -> Shape:
    """Translate a request into the words of the XML API.

    Args:
        request: what the link shall permit.
        version: the object's generation, where one is named.
        paying_project: whom the request is billed to, where that is not the bucket's owner.

    Raises:
        InvalidRequestError: for a version that is no generation, or headers that contradict options.

    """
    if not request.conditions and version is None and paying_project is None:
        return PLAIN
    shape = Shape(_headers(request))
    _add_further(shape.headers, request.headers or {})
    query = shape.query
    if request.response_content_type is not None:
        query["response-content-type"] = request.response_content_type
    if (disposition := request.disposition) is not None:
        query["response-content-disposition"] = disposition
    query.update(_paging(request))
    if version is not None:
        query["generation"] = check_generation(version)
    if paying_project is not None:
        query["userProject"] = paying_project
    if request.query is not None:
        query.update(request.query)
        _check_order(query)
    return shape


def _paging(request: SignRequest) -> dict[str, str]:
    """Return what shapes a listing: its second version alone has tokens.

    https://docs.cloud.google.com/storage/docs/xml-api/get-bucket-list
    """
    query = {
        "delimiter": request.delimiter,
        "max-keys": None if request.max_keys is None else str(request.max_keys),
        "continuation-token": request.continuation_token,
    }
    found = {name: value for name, value in query.items() if value is not None}
    return {"list-type": "2", **found} if found else found


def _check_order(query: dict[str, str]) -> None:
    """Raise for parameters that Google's own texts put into different orders.

    The canonical request has them sorted by name
    (https://docs.cloud.google.com/storage/docs/authentication/canonical-requests#about-query), and the SDK
    sorts them with ``=`` and value: ``x-0=`` comes behind ``x-00=``. Which of the two the service does is not known.
    """
    names = sorted([*query, "X-Goog-Algorithm"])
    for first, second in zip(names, sorted(names, key=lambda name: f"{name}="), strict=True):
        if first != second:
            msg = f"query: {brief(first)} and {brief(second)} cannot stand together, since one is the other's beginning, and Google's documentation and SDK sort such parameters differently: name one otherwise"
            raise InvalidRequestError(msg, option="query")


def _headers(request: SignRequest) -> dict[str, str]:
    headers: dict[str, str] = {}
    if request.content_type is not None:
        headers["Content-Type"] = request.content_type
    headers |= {"x-goog-resumable": "start"} if request.resumable else _of_body(request)
    if request.if_absent:
        headers["x-goog-if-generation-match"] = "0"
    if request.acl is not None:
        headers["x-goog-acl"] = request.acl
    if request.storage_class is not None:
        headers["x-goog-storage-class"] = request.storage_class
    if request.copy_source is not None:
        headers["x-goog-copy-source"] = _source(request.copy_source)
    headers |= _encryption(request)
    for name, value in request.object_metadata.items():
        headers[f"x-goog-meta-{name}"] = value
    return headers


def _of_body(request: SignRequest) -> dict[str, str]:
    """Say what the body of this very request is held to."""
    headers: dict[str, str] = {}
    if request.content_md5 is not None:
        headers["Content-MD5"] = request.content_md5
    # The range holds for chunked uploads too, which a signed Content-Length would forbid.
    if request.content_length is not None:
        headers["x-goog-content-length-range"] = (
            f"{request.content_length},{request.content_length}"
        )
    elif request.max_bytes is not None:
        headers["x-goog-content-length-range"] = f"0,{request.max_bytes}"
    return headers


def unenforced_of(request: SignRequest) -> frozenset[str]:
    """Return what a session is not held to, as far as the caller goes without.

    What is signed is the start, whose body is empty: an MD5 would be that of no byte, and of a range its reference says
    nothing (https://docs.cloud.google.com/storage/docs/xml-api/post-object-resumable).

    Raises:
        UnsupportedOptionError: naming the option, unless the request says ``strict=False``.

    """
    if not request.resumable:
        return NOTHING
    loose = Unenforced("gcs", request)
    for name in sorted(request.conditions & _OF_BODIES):
        why = "a resumable upload brings its bytes to a session, whose requests no link signs"
        loose.refuse_or_waive(name, why)
    return loose.names


def _encryption(request: SignRequest) -> dict[str, str]:
    headers = own_key(request)
    if request.kms_key is not None:
        headers["x-goog-encryption-kms-key-name"] = request.kms_key
    return headers


def own_key(request: SignRequest) -> dict[str, str]:
    """Say the customer's own key: https://docs.cloud.google.com/storage/docs/encryption/using-customer-supplied-keys."""
    if request.encryption_key is None:
        return {}
    key = b64decode(request.encryption_key)
    return {
        "x-goog-encryption-algorithm": "AES256",
        "x-goog-encryption-key": b64encode(key).decode(),
        "x-goog-encryption-key-sha256": b64encode(hashlib.sha256(key).digest()).decode(),
    }


def _source(path: str) -> str:
    """Write the path of an object as a copy names it: https://docs.cloud.google.com/storage/docs/xml-api/put-object-copy."""
    source = parse_path(path)
    check_bucket(source.bucket)
    return f"{source.bucket}/{encode_key(source.key)}"


def _add_further(headers: dict[str, str], further: dict[str, str]) -> None:
    taken = {name.lower() for name in headers}
    for name, value in further.items():
        lower = name.lower()
        if lower in taken:
            msg = f"headers: {name} is what one of the other options signs: say it once"
            raise InvalidRequestError(msg, option="headers")
        if lower.startswith("x-amz-"):
            msg = f"headers: Cloud Storage refuses {name} beside its own signature: use the x-goog- header"
            raise InvalidRequestError(msg, option="headers")
        headers[name] = value


def check_generation(version: str) -> str:
    """Return a generation, or raise where text is none: they are 64-bit numbers."""
    if _GENERATION.fullmatch(version):
        return version
    msg = f"version of an object in Cloud Storage is its generation, a number, not {ascii(version)[:40]}"
    raise InvalidRequestError(msg, option="version")
