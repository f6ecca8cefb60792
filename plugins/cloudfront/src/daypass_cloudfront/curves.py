"""What an elliptic signature was made of, so that many policies can be held against it at half the price.

A signature (r, s) of a digest z is right where s times R is z times the base point and r times the public key, where R is a point
above r (FIPS 186-5 section 6.4.2, solved for z). All but z stands in the signature: what is left for each policy is one multiple
of the base point. Two points lie above r, so there are two answers; what seems right is verified by the library all the same.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

__all__ = ["CURVE", "base_multiple", "signed_multiples"]

CURVE = ec.SECP256R1()
#: Its field and its order: https://doi.org/10.6028/NIST.SP.800-186 section 3.2.1.3.
_FIELD = 2**256 - 2**224 + 2**192 + 2**96 - 1
_ORDER = 0xFFFFFFFF_00000000_FFFFFFFF_FFFFFFFF_BCE6FAAD_A7179E84_F3B9CAC2_FC632551
_SIZE = 32


def base_multiple(digest: bytes) -> int:
    """Return the x-coordinate of a digest times the base point."""
    key = ec.derive_private_key(int.from_bytes(digest, "big") % _ORDER, CURVE)
    return key.public_key().public_numbers().x


def signed_multiples(public: ec.EllipticCurvePublicKey, signature: bytes) -> frozenset[int]:
    """Return what `base_multiple` can be of the digest that was signed; nothing where it is no signature.

    Args:
        public: the public key.
        signature: in DER.

    """
    try:
        r, s = decode_dss_signature(signature)
        if not (0 < r < _ORDER and 0 < s < _ORDER):  # the first that a verifier asks
            return frozenset()
        by_key = _times(r, public)
        above = _times(s, _above(r.to_bytes(_SIZE, "big")))
        across = pow(by_key.x - above.x, -1, _FIELD)
    except ValueError:
        return frozenset()
    slopes = ((by_key.y - y) * across for y in (above.y, -above.y))
    return frozenset((slope**2 - by_key.x - above.x) % _FIELD for slope in slopes)


def _times(number: int, point: ec.EllipticCurvePublicKey) -> ec.EllipticCurvePublicNumbers:
    """Return a multiple of a point, or its mirror image."""
    x = ec.derive_private_key(number, CURVE).exchange(ec.ECDH(), point)
    return _above(x).public_numbers()


def _above(x: bytes) -> ec.EllipticCurvePublicKey:
    """Return one of the two points above an x-coordinate."""
    return ec.EllipticCurvePublicKey.from_encoded_point(CURVE, b"\x02" + x)
