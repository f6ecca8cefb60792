"""Keys in PEM, as `verify_url` is given them; needs ``cryptography`` (``pip install daypass[pem]``)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.hashes import HashAlgorithm

__all__ = ["load_key", "pem_text", "signed_digest"]


def pem_text(text: str) -> str:
    r"""Return a key in PEM with its line breaks, where they came as ``\n``: so does one from JSON or an ``.env`` file.

    >>> pem_text(r"-----BEGIN PRIVATE KEY-----\nMIIE")
    '-----BEGIN PRIVATE KEY-----\nMIIE'
    """
    begins = text.lstrip().startswith("-----BEGIN")  # no PEM holds a backslash
    return text.replace("\\r", "").replace("\\n", "\n") if begins and "\\n" in text else text


def load_key(text: str, kinds: tuple[type, ...]) -> Any:
    """Load a key from PEM: public, private without a passphrase, or in a certificate.

    Args:
        text: the PEM.
        kinds: classes of ``cryptography`` to take; another key is none.

    Returns:
        The key; None where the text holds none of these kinds.

    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.x509 import load_pem_x509_certificate

    data = pem_text(text).encode(errors="replace")
    loaders: tuple[Callable[[bytes], Any], ...] = (
        serialization.load_pem_public_key,
        lambda data: serialization.load_pem_private_key(data, None),
        lambda data: load_pem_x509_certificate(data).public_key(),
    )
    for load in loaders:
        try:
            key = load(data)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            continue
        if isinstance(key, kinds):
            return key
    return None


def signed_digest(public: RSAPublicKey, signature: bytes, algorithm: HashAlgorithm) -> bytes:
    """Return the digest that an RSA signature (PKCS #1 v1.5) was made of.

    With it a message is checked by its hash alone, however many are tried.

    Args:
        public: the public key.
        signature: the signature.
        algorithm: the hash that it was made with.

    Returns:
        The digest; empty where it is no signature of the key.

    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import padding

    try:
        return public.recover_data_from_signature(signature, padding.PKCS1v15(), algorithm)
    except (InvalidSignature, ValueError):
        return b""
