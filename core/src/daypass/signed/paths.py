"""What stands before a path that is read through ``signed::``, and whether it is of the store that is read."""

from __future__ import annotations

import os
import re
from typing import Any

from daypass.backends.loading import registry
from daypass.errors import InvalidPathError
from daypass.model.paths import shown_path

__all__ = ["own_path", "stripped"]

#: What a path begins with that names a protocol, or ours before it.
_PROTOCOL = re.compile(r"(?:signed::)?(?:([A-Za-z][A-Za-z0-9+.-]*)://)?")


def stripped(path: Any) -> Any:
    """Return a path, or each of a list, without its protocol and without a slash at its end."""
    if isinstance(path, list):
        return [stripped(one) for one in path]
    return _PROTOCOL.sub("", os.fspath(path), count=1).rstrip("/")


def own_path(path: Any, protocol: str) -> Any:
    """Strip a path as `stripped` does; another store has other objects by the same names.

    Args:
        path: one path, or a list.
        protocol: of the store that is read.

    Raises:
        InvalidPathError: if the path names the protocol of another.

    """
    if isinstance(path, list):
        return [own_path(one, protocol) for one in path]
    found = _PROTOCOL.match(os.fspath(path))
    named = found and found[1]
    if named and named not in ("signed", protocol) and not _of_one_backend(named, protocol):
        msg = f"{shown_path(str(path))} is a path of {named}://, and this filesystem reads {protocol}://: make one with target_protocol={named!r}"
        raise InvalidPathError(msg, option="path")
    return stripped(path)


def _of_one_backend(one: str, other: str) -> bool:
    """Tell whether two protocols name the same stores, as s3 and s3a do; no backend is loaded for it."""
    claims = registry.claims()
    modules = {entry.value for entry in claims.get(one, ())}
    return any(entry.value in modules for entry in claims.get(other, ()))
