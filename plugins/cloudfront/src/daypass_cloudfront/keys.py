"""The private half of a CloudFront key pair: read once, checked, and never shown."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from daypass.errors import CredentialsError
from daypass.toolkit.pem import pem_text
from daypass_cloudfront.options import CloudFrontOptions

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

__all__ = ["Key", "key_of", "read_private", "signature_of"]

#: The one size of RSA keys that a key group takes:
#: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-trusted-signers.html
_RSA_BITS = 2048
#: A PEM file is a few kilobytes; what is larger is another file.
_MOST_BYTES = 65_536


@attrs.frozen(eq=False)
class Key:
    """A key pair that is ready to sign."""

    pair_id: str
    #: ``SHA1`` or ``SHA256``.
    hash_algorithm: str
    #: Signs a policy: RSA by PKCS #1 v1.5, or ECDSA in DER.
    sign: Callable[[bytes], bytes] = attrs.field(repr=False)


def key_of(options: CloudFrontOptions) -> Key:
    """Read and check the private key that the options name.

    Raises:
        CredentialsError: if there is none, it cannot be read, or CloudFront takes no such key.

    """
    for name in ("key_pair_id", "private_key"):
        if getattr(options, name) is None:
            msg = f"there is nothing to sign with: give signer_options {name}"
            raise CredentialsError(msg)
    assert options.key_pair_id is not None  # noqa: S101 - asked above
    private = read_private(options)
    algorithm = options.hash_algorithm or ("SHA1" if _is_rsa(private) else "SHA256")
    key = Key(options.key_pair_id, algorithm, signature_of(private, algorithm))
    try:
        key.sign(b"")
    except Exception as error:  # noqa: BLE001 - of OpenSSL as it was built or is configured here
        msg = f"the installed cryptography does not sign with this key and {algorithm} ({type(error).__name__}): name another hash_algorithm, or install its wheel"
        raise CredentialsError(msg) from None
    return key


def signature_of(private: PrivateKeyTypes, algorithm: str) -> Callable[[bytes], bytes]:
    """Return what signs with a private key, by the rules that CloudFront verifies by."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

    # SHA-1 is what CloudFront takes where nothing is said.
    digest = hashes.SHA256() if algorithm == "SHA256" else hashes.SHA1()  # noqa: S303
    if isinstance(private, rsa.RSAPrivateKey):
        pkcs1 = padding.PKCS1v15()
        return lambda message: private.sign(message, pkcs1, digest)
    assert isinstance(private, ec.EllipticCurvePrivateKey)  # noqa: S101 - read_private lets no other through
    # RFC 6979: the same policy has the same signature, as it has with RSA.
    ecdsa = ec.ECDSA(digest, deterministic_signing=True)
    return lambda message: private.sign(message, ecdsa)


def read_private(options: CloudFrontOptions) -> PrivateKeyTypes:
    """Read the private key that the options name.

    Raises:
        CredentialsError: if it cannot be read, or CloudFront takes no such key.

    """
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    passphrase = _passphrase(options.passphrase_env)
    try:
        private = load_pem_private_key(_pem(options.private_key), passphrase)
    except TypeError:
        msg = (
            "the private key is encrypted: name the environment variable with its passphrase as passphrase_env"
            if passphrase is None
            else "passphrase_env is given, and the private key is not encrypted: drop it"
        )
        raise CredentialsError(msg) from None
    except CredentialsError:
        raise
    except Exception as error:  # noqa: BLE001 - not chained: a parser's texts may quote the key
        msg = f"the private key could not be read ({type(error).__name__}): it must be PEM with its line breaks, and the passphrase must be its own"
        raise CredentialsError(msg) from None
    if isinstance(private, rsa.RSAPrivateKey):
        found = f"an RSA key with {private.key_size} bits"
        fits = private.key_size == _RSA_BITS
    elif isinstance(private, ec.EllipticCurvePrivateKey):
        found = f"an elliptic-curve key on {private.curve.name}"
        fits = isinstance(private.curve, ec.SECP256R1)
    else:
        found, fits = f"a {type(private).__name__.strip('_')}", False
    if not fits:
        msg = f"CloudFront takes RSA keys with 2048 bits and ECDSA keys on P-256, and private_key is {found}"
        raise CredentialsError(msg)
    return private


def _is_rsa(private: PrivateKeyTypes) -> bool:
    from cryptography.hazmat.primitives.asymmetric import rsa

    return isinstance(private, rsa.RSAPrivateKey)


def _pem(private_key: str | Path | None) -> bytes:
    """Return the PEM; the name of a file is not shown, since it may be a key without its frame."""
    if isinstance(private_key, str):
        return pem_text(private_key).encode(errors="replace")
    assert private_key is not None  # noqa: S101 - key_of has asked
    try:
        if not stat.S_ISREG(private_key.stat().st_mode):  # to open a pipe would wait for its writer
            msg = "private_key names no regular file: give PEM text, or the path of a PEM file"
            raise CredentialsError(msg)
        with private_key.open("rb") as file:
            return file.read(_MOST_BYTES)
    except (OSError, ValueError) as error:
        msg = f"private_key is no PEM text, and as the path of a file it cannot be read ({type(error).__name__})"
        raise CredentialsError(msg) from None


def _passphrase(variable: str | None) -> bytes | None:
    if variable is None:
        return None
    value = os.environ.get(variable)
    if not value:
        msg = f"passphrase_env names the environment variable {variable}, which is not set"
        raise CredentialsError(msg)
    return value.encode(errors="surrogateescape")
