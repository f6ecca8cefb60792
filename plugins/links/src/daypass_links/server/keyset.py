"""The server's own keys, in a file of its own: a stolen database signs nothing."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import Any

import attrs
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from daypass.errors import ConfigError

__all__ = ["KeySet", "ServerKey"]


@attrs.frozen
class ServerKey:
    """An Ed25519 key (RFC 8032) with the name by which a signature says which it is of."""

    kid: str
    #: 32 bytes.
    private: bytes = attrs.field(repr=False)

    @property
    def public(self) -> bytes:
        """The public half, 32 bytes."""
        return Ed25519PrivateKey.from_private_bytes(self.private).public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """Return the signature, 64 bytes."""
        return Ed25519PrivateKey.from_private_bytes(self.private).sign(message)


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
        if found.st_uid != os.getuid() or found.st_mode & 0o077:
            msg = f"the key file {file} must be yours, and nobody else's to read: chown it, and chmod 600"
            raise ConfigError(msg, file=str(file))
        try:
            keys = tuple(
                ServerKey(one["kid"], bytes.fromhex(one["private"]))
                for one in json.loads(text)["keys"]
            )
            for key in keys:
                Ed25519PrivateKey.from_private_bytes(key.private)
        except (ValueError, KeyError, TypeError):
            keys = ()
        if not keys:
            msg = f"the key file {file} holds no keys of daypass serve: restore it, or move it away to begin with a new one"
            raise ConfigError(msg, file=str(file))
        return cls(keys)

    @classmethod
    def rotate(cls, file: Path) -> KeySet:
        """Put a new key in front of those of a file, and return them all."""
        rotated = cls((_new(), *cls.read(file).keys))
        _write(file, rotated)
        return rotated


def _new() -> ServerKey:
    return ServerKey(f"key_{secrets.token_urlsafe(8)}", secrets.token_bytes(32))


def _write(file: Path, keys: KeySet) -> None:
    """Write a file whole or not at all, readable by its owner alone."""
    record: dict[str, Any] = {
        "keys": [{"kid": key.kid, "private": key.private.hex()} for key in keys.keys]
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
