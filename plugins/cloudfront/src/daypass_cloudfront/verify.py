"""The signature of one very request to CloudFront, checked with the key pair's public half."""

from __future__ import annotations

import hmac
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable
from typing import Any

import attrs
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from daypass.base.messages import partly
from daypass.base.times import epoch
from daypass.hookspecs.verifications import RequestCheck, SentRequest
from daypass.model.locations import Location
from daypass.toolkit.pem import load_key, signed_digest
from daypass_cloudfront.curves import CURVE, base_multiple, signed_multiples
from daypass_cloudfront.explain import OUT_OF_QUERIES, base_of, policy_bytes
from daypass_cloudfront.keys import read_private, signature_of
from daypass_cloudfront.policies import PolicyStatement, encode

_KINDS = (
    rsa.RSAPublicKey,
    rsa.RSAPrivateKey,
    ec.EllipticCurvePublicKey,
    ec.EllipticCurvePrivateKey,
)
#: What a look at a curve's signature costs, in bytes that could be hashed meanwhile.
_OF_A_CURVE = 12_288


def verify(location: Location, sent: SentRequest) -> RequestCheck:
    """Hold a request against its policy's signature."""
    check = RequestCheck(parameter="Signature")
    key, mine = _key(location, sent)
    if key is None:
        why = mine or "no key is at hand"
        return attrs.evolve(check, unchecked=why)
    signer = sent.get("Key-Pair-Id")
    if mine is not None and mine != signer:
        why = f"it is signed by {partly(signer)}, and the key at hand is {partly(mine)}"
        return attrs.evolve(check, unchecked=why)
    algorithm = sent.get("Hash-Algorithm") or "SHA1"
    if isinstance(key, (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey)):
        sign, public = signature_of(key, algorithm), key.public_key()
        check = attrs.evolve(check, right=lambda policy: encode(sign(policy)))
    else:
        public = key
    return attrs.evolve(
        check,
        text=policy_of,
        signs=_signing(public, sent, algorithm),
        cost=0 if isinstance(public, rsa.RSAPublicKey) else _OF_A_CURVE,
    )


def policy_of(sent: SentRequest) -> bytes:
    """Return the policy that was signed: the one that travels, or the one that CloudFront builds."""
    custom = sent.get("Policy")
    if custom is not None:
        return policy_bytes(custom)
    end = epoch(sent.get("Expires"))
    return b"" if end is None else PolicyStatement(base_of(sent), end).text.encode()


def _key(location: Location, sent: SentRequest) -> tuple[Any, str | None]:
    """Return a key, public or private, and whose it is or why there is none."""
    if sent.key is not None:
        key = load_key(sent.key, _KINDS)
        if getattr(key, "curve", CURVE).name != CURVE.name:
            key = None  # of another curve, which CloudFront does not take
        return key, None if key is not None else "key holds no RSA or P-256 key in PEM"
    options = location.options
    if options is None or options.private_key is None:
        return None, None
    return read_private(options), options.key_pair_id


def _signing(public: Any, sent: SentRequest, algorithm: str) -> Callable[[bytes], bool]:
    """Return what tells whether the signature is a policy's."""
    # SHA-1 is what CloudFront takes where nothing is said.
    kind = hashes.SHA256() if algorithm == "SHA256" else hashes.SHA1()  # noqa: S303
    given = _signature(sent)
    if isinstance(public, rsa.RSAPublicKey):
        digest = signed_digest(public, given, kind)
        return lambda policy: hmac.compare_digest(_hash(policy, kind), digest)

    multiples = signed_multiples(public, given)

    def signs(policy: bytes) -> bool:
        if base_multiple(_hash(policy, kind)) not in multiples:
            return False
        try:
            public.verify(given, policy, ec.ECDSA(kind))
        except (InvalidSignature, ValueError):
            return False
        return True

    return signs


def _signature(sent: SentRequest) -> bytes:
    try:
        return b64decode((sent.get("Signature") or "").translate(OUT_OF_QUERIES), validate=True)
    except (Base64Error, ValueError):
        return b""


def _hash(data: bytes, kind: hashes.HashAlgorithm) -> bytes:
    digest = hashes.Hash(kind)
    digest.update(data)
    return digest.finalize()
