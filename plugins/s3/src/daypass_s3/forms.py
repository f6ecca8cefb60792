"""Upload forms of S3: POST policy V4, proven once against the SDK's own.

Rules: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html; fields:
https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html.
"""

from __future__ import annotations

import hmac
import json
from base64 import b64decode
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import attrs

from daypass.canonical import AWS4, SENTINEL, signing_key, timestamp
from daypass.errors import InvalidRequestError, SigningNotSupportedError, UnsupportedOptionError
from daypass.locations import Location
from daypass.uploads.formrequests import FILENAME, FormRequest
from daypass.uploads.forms import UploadForm
from daypass.uploads.postpolicy import conditions_of, encode_policy, fields_of, starts_with_of
from daypass_s3.shape import PLAIN

if TYPE_CHECKING:
    from daypass_s3.credentials import Keys
    from daypass_s3.oracle import Oracle
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


@attrs.frozen
class FormPlace:
    """Where the forms of a bucket go, as the SDK says it."""

    url: str
    region: str
    #: Fields that the filesystem's own settings add, such as encryption.
    fixed: dict[str, str] = attrs.field(repr=False)


def learn_place(oracle: Oracle, bucket: str) -> FormPlace:
    """Ask the SDK for one form, and prove that its signature can be recomputed.

    Raises:
        SigningNotSupportedError: if it cannot.
        InvalidRequestError: if the SDK names the global host for a bucket of another region.

    """
    link = oracle.sign(bucket, "k", "PUT", PLAIN, 60)
    asked = {"acl": "private", "x-amz-meta-a": SENTINEL}
    conditions = [*({name: value} for name, value in asked.items()), ["content-length-range", 0, 1]]
    url, fields = oracle.sign_form(bucket, SENTINEL, asked, conditions)
    _, _, region, service, _ = fields["x-amz-credential"].rsplit("/", 4)
    again = _signed(
        {**asked, "key": SENTINEL},
        [*conditions, {"bucket": bucket}, {"key": SENTINEL}],
        oracle.keys,
        region,
        date=fields["x-amz-date"],
        expiration=json.loads(b64decode(fields["policy"]))["expiration"],
    )
    if service != "s3" or again.keys() != fields.keys() or not _same(again, fields):
        msg = "the SDK's upload form for this bucket could not be recomputed, so none is made: sign a PUT instead"
        raise SigningNotSupportedError(msg)
    host = urlsplit(url).netloc
    if region != "us-east-1" and f".{host}".endswith(".s3.amazonaws.com"):
        # The global host redirects to the region's, and no browser sends a form again.
        msg = (
            f"with these settings the AWS SDK sends forms for {region} to the global host: set "
            "config_kwargs s3 addressing_style to 'virtual', or name the endpoint"
        )
        raise InvalidRequestError(msg, option="config_kwargs")
    fixed = {
        name: value for name, value in link.headers.items() if name.lower() not in ("host", "date")
    }
    return FormPlace(url, region, fixed)


def _same(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    return all(
        hmac.compare_digest(value.encode(), other[name].encode()) for name, value in one.items()
    )


def make_form(signer: Signer, location: Location, request: FormRequest) -> UploadForm:
    """Make one upload form; ``request`` is resolved."""
    _check_store(signer, location)
    start: datetime = request.signing_time  # type: ignore[assignment] # resolved
    keys, end, because = signer.keys_until(start, request.expires_at)  # type: ignore[arg-type]
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
    signed = _signed(
        {**fields, "key": location.key},
        conditions,
        keys,
        place.region,
        date=timestamp(start),
        expiration=f"{end:%Y-%m-%dT%H:%M:%SZ}",
    )
    return UploadForm(place.url, signed, starts, end, because, frozenset(), location.path, "s3")


def _signed(
    fields: Mapping[str, str],
    conditions: list[Any],
    keys: Keys,
    region: str,
    *,
    date: str,
    expiration: str,
) -> dict[str, str]:
    """Return the fields with a policy and its signature, in the SDK's order."""
    own = {
        "x-amz-algorithm": AWS4.algorithm,
        "x-amz-credential": f"{keys.access_key}/{date[:8]}/{region}/s3/{AWS4.terminator}",
        "x-amz-date": date,
    }
    if keys.token is not None:
        own["x-amz-security-token"] = keys.token
    conditions = [*conditions, *({name: value} for name, value in own.items())]
    policy = encode_policy({"expiration": expiration, "conditions": conditions})
    key = signing_key(AWS4, keys.secret, date[:8], region, "s3")
    return {**fields, **own, "policy": policy, "x-amz-signature": key.hex(policy.encode())}


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
    for source in (request.headers or {}, fixed):
        for header, value in source.items():
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
