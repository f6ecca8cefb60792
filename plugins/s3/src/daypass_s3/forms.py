"""Upload forms of S3: POST policy V4.

Rules: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html; fields:
https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from daypass.base.times import timestamp
from daypass.errors import UnsupportedOptionError
from daypass.model.forms import FILENAME, FormRequest, UploadForm
from daypass.model.locations import Location
from daypass.toolkit.post_policy import conditions_of, fields_of, starts_with_of
from daypass_s3.form_places import signed
from daypass_s3.shape import SSE, check_sse, sse_headers

if TYPE_CHECKING:
    from daypass_s3.signer import Signer

#: Headers of a PUT that a form sends as fields, and the fields' names.
_FIELDS = {
    name.lower(): name
    for name in (
        "Cache-Control",
        "Content-Disposition",
        "Content-Encoding",
        "Expires",
        "x-amz-server-side-encryption",
        "x-amz-server-side-encryption-aws-kms-key-id",
        "x-amz-server-side-encryption-bucket-key-enabled",
        "x-amz-server-side-encryption-context",
        "x-amz-server-side-encryption-customer-algorithm",
        "x-amz-server-side-encryption-customer-key",
        "x-amz-server-side-encryption-customer-key-MD5",
        "x-amz-storage-class",
        "x-amz-website-redirect-location",
    )
}


def make_form(signer: Signer, location: Location, request: FormRequest) -> UploadForm:
    """Make one upload form; ``request`` is resolved."""
    _check_store(signer, location)
    start: datetime = request.signing_time  # type: ignore[assignment] # resolved
    keys, end, because = signer.keys_of_form(location, request)
    place = signer.form_place(location, keys)
    fields = _fields(request, place.fixed)
    starts = starts_with_of(request, location.key)
    key: Any = {"key": location.key}
    if location.key.endswith(FILENAME):
        key = ["starts-with", "$key", starts["key"]]
    conditions = [
        *({name: value} for name, value in fields.items()),
        *conditions_of(request),
        {"bucket": location.bucket},
        key,
    ]
    form = signed(
        {**fields, "key": location.key},
        conditions,
        keys,
        place.region,
        date=timestamp(start),
        expiration=f"{end:%Y-%m-%dT%H:%M:%SZ}",
    )
    return UploadForm(place.url, form, starts, end, because, frozenset(), location.path, "s3")


def _check_store(signer: Signer, location: Location) -> None:
    """Raise where no form would be accepted, or none that enforces its conditions."""
    if signer.is_v2:
        msg = "signature_version='s3' has no upload forms here: the SDK drops their conditions, so use 's3v4'"
        raise _unsupported(msg, "signature_version", "s3v4")
    if location.bucket.startswith("arn:"):
        msg = "an access point takes no upload forms, whose policy names the bucket: sign for the bucket itself"
        raise _unsupported(msg, "form", "create_signed_url")
    if signer.requester_pays:
        msg = "a form cannot state that the requester pays, as this filesystem's requester_pays asks: sign a PUT"
        raise _unsupported(msg, "requester_pays", "create_signed_url")


def _fields(request: FormRequest, fixed: Mapping[str, str]) -> dict[str, str]:
    """Return the fields that the request and the filesystem's settings ask for."""
    fields = fields_of(request.without({"headers"}), prefix="x-amz-")
    if request.checksum_sha256 is not None:
        fields["x-amz-checksum-algorithm"] = "SHA256"
        fields["x-amz-checksum-sha256"] = request.checksum_sha256
    if request.storage_class is not None:
        fields["x-amz-storage-class"] = request.storage_class
    if request.tags is not None:
        tags = "".join(
            f"<Tag><Key>{n}</Key><Value>{v}</Value></Tag>" for n, v in request.tags.items()
        )
        fields["tagging"] = f"<Tagging><TagSet>{tags}</TagSet></Tagging>"  # no tag holds < or &
    check_sse(request)
    fields |= (own := sse_headers(request))
    for source in (request.headers or {}, fixed):
        for header, value in source.items():
            if own and header.lower().startswith(
                SSE
            ):  # of the settings, which would say another key
                continue
            name = _FIELDS.get(header.lower())
            if source is fixed and header.lower() == "x-amz-acl":
                name = "acl"
            if name is None:
                msg = f"an upload form of S3 cannot carry {header}: sign a PUT instead"
                raise _unsupported(msg, "headers", "create_signed_url")
            fields.setdefault(name, value)  # what the caller asks outranks the settings
    return fields


def _unsupported(msg: str, option: str, alternative: str) -> UnsupportedOptionError:
    return UnsupportedOptionError(msg, option=option, backend="s3", alternatives=[alternative])
