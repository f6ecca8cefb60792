"""Key pairs made for the tests, and a verifying distribution in front of a directory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import cache
from typing import Any

import attrs
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

import daypass
from tests.servers.cloudfront import Distribution, directory_origin, distribution

NOW = datetime(2026, 11, 1, 12, 0, 0, tzinfo=UTC)
DOMAIN = "d111111abcdef8.cloudfront.net"


@attrs.frozen
class Pair:
    """A key pair: the private half in PEM, and the public one."""

    id: str
    private: Any = attrs.field(repr=False)

    def pem(self, passphrase: str | None = None) -> str:
        encryption: Any = serialization.NoEncryption()
        if passphrase is not None:
            encryption = serialization.BestAvailableEncryption(passphrase.encode())
        return self.private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
        ).decode()

    @property
    def public_pem(self) -> str:
        return (
            self.private.public_key()
            .public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
            .decode()
        )

    def options(self, **more: Any) -> dict[str, Any]:
        """Return signer_options."""
        return {"domain": DOMAIN, "key_pair_id": self.id, "private_key": self.pem(), **more}


@cache
def pair(kind: str) -> Pair:
    """Make a key pair once in each process."""
    if kind == "rsa":
        return Pair("KRSA2048", rsa.generate_private_key(65537, 2048))
    return Pair("KECDSAP256", ec.generate_private_key(ec.SECP256R1()))


def sign(path: str = "s3://maps/europe.tif", kind: str = "ecdsa", *, given=None, **options: Any):
    """Sign with a key pair of the tests, at one moment.

    Where the kind does not matter it is ECDSA: to read an RSA key, whose primes are checked, takes
    longer than most tests.
    """
    options = {"signing_time": NOW, "expires_in": 3600, **options}
    return daypass.create_signed_url(
        path, signer="cloudfront", signer_options=pair(kind).options(**(given or {})), **options
    )


@pytest.fixture
def serve(tmp_path) -> Iterator[Callable[..., Distribution]]:
    """Run distributions in front of this test's directory; both key pairs are trusted."""
    with ExitStack() as stack:

        def start(**options: Any) -> Distribution:
            keys = {pair(kind).id: pair(kind).public_pem for kind in ("rsa", "ecdsa")}
            return stack.enter_context(distribution(keys, directory_origin(tmp_path), **options))

        yield start
