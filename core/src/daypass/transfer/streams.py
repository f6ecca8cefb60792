"""Bytes without a file of their own: what a stream brings to go up, and a stream that they come down to.

Both go by a file: a store wants to know size and checksums first, and nothing is to leave that is not whole.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile, mkstemp
from typing import BinaryIO, TypeGuard

import attrs

from daypass.base.files import named
from daypass.errors import InvalidRequestError

__all__ = ["STREAM", "Source", "is_stream", "onto", "source_of"]

#: How messages call any stream, and by what a later run knows an upload of one again.
STREAM = Path("-")
#: So many bytes of a stream are read at a time.
_PIECE = 1 << 20


@attrs.frozen
class Source:
    """What goes up."""

    #: Where its bytes are.
    file: Path
    #: How messages call it, and by what a later run knows it again.
    known_as: Path
    #: The name that it brings along; None of a stream.
    name: str | None


def is_stream(file: object, method: str) -> TypeGuard[BinaryIO]:
    """Tell a stream, which has the method ``read`` or ``write``, from what names a file."""
    return not isinstance(file, (str, os.PathLike)) and callable(getattr(file, method, None))


@contextmanager
def source_of(file: str | os.PathLike[str] | BinaryIO) -> Iterator[Source]:
    """Give what goes up, for the length of a block: a file as it stands, or what a stream brings until its end.

    Raises:
        InvalidRequestError: if there is no such file, or the stream gives text.

    """
    if not is_stream(file, "read"):
        place = named(file, "file")
        if not place.is_file():
            msg = f"{place} is not a regular file" if place.exists() else f"{place} does not exist"
            raise InvalidRequestError(msg, option="file")
        yield Source(place, place, place.name)
        return
    descriptor, name = mkstemp(prefix="daypass-")
    try:
        with os.fdopen(descriptor, "wb") as kept:
            while piece := file.read(_PIECE):
                if isinstance(piece, str):
                    msg = "the stream gives text, and a store keeps bytes: open its file with mode 'rb', or give text.encode()"
                    raise InvalidRequestError(msg, option="file")
                kept.write(piece)
        yield Source(Path(name), STREAM, None)
    finally:
        with suppress(FileNotFoundError):
            Path(name).unlink()


@contextmanager
def onto(stream: BinaryIO) -> Iterator[BinaryIO]:
    """Give a file whose content a stream gets when the block ends well."""
    with TemporaryFile() as kept:
        yield kept
        kept.seek(0)
        shutil.copyfileobj(kept, stream)
        stream.flush()
