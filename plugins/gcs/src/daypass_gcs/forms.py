"""Upload forms of Cloud Storage: POST policy V4, byte for byte as Google's SDK writes it.

Rules: https://docs.cloud.google.com/storage/docs/authentication/signatures#policy-document; fields:
https://docs.cloud.google.com/storage/docs/xml-api/post-object-forms.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from daypass.base.times import timestamp
from daypass.errors import UnsupportedOptionError
from daypass.model.forms import FILENAME, FormRequest, UploadForm
from daypass.model.locations import Location
from daypass.toolkit.deadlines import Deadline
from daypass.toolkit.post_policy import conditions_of, encode_policy, fields_of, starts_with_of
from daypass.toolkit.v4 import signing_key
from daypass_gcs.places import check_name

if TYPE_CHECKING:
    from daypass_gcs.signer import Signer

#: Headers of a PUT that a form can send as fields.
_FIELDS = frozenset(
    {
        "cache-control",
        "content-disposition",
        "content-encoding",
        "expires",
        "x-goog-custom-time",
    }
)


def make_form(signer: Signer, location: Location, request: FormRequest) -> UploadForm:
    """Make one upload form; ``request`` is resolved."""
    if signer.always_pays:
        msg = "a form cannot state who pays, as this filesystem's requester_pays asks: sign a PUT"
        raise _unsupported(msg, "requester_pays")
    check_name(location.key)
    start: datetime = request.signing_time  # type: ignore[assignment] # resolved
    end, because = signer.end_of(start, request.expires_at)  # type: ignore[arg-type]
    signer.check_lifetime(request.expires_in)  # type: ignore[arg-type]
    fields = _fields(request)
    starts = starts_with_of(request, location.key)
    key: Any = {"key": location.key}
    if location.key.endswith(FILENAME):
        key = ["starts-with", "$key", starts["key"]]
    date = timestamp(start)
    own = {
        "x-goog-date": date,
        "x-goog-credential": f"{signer.key.name}/{date[:8]}/auto/storage/goog4_request",
        "x-goog-algorithm": signer.key.dialect.algorithm,
    }
    conditions = [
        *conditions_of(request),
        *({name: value} for name, value in fields.items()),
        {"bucket": location.bucket},
        key,
        *({name: value} for name, value in own.items()),
    ]
    policy = encode_policy(
        {"conditions": conditions, "expiration": f"{end:%Y-%m-%dT%H:%M:%SZ}"}, separators=(",", ":")
    )
    secret = signer.key.secret(Deadline.after(location.deadline))
    if isinstance(secret, str):
        secret = signing_key(signer.key.dialect, secret, date[:8], "auto", "storage")
    signed = {
        **fields,
        "key": location.key,
        **dict(reversed(own.items())),
        "x-goog-signature": secret.hex(policy.encode()),
        "policy": policy,
    }
    url = signer.place.origin + signer.place.prefix
    return UploadForm(url, signed, starts, end, because, frozenset(), location.path, "gcs")


def _fields(request: FormRequest) -> dict[str, str]:
    """Return the fields that the request asks for, in the SDK's order."""
    fields = fields_of(request.without({"headers"}), prefix="x-goog-")
    for header, value in (request.headers or {}).items():
        if header.lower() not in _FIELDS:
            msg = f"an upload form of Cloud Storage cannot carry {header}: sign a PUT instead"
            raise _unsupported(msg, "headers")
        fields[header] = value
    return dict(sorted(fields.items()))


def _unsupported(msg: str, option: str) -> UnsupportedOptionError:
    return UnsupportedOptionError(
        msg, option=option, backend="gcs", alternatives=["create_signed_url"]
    )
