"""The checksums of a file and of each of its parts, in one reading, held against those that its sender states."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from daypass.errors import InvalidRequestError
from daypass.model.options import OPTIONS
from daypass.toolkit.wire import CHUNK
from daypass.transfer.meter import Meter

__all__ = ["checksums"]


def checksums(
    file: Path, size: int, part_size: int, meter: Meter, stated: Mapping[str, Any]
) -> tuple[str, list[str]]:
    """Read a file once; return the MD5 of all of it and of each part, in base64.

    Args:
        file: the file.
        size: its size in bytes.
        part_size: that of a part.
        meter: is told of every piece.
        stated: the keywords of its upload, of which ``content_md5`` and ``checksum_sha256`` count.

    Raises:
        InvalidRequestError: if the file has another checksum than is stated, or that is none.

    """
    digests = {"content_md5": hashlib.md5(usedforsecurity=False)}
    if stated.get("checksum_sha256") is not None:
        digests["checksum_sha256"] = hashlib.sha256()

    def update(piece: bytes) -> None:
        for digest in digests.values():
            digest.update(piece)

    parts: list[str] = []
    with file.open("rb") as source, meter.reading(str(file), size) as reading:
        while True:
            part = _one_part(source.read, part_size, update, reading.add)
            if part is None:
                break
            parts.append(part)
    found = {name: b64encode(digest.digest()).decode() for name, digest in digests.items()}
    for name, value in found.items():
        given = stated.get(name)
        if given is not None and (told := OPTIONS[name].check(given, name)) != value:
            msg = f"{name} says {told}, and the file has {value}: nothing was sent"
            raise InvalidRequestError(msg, option=name)
    return found["content_md5"], parts


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
