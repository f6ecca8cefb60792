"""The server's own keys, in a file of its own: a stolen database signs nothing."""

from __future__ import annotations

import json
import os
import secrets
from functools import lru_cache
from pathlib import Path

import attrs
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from daypass.errors import ConfigError

__all__ = ["KeySet", "ServerKey", "is_signed"]


@attrs.frozen
class ServerKey:
    """An Ed25519 key (RFC 8032) with the name by which a signature says which it is of."""

    kid: str
    #: 32 bytes, by which anybody verifies.
    public: bytes
    #: 32 bytes; None where only the public half is known.
    private: bytes | None = attrs.field(repr=False)

    def sign(self, message: bytes) -> bytes:
        """Return the signature, 64 bytes.

        Raises:
            ConfigError: if the private half is not here.

        """
        return Ed25519PrivateKey.from_private_bytes(self.secret).sign(message)

    @property
    def secret(self) -> bytes:
        """The private half.

        Raises:
            ConfigError: if it is not here.

        """
        if self.private is None:
            msg = f"of the key {self.kid} only the public half is here, which verifies and signs nothing: name the server's own file in key_file"
            raise ConfigError(msg)
        return self.private

    def derived(self, purpose: bytes) -> bytes:
        """Return a key of 32 bytes for something else than signatures (HKDF, RFC 5869).

        Args:
            purpose: what it is for, which nothing else is.

        Raises:
            ConfigError: if the private half is not here.

        """
        return _derived(self.secret, purpose)


@lru_cache(maxsize=32)
def _derived(secret: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(secret)


def is_signed(message: bytes, signature: bytes, public: bytes) -> bool:
    """Tell whether a signature is that of a public key over a message."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


@attrs.frozen
class KeySet:
    """All keys, the one that signs first. Older ones stay, so that what they signed verifies."""

    keys: tuple[ServerKey, ...]

    @property
    def signing(self) -> ServerKey:
        """The key that signs."""
        return self.keys[0]

    def public(self, kid: str) -> bytes | None:
        """Return the public half of a key; None of one that is not here."""
        return next((key.public for key in self.keys if key.kid == kid), None)

    @classmethod
    def made(cls, file: Path) -> KeySet:
        """Read the keys of a file, which is made with one where there is none.

        Raises:
            ConfigError: if it cannot be made, and as for `read`.

        """
        if not file.exists():
            _write(file, cls((_new(),)))
        return cls.read(file)

    @classmethod
    def read(cls, file: Path) -> KeySet:
        """Read the keys of a file.

        Raises:
            ConfigError: if it cannot be read, others can read it, or it holds something else.

        """
        try:
            descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            with os.fdopen(descriptor, "rb") as opened:
                found = os.fstat(descriptor)
                text = opened.read(1 << 20)
        except OSError as error:
            msg = f"the key file {file} cannot be read: {error.strerror}"
            raise ConfigError(msg, file=str(file)) from error
        try:
            keys = tuple(_read(one) for one in json.loads(text)["keys"])
        except (ValueError, KeyError, TypeError):
            keys = ()
        if not keys:
            msg = f"the key file {file} holds no keys of daypass serve: restore it, or move it away to begin with a new one"
            raise ConfigError(msg, file=str(file))
        others_read = found.st_uid != os.getuid() or found.st_mode & 0o077
        if others_read and any(key.private is not None for key in keys):
            msg = f"the key file {file} must be yours, and nobody else's to read: chown it, and chmod 600"
            raise ConfigError(msg, file=str(file))
        return cls(keys)

    @classmethod
    def rotate(cls, file: Path) -> KeySet:
        """Put a new key in front of those of a file, and return them all.

        Raises:
            ConfigError: as for `read`, and if it cannot be written, or holds public halves alone.

        """
        rotated = cls((_new(), *cls.read(file).keys))
        _write(file, rotated)
        return rotated


def _new() -> ServerKey:
    # Not as IDs of API keys begin, which are in events too.
    return _made(f"kid_{secrets.token_urlsafe(8)}", secrets.token_bytes(32))


def _made(kid: str, private: bytes) -> ServerKey:
    public = Ed25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()
    return ServerKey(kid, public, private)


def _read(one: dict[str, str]) -> ServerKey:
    if "private" in one:
        return _made(one["kid"], bytes.fromhex(one["private"]))
    public = bytes.fromhex(one["public"])
    Ed25519PublicKey.from_public_bytes(public)
    return ServerKey(one["kid"], public, None)


def _write(file: Path, keys: KeySet) -> None:
    """Write a file whole or not at all, readable by its owner alone."""
    record = {
        "keys": [
            {"kid": key.kid, "public": key.public.hex(), "private": key.secret.hex()}
            for key in keys.keys
        ]
    }
    draft = file.with_name(f"{file.name}.{secrets.token_hex(8)}")
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "w") as opened:
            json.dump(record, opened)
            opened.flush()
            os.fsync(descriptor)
        draft.replace(file)
    except OSError as error:
        msg = f"the key file {file} cannot be written: {error.strerror}"
        raise ConfigError(msg, file=str(file)) from error
