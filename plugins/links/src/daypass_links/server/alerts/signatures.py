"""What a webhook signs, as Standard Webhooks 1.0.0 has it: HMAC-SHA256 over the message's ID, the time and the body."""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from hashlib import sha256

from daypass.errors import InvalidRequestError

__all__ = ["secret_of", "signature"]

#: Lengths of a secret, in bytes.
_SHORTEST, _LONGEST = 24, 64


def secret_of(text: str) -> bytes:
    """Return the key that a secret writes.

    Raises:
        InvalidRequestError: for what is none; it is not shown.

    """
    try:
        key = b64decode(text.removeprefix("whsec_"), validate=True)
    except (Base64Error, ValueError):
        key = b""
    if not text.startswith("whsec_") or not _SHORTEST <= len(key) <= _LONGEST:
        msg = f"webhook_secret is whsec_ and {_SHORTEST} to {_LONGEST} random bytes in base64: openssl rand -base64 32"
        raise InvalidRequestError(msg, option="webhook_secret")
    return key


def signature(key: bytes, name: str, timestamp: int, body: bytes) -> str:
    """Return what the header ``webhook-signature`` says.

    Args:
        key: by `secret_of`.
        name: of the message, the same with each try.
        timestamp: when it is sent, in seconds since the epoch.
        body: as it is sent.

    """
    signed = hmac.new(key, f"{name}.{timestamp}.".encode() + body, sha256)
    return f"v1,{b64encode(signed.digest()).decode()}"
