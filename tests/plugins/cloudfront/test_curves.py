"""What an elliptic signature was made of, held against published signatures and the library's own."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

import daypass
from daypass_cloudfront.curves import CURVE, base_multiple, signed_multiples
from tests.plugins.cloudfront.conftest import DOMAIN, NOW, pair

#: RFC 6979 appendix A.2.5: a private key, and its signatures of the word "sample".
KEY = 0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721
PUBLISHED = {
    "sha1": (
        0x61340C88C3AAEBEB4F6D667F672CA9759A6CCAA9FA8811313039EE4A35471D32,
        0x6D7F147DAC089441BB2E2FE8F7A3FA264B9C475098FDCF6E00D7C996E1B8B7EB,
    ),
    "sha256": (
        0xEFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716,
        0xF7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8,
    ),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_signatures_give_back_what_they_were_made_of(name):
    public = ec.derive_private_key(KEY, CURVE).public_key()
    found = signed_multiples(public, encode_dss_signature(*PUBLISHED[name]))
    assert base_multiple(hashlib.new(name, b"sample").digest()) in found
    assert base_multiple(hashlib.new(name, b"simple").digest()) not in found


def test_every_signature_of_the_library_gives_back_what_it_was_made_of():
    for number in range(50):
        private, message = ec.generate_private_key(CURVE), b"%d" % number
        signature = private.sign(message, ec.ECDSA(hashes.SHA256()))
        found = signed_multiples(private.public_key(), signature)
        assert base_multiple(hashlib.sha256(message).digest()) in found


@pytest.mark.parametrize(
    "signature",
    [b"", b"no DER", *(encode_dss_signature(r, s) for r in (0, 1, 2**256) for s in (0, 7, 2**300))],
    ids=range(11),
)
def test_what_is_no_signature_was_made_of_nothing(signature):
    """No point of the curve lies above 1."""
    public = pair("ecdsa").private.public_key()
    assert signed_multiples(public, signature) == frozenset()


def test_a_key_of_another_curve_is_none():
    """A signature by it was called right, and CloudFront takes none."""
    url = f"https://{DOMAIN}/a?Expires=1795525200&Signature=c2ln&Key-Pair-Id=K"
    public = ec.generate_private_key(ec.SECP384R1()).public_key()
    pem = public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    answer = daypass.verify(url, key=pem.decode(), now=NOW)
    assert answer.signature == "unchecked"
    assert "key holds no RSA or P-256 key in PEM" in str(answer)
