"""The MD5 of a file and of each of its parts, in one reading."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

from daypass.toolkit.wire import CHUNK
from daypass.transfer.meter import Meter

__all__ = ["checksums"]


def checksums(file: Path, size: int, part_size: int, meter: Meter) -> tuple[str, list[str]]:
    """Read a file once; return the MD5 of all of it and of each part, in base64."""
    whole = hashlib.md5(usedforsecurity=False)
    parts: list[str] = []
    with file.open("rb") as source, meter.reading(str(file), size) as reading:
        while True:
            digest = _one_part(source.read, part_size, whole.update, reading.add)
            if digest is None:
                break
            parts.append(digest)
    return b64encode(whole.digest()).decode(), parts


def _one_part(
    read: Callable[[int], bytes],
    size: int,
    update: Callable[[bytes], object],
    advance: Callable[[int], object],
) -> str | None:
    digest = hashlib.md5(usedforsecurity=False)
    left = size
    while left and (piece := read(min(CHUNK, left))):
        digest.update(piece)
        update(piece)
        advance(len(piece))
        left -= len(piece)
    return None if left == size else b64encode(digest.digest()).decode()
