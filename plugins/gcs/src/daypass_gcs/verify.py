"""The signature of one very request to Cloud Storage, checked with a key that is at hand."""

from __future__ import annotations

import hmac
import json
import os
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any

import attrs
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from daypass.base.messages import partly
from daypass.hookspecs.findings import Finding
from daypass.hookspecs.found import FoundURL
from daypass.hookspecs.verifications import RequestCheck, SentRequest
from daypass.model.locations import Location
from daypass.toolkit.bodies import body_findings, sha256_hex
from daypass.toolkit.pem import load_key, signed_digest
from daypass.toolkit.sent_forms import file_findings, signed_policy
from daypass.toolkit.v4 import GOOG4_HMAC, GOOG4_RSA, signing_key
from daypass.toolkit.v4_links import (
    COST,
    encode_path,
    hashed,
    hmac_by,
    text_of,
    unsigned_headers,
)
from daypass_gcs.explain import place_of
from daypass_gcs.settings import settings_of

_KINDS = (rsa.RSAPublicKey, rsa.RSAPrivateKey)
_NO_KEY = (
    "no key is at hand, neither a service-account key (token) nor an HMAC key (hmac_access_id and hmac_secret), "
    "and one that Google keeps cannot be asked here"
)

#: What the headers of Cloud Storage usually say. The predefined ACLs:
#: https://docs.cloud.google.com/storage/docs/access-control/lists#predefined-acl
_USUAL = {
    "x-goog-acl": (
        "private", "public-read", "public-read-write", "authenticated-read", "bucket-owner-read",
        "bucket-owner-full-control", "project-private",
    ),
    "x-goog-if-generation-match": ("0",),
}  # fmt: skip
_OF_BODIES = {"x-goog-content-sha256": sha256_hex}


def verify(location: Location, sent: SentRequest) -> RequestCheck:
    """Hold a request against Cloud Storage's rules and its signature."""
    v4 = sent.get("X-Goog-Signature") is not None
    check = RequestCheck(
        findings=_findings(sent, v4=v4),
        parameter="X-Goog-Signature" if v4 else "Signature",
        hosts=("storage.googleapis.com",),
        usual=_USUAL,
    )
    by_hmac = sent.get("X-Goog-Algorithm") == GOOG4_HMAC.algorithm
    key, mine = _hmac_key(location, sent) if by_hmac else _rsa_key(location, sent)
    if key is None:
        return attrs.evolve(check, unchecked=mine or _NO_KEY)
    signer = _signer(sent, v4=v4)
    if mine is not None and mine != signer:
        why = f"it is signed by {partly(signer)}, and the key at hand is {partly(mine)}'s"
        return attrs.evolve(check, unchecked=why)
    if sent.fields is not None:
        return _of_form(check, key, sent, v4=v4)
    if isinstance(key, str):
        return attrs.evolve(
            check,
            text=lambda sent: text_of(sent, GOOG4_HMAC, _payload(sent)),
            right=hmac_by(GOOG4_HMAC, key),
            cost=COST,
        )
    digest = _digest_in(key, sent.get(check.parameter) or "", hexadecimal=v4)
    right = _right_by(key, v4=v4) if isinstance(key, rsa.RSAPrivateKey) else None
    return attrs.evolve(
        check,
        text=_text_v4 if v4 else _text_v2,
        right=right,
        cost=COST if v4 else 0,
        signs=lambda text: hmac.compare_digest(
            sha256(hashed(text) if v4 else text).digest(), digest
        ),
    )


def _findings(sent: SentRequest, *, v4: bool) -> list[Finding]:
    """Name what Cloud Storage refuses whatever is signed."""
    if sent.fields is not None:
        return file_findings(sent, place_of(_found(sent)).bucket, {})
    return [
        *body_findings(sent, _OF_BODIES),
        *_two_ways(sent),
        *(_unsigned(sent) if v4 else ()),
    ]


def _of_form(check: RequestCheck, key: Any, sent: SentRequest, *, v4: bool) -> RequestCheck:
    """Say how the policy of a form is signed."""
    if isinstance(key, str):
        _, day, region, service, *_ = (sent.get("X-Goog-Credential") or "").rsplit("/", 4) + [
            ""
        ] * 4
        secret = signing_key(GOOG4_HMAC, key, day, region, service)
        return attrs.evolve(check, text=signed_policy, right=secret.hex)
    digest = _digest_in(key, sent.get(check.parameter) or "", hexadecimal=v4)

    def right(text: bytes) -> str:
        raw = key.sign(text, padding.PKCS1v15(), hashes.SHA256())
        return raw.hex() if v4 else b64encode(raw).decode()

    return attrs.evolve(
        check,
        text=signed_policy,
        right=right if isinstance(key, rsa.RSAPrivateKey) else None,
        signs=lambda text: hmac.compare_digest(sha256(text).digest(), digest),
    )


def _two_ways(sent: SentRequest) -> list[Finding]:
    if "authorization" not in sent.headers:
        return []
    why = "you send Authorization beside a signed URL: Cloud Storage takes one of them alone, so leave the header out"
    return [Finding("error", "two-signatures", why)]


def _unsigned(sent: SentRequest) -> list[Finding]:
    return [
        Finding(
            "error",
            "header-unsigned",
            f"you send {name}, which is not signed: Cloud Storage refuses it",
        )
        for name in unsigned_headers(sent, GOOG4_HMAC, "x-goog-", "x-amz-")
    ]


def _signer(sent: SentRequest, *, v4: bool) -> str | None:
    if not v4:
        return sent.get("GoogleAccessId")
    return (sent.get("X-Goog-Credential") or "").rsplit("/", 4)[0]


def _hmac_key(location: Location, sent: SentRequest) -> tuple[str | None, str | None]:
    """Return the secret, and whose it is or why there is none."""
    if sent.key is not None:
        return sent.key, None
    return location.options.hmac_secret, location.options.hmac_access_id


def _rsa_key(location: Location, sent: SentRequest) -> tuple[Any, str | None]:
    """Return an RSA key, public or private, and whose it is or why there is none."""
    if sent.key is not None:
        key = load_key(sent.key, _KINDS)
        return key, None if key is not None else "key holds no RSA key or certificate in PEM"
    info = _service_account(location)
    if info is None:
        return None, None
    key = load_key(str(info.get("private_key")), _KINDS)
    return key, str(info.get("client_email")) if key is not None else None


def _service_account(location: Location) -> Mapping[str, Any] | None:
    """Return a service-account key that options or the environment name, asking nobody."""
    settings = settings_of(location)
    token = settings.token
    if token is None or token == "google_default":  # noqa: S105 - a name of gcsfs
        token = os.environ.get("GOOGLE_APPLICATION_CREDENTIALS")
    if isinstance(token, str):
        try:
            with open(token, encoding="utf-8") as file:  # noqa: PTH123 - as gcsfs opens it
                token = json.load(file)
        except (OSError, ValueError):
            return None
    return token if isinstance(token, Mapping) and "private_key" in token else None


def _digest_in(key: Any, signature: str, *, hexadecimal: bool) -> bytes:
    """Return the digest that a signature was made of; empty where it is no signature of the key."""
    public = key.public_key() if isinstance(key, rsa.RSAPrivateKey) else key
    try:
        raw = bytes.fromhex(signature) if hexadecimal else b64decode(signature, validate=True)
    except ValueError:
        return b""
    return signed_digest(public, raw, hashes.SHA256())


def _right_by(key: rsa.RSAPrivateKey, *, v4: bool) -> Callable[[bytes], str]:
    def right(text: bytes) -> str:
        raw = key.sign(hashed(text) if v4 else text, padding.PKCS1v15(), hashes.SHA256())
        return raw.hex() if v4 else b64encode(raw).decode()

    return right


def _payload(sent: SentRequest) -> str:
    return (
        sent.headers.get("x-goog-content-sha256")
        or sent.get("X-Goog-Content-SHA256")
        or "UNSIGNED-PAYLOAD"
    )


def _text_v4(sent: SentRequest) -> bytes:
    return text_of(sent, GOOG4_RSA, _payload(sent))


def _found(sent: SentRequest) -> FoundURL:
    """Return where a request goes, for whoever reads bucket and key."""
    return FoundURL(url="", scheme=sent.scheme, host=sent.host, path=sent.path, now=sent.now)


def _text_v2(sent: SentRequest) -> bytes:
    """Build Version 2's string to sign: the query is no part of it."""
    place = place_of(_found(sent))
    path = encode_path(sent.path)
    if place.bucket is not None and not sent.path.startswith(f"/{place.bucket}/"):
        path = f"/{place.bucket}{path}"
    extension = "".join(
        f"{name}:{sent.headers[name]}\n"
        for name in sorted(sent.headers)
        if name.startswith("x-goog-")
    )
    lines = (
        sent.method,
        sent.headers.get("content-md5", ""),
        sent.headers.get("content-type", ""),
        sent.get("Expires") or "",
        f"{extension}{path}",
    )
    return "\n".join(lines).encode()
