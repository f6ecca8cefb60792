"""Tokens of links, API keys, and the names by which both are shown. Only the SHA-256 of a secret is ever kept."""

from __future__ import annotations

import re
import secrets
from hashlib import sha256

__all__ = ["KEY", "TOKEN", "digest", "new_id", "new_key", "new_token"]

#: What an API key begins with.
KEY = "dpl_"
#: The token of a link: 128 random bits in base64url.
TOKEN = re.compile(rb"[A-Za-z0-9_-]{22}")


def new_token() -> str:
    """Return the token of a new link.

    >>> len(new_token())
    22
    """
    return secrets.token_urlsafe(16)


def new_key() -> str:
    """Return a new API key."""
    return f"{KEY}{secrets.token_urlsafe(32)}"


def new_id(kind: str) -> str:
    """Return the name of a new link or key, which opens nothing.

    >>> new_id("lnk").startswith("lnk_")
    True
    """
    return f"{kind}_{secrets.token_hex(10)}"


def digest(secret: bytes) -> bytes:
    """Return what is kept of a secret and looked up by."""
    return sha256(secret).digest()
