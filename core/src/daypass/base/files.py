"""Files that are written: where one may be, whole or not at all, and by one run alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from daypass.errors import InvalidRequestError, StoreError

__all__ = ["lock", "opened", "target_of", "whole"]


@contextmanager
def opened(name: str | Path) -> Iterator[BinaryIO]:
    """Open a file to read it, for the length of a ``with`` block.

    Raises:
        InvalidRequestError: if it is missing or cannot be opened.

    """
    try:
        file = Path(name).open("rb")  # noqa: SIM115 - closed below; errors of reading are others
    except OSError as error:
        why = (
            "does not exist"
            if isinstance(error, FileNotFoundError)
            else f"cannot be read: {error.strerror}"
        )
        msg = f"{name} {why}"
        raise InvalidRequestError(msg, option="file") from error
    with file:
        yield file


def target_of(file: Path) -> Path:
    """Return the file that is written: where a symbolic link leads, as with cp.

    Raises:
        InvalidRequestError: if it cannot be one.

    """
    target = file.resolve()
    if target.exists() and not target.is_file():
        msg = f"{file} is not a regular file"
        raise InvalidRequestError(msg, option="file")
    if not target.parent.is_dir():
        msg = f"{target.parent} is not a directory"
        raise InvalidRequestError(msg, option="file")
    return target


@contextmanager
def whole(target: Path) -> Iterator[BinaryIO]:
    """Open a file that takes the target's name when the block ends well, and goes otherwise."""
    temporary = target.with_name(f".daypass-{os.urandom(6).hex()}.part")
    try:
        # Opened by hand so that the file has the permissions that any new file would have.
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        with os.fdopen(descriptor, "wb") as sink:
            yield sink
        temporary.replace(target)
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()


def lock(file: BinaryIO, doing: str) -> None:
    """Lock a file until it is closed, so that two runs do not write the same.

    Args:
        file: what every such run opens.
        doing: what another run is doing where it has the lock, for the message.

    Raises:
        StoreError: if another run has it.

    """
    from filelock import lock_descriptor

    if not lock_descriptor(file.fileno(), blocking=False):
        msg = f"another run is {doing}"
        raise StoreError(msg)
