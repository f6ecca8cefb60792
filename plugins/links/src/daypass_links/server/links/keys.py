"""The key below a prefix, out of a URL's path as it was sent: decoded once, and refused where clients and stores differ on it."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from daypass.errors import InvalidPathError

__all__ = ["key_of"]

#: A slash or a backslash that is none to whoever has not decoded it.
_HIDDEN = re.compile(rb"%(?:2f|5c)|\\", re.IGNORECASE)


def key_of(raw: bytes) -> str:
    """Return a key.

    >>> key_of(b"a%20b/c%252e.txt")
    'a b/c%2e.txt'

    Raises:
        InvalidPathError: for a ``.``, ``..`` or empty segment, an encoded slash, or what is no UTF-8.

    """
    if _HIDDEN.search(raw):
        msg = "a key holds no encoded slash and no backslash: clients and stores differ on what they lead to"
        raise InvalidPathError(msg, option="path")
    try:
        key = unquote_to_bytes(raw).decode()
    except UnicodeDecodeError:
        msg = "a key is UTF-8, percent-encoded"
        raise InvalidPathError(msg, option="path") from None
    if not {"", ".", ".."}.isdisjoint(key.split("/")):
        msg = "a key below a prefix has no empty segment, and none that is . or .."
        raise InvalidPathError(msg, option="path")
    return key
