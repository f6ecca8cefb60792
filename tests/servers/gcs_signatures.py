"""V4 signatures in queries, as Cloud Storage verifies them.

It shares no code with daypass, and `verify` is proven on Google's published vectors (tests/plugins/gcs/test_front.py) before it judges anything.

Rules: https://docs.cloud.google.com/storage/docs/authentication/signatures.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import quote, unquote

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

from tests.servers.gcs_refusals import RefusedError

LONGEST = 604_800
#: How far ahead of the server a signer's clock may run.
SKEW = timedelta(minutes=15)
_PARAMETERS = ("Algorithm", "Credential", "Date", "Expires", "SignedHeaders", "Signature")

#: Tells whether a signature in hex is the one of a message, signed on a date (YYYYMMDD).
Verifier = Callable[[bytes, str, str], bool]


def hmac_verifier(secret: str) -> Verifier:
    """Verify GOOG4-HMAC-SHA256 with an HMAC key's secret."""

    def check(message: bytes, signature: str, date: str) -> bool:
        key = b"GOOG4" + secret.encode()
        for part in (date, "auto", "storage", "goog4_request"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        return hmac.compare_digest(hmac.new(key, message, hashlib.sha256).hexdigest(), signature)

    return check


@cache
def rsa_verifier(private_key: str) -> Verifier:
    """Verify GOOG4-RSA-SHA256 with the public half of a private key in PEM, read once."""
    public: Any = serialization.load_pem_private_key(private_key.encode(), None).public_key()

    def check(message: bytes, signature: str, date: str) -> bool:
        try:
            public.verify(bytes.fromhex(signature), message, padding.PKCS1v15(), hashes.SHA256())
        except (InvalidSignature, ValueError):
            return False
        return True

    return check


def pairs_of(query: str) -> list[tuple[str, str]]:
    """Return names and values of a query, decoded."""
    found = [pair.partition("=")[::2] for pair in query.split("&") if pair]
    return [(unquote(name), unquote(value)) for name, value in found]


def verify(
    method: str,
    target: str,
    headers: Mapping[str, str],
    *,
    keys: Mapping[tuple[str, str], Verifier],
    now: datetime,
) -> None:
    """Raise `RefusedError` unless a request carries a good signature in its query.

    Args:
        method: the HTTP method.
        target: path and query, as they arrived.
        headers: names in lower case.
        keys: verifiers by algorithm and access ID or e-mail.
        now: the server's clock.

    """
    path, _, query = target.partition("?")
    pairs = pairs_of(query)
    found = dict(pairs)
    if len(found) != len(pairs):
        raise RefusedError(400, "InvalidQueryParameterValue")
    missing = [name for name in _PARAMETERS if f"X-Goog-{name}" not in found]
    if missing:
        raise RefusedError(403, "AccessDenied")
    algorithm, credential, date, expires, signed, signature = (
        found[f"X-Goog-{name}"] for name in _PARAMETERS
    )
    name, _, scope = credential.partition("/")
    if scope != f"{date[:8]}/auto/storage/goog4_request":
        raise RefusedError(400, "AuthenticationRequired")
    _check_time(date, expires, now)
    names = signed.split(";")
    _check_headers(names, headers)
    canonical = "\n".join(
        [
            method,
            quote(unquote(path), safe="/~"),
            "&".join(
                sorted(
                    f"{quote(key, safe='~')}={quote(value, safe='~')}"
                    for key, value in pairs
                    if key != "X-Goog-Signature"
                )
            ),
            *(f"{key}:{' '.join(headers[key].split())}" for key in names),
            "",
            signed,
            headers.get("x-goog-content-sha256", "UNSIGNED-PAYLOAD"),
        ]
    )
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    message = f"{algorithm}\n{date}\n{scope}\n{digest}".encode()
    check = keys.get((algorithm, name))
    if check is None:
        raise RefusedError(403, "InvalidSecurity")
    if not check(message, signature, date[:8]):
        raise RefusedError(403, "SignatureDoesNotMatch")


def _check_time(date: str, expires: str, now: datetime) -> None:
    if not re.fullmatch(r"\d{8}T\d{6}Z", date) or not re.fullmatch(r"\d{1,7}", expires):
        raise RefusedError(400, "InvalidArgument")
    begin = datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    if not 0 < int(expires) <= LONGEST:
        raise RefusedError(400, "InvalidArgument")
    if now + SKEW < begin:
        raise RefusedError(403, "RequestNotYetValid")
    if now >= begin + timedelta(seconds=int(expires)):
        raise RefusedError(400, "ExpiredToken")


def _check_headers(names: list[str], headers: Mapping[str, str]) -> None:
    if names != sorted(set(names)) or "host" not in names or not set(names) <= set(headers):
        raise RefusedError(403, "SignatureDoesNotMatch")
    extra = {name for name in headers if name.startswith(("x-goog-", "x-amz-"))} - set(names)
    if extra:
        raise RefusedError(400, "ExcessHeaderValues")
