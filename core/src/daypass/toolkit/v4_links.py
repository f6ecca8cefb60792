"""What a V4 query or form says of itself, whatever the provider: the words differ, the rules do not.

AWS: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html; Google:
https://docs.cloud.google.com/storage/docs/authentication/signatures.
"""

from __future__ import annotations

import re
from binascii import hexlify
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, unquote_to_bytes

from daypass.base.times import exactly, in_utc
from daypass.base.urls import encode
from daypass.hookspecs.findings import Finding
from daypass.hookspecs.found import FoundURL, decoded
from daypass.toolkit.v4 import (
    Dialect,
    HmacKey,
    canonical_query,
    canonical_request,
    signing_key,
)

if TYPE_CHECKING:
    from daypass.hookspecs.verifications import SentRequest

__all__ = [
    "COST",
    "LONGEST",
    "V4Link",
    "hashed",
    "hmac_by",
    "read_v4",
    "text_of",
    "unsigned_headers",
    "v4_moment",
]

#: The longest lifetime in seconds, of AWS and Google alike: a week.
LONGEST = 604_800
#: What `RequestCheck.cost` is where the request is hashed before it is signed.
COST = 300
#: ID, date, region, service, terminator.
_SCOPE_PARTS = 5
#: Algorithm, timestamp and scope come before the request's hash.
_LINES_BEFORE = 3
#: RFC 9110 section 5.6.2, in lower case.
_HEADER = re.compile(r"[a-z0-9!#$%&'*+.^_`|~/-]+")
#: What stays as it is when it is decoded and encoded again; to ask is cheaper than to do so.
_is_bare = re.compile(r"[A-Za-z0-9_.~-]*", re.ASCII).fullmatch
#: A request may be signed by a clock that is this much ahead.
_SKEW = timedelta(minutes=15)


class V4Link(NamedTuple):
    """The signature's own parameters, taken apart; None for what is missing or malformed."""

    algorithm: str
    credential_id: str | None
    date: str
    region: str
    service: str
    signed_at: datetime | None
    expires_at: datetime | None
    #: All names in ``SignedHeaders``, ``host`` among them.
    signed_headers: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def headers(self) -> tuple[str, ...]:
        """The signed headers that the sender must give."""
        return tuple(name for name in self.signed_headers if name != "host")

    def as_fields(self) -> dict[str, Any]:
        """Return what an `Explanation` takes over as it is."""
        return {
            "credential_id": self.credential_id,
            "signed_at": self.signed_at,
            "expires_at": self.expires_at,
            "headers": self.headers,
        }


def read_v4(found: FoundURL, dialect: Dialect) -> V4Link:
    """Take the parameters of a V4 signature apart.

    Args:
        found: the URL.
        dialect: the provider's words.

    """
    findings: list[Finding] = []
    parameter, terminator = dialect.parameter, dialect.terminator

    def wrong(code: str, message: str) -> None:
        findings.append(Finding("error", code, message))

    names = ("Algorithm", "Credential", "Date", "Expires", "SignedHeaders", "Signature")
    values = {name: found.get(parameter + name) or "" for name in names}
    if missing := [parameter + name for name in names if not values[name]]:
        wrong("incomplete", f"the signature is not complete: {', '.join(missing)} missing or empty")
    scope = values["Credential"].rsplit("/", _SCOPE_PARTS - 1)
    if len(scope) != _SCOPE_PARTS or scope[-1] != terminator:
        if values["Credential"]:
            wrong(
                "bad-credential",
                f"{parameter}Credential is not ID/date/region/service/{terminator}",
            )
        scope = [scope[0], "", "", "", terminator]
    signed_at = _signed_at(values["Date"], scope[1], parameter, found.now, wrong)
    lifetime = _lifetime(values["Expires"], parameter, wrong)
    return V4Link(
        algorithm=values["Algorithm"],
        credential_id=scope[0] or None,
        date=scope[1],
        region=scope[2],
        service=scope[3],
        signed_at=signed_at,
        expires_at=_end(signed_at, lifetime),
        signed_headers=_signed_headers(values["SignedHeaders"], parameter, wrong),
        findings=tuple(findings),
    )


def _signed_at(
    text: str, day: str, parameter: str, now: datetime, wrong: Callable[[str, str], None]
) -> datetime | None:
    if not text:
        return None
    signed_at = v4_moment(text)
    if signed_at is None:
        wrong("bad-date", f"{parameter}Date is no moment of the form 20260131T093000Z")
        return None
    if day and text[:8] != day:
        wrong(
            "date-mismatch",
            f"{parameter}Date is another day than the one in {parameter}Credential: one of them was changed",
        )
    if signed_at - now > _SKEW:
        wrong(
            "not-yet-valid",
            f"it was signed by a clock that is ahead, at {in_utc(signed_at)}: check the "
            "clock of the machine that signed, and this one's",
        )
    return signed_at


def _lifetime(text: str, parameter: str, wrong: Callable[[str, str], None]) -> int | None:
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,10}", text) or int(text) < 1:
        wrong(
            "bad-expires", f"{parameter}Expires is no whole number of seconds from 1 to {LONGEST}"
        )
        return None
    if int(text) > LONGEST:
        wrong(
            "over-limit",
            f"{parameter}Expires asks for more than the {exactly(LONGEST)} that the provider allows: "
            "the link never works",
        )
    return int(text)


def _end(signed_at: datetime | None, lifetime: int | None) -> datetime | None:
    if signed_at is None or lifetime is None:
        return None
    try:
        return signed_at + timedelta(seconds=lifetime)
    except OverflowError:
        return None


def v4_moment(text: str) -> datetime | None:
    """Read ``YYYYMMDDTHHMMSSZ``; None for anything else."""
    if not re.fullmatch(r"[0-9]{8}T(?:[01][0-9]|2[0-3])[0-9]{4}Z", text):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _signed_headers(
    text: str, parameter: str, wrong: Callable[[str, str], None]
) -> tuple[str, ...]:
    names = tuple(text.split(";")) if text else ()
    if not all(map(_HEADER.fullmatch, names)):
        wrong(
            "bad-headers",
            f"{parameter}SignedHeaders is no list of lower-case header names joined by semicolons",
        )
        return tuple(name for name in names if _HEADER.fullmatch(name))
    if names and "host" not in names:
        wrong("host-unsigned", f"{parameter}SignedHeaders lacks host: every store refuses that")
    if list(names) != sorted(names):
        wrong("bad-headers", f"{parameter}SignedHeaders is not in alphabetical order")
    return names


def text_of(sent: SentRequest, dialect: Dialect, payload: str = "UNSIGNED-PAYLOAD") -> bytes:
    """Return the string to sign of a request, as the store that receives it would build it; the request not hashed yet.

    Args:
        sent: the request.
        dialect: the provider's words.
        payload: the hash of the body, or the word in its place.

    """
    return "\n".join((dialect.algorithm, *_signed(sent, dialect, payload))).encode()


def hashed(text: bytes) -> bytes:
    """Return the string to sign: what `text_of` returns, with the hash of the request in its place."""
    request = text.split(b"\n", _LINES_BEFORE)[-1]
    return text[: len(text) - len(request)] + hexlify(sha256(request).digest())


def _signed(sent: SentRequest, dialect: Dialect, payload: str) -> tuple[str, str, str]:
    """Return timestamp, scope and canonical request."""
    parameter = dialect.parameter
    signature = f"{parameter}Signature"
    pairs = [
        (_recoded(name), _recoded(value))
        for name, value in sent.query
        if decoded(name) != signature
    ]
    scope = (sent.get(f"{parameter}Credential") or "").rsplit("/", _SCOPE_PARTS - 1)
    headers = [
        (name, sent.host if name == "host" else sent.headers.get(name, ""))
        for name in (sent.get(f"{parameter}SignedHeaders") or "").split(";")
    ]
    request = canonical_request(
        sent.method, encode_path(sent.path), canonical_query(pairs), headers, payload
    )
    return sent.get(f"{parameter}Date") or "", "/".join(scope[1:]), request


def hmac_by(dialect: Dialect, secret: str) -> Callable[[bytes], str]:
    """Return what makes the signature of a `text_of`; an empty one where its credential is none.

    Args:
        dialect: the provider's words, of HMAC.
        secret: the secret key.

    """

    @lru_cache(maxsize=64)
    def key_of(scope: bytes) -> HmacKey | None:
        parts = scope.decode(errors="replace").split("/")
        return None if len(parts) != _SCOPE_PARTS - 1 else signing_key(dialect, secret, *parts[:3])

    def right(text: bytes) -> str:
        to_sign = hashed(text)
        key = key_of(to_sign.split(b"\n")[_LINES_BEFORE - 1])
        return "" if key is None else key.hex(to_sign)

    return right


def unsigned_headers(sent: SentRequest, dialect: Dialect, *prefixes: str) -> list[str]:
    """Return the headers of a request that begin with one of the prefixes and are not signed."""
    signed = frozenset((sent.get(f"{dialect.parameter}SignedHeaders") or "").split(";"))
    return [
        name for name in sorted(sent.headers) if name.startswith(prefixes) and name not in signed
    ]


def _recoded(text: str) -> str:
    return text if _is_bare(text) else _encoded(text)


@lru_cache(maxsize=256)
def _encoded(text: str) -> str:
    return encode(decoded(text))


@lru_cache(maxsize=256)
def encode_path(path: str) -> str:
    """Encode a path as the store reads it: decoded once, and encoded by RFC 3986."""
    return quote(unquote_to_bytes(path), safe="/~")
