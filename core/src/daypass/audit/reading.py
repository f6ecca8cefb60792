"""Open an audit to read it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from daypass.errors import AuditError

__all__ = ["opened"]


@contextmanager
def opened(path: str) -> Iterator[BinaryIO]:
    """Open an audit file for the length of a ``with`` block that reads it.

    Raises:
        AuditError: if it cannot be read.

    """
    try:
        with open(path, "rb", opener=_opener) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                msg = f"the audit {path} is not a regular file"
                raise AuditError(msg)
            yield file
    except OSError as error:
        msg = f"the audit {path} cannot be read: {error.strerror}"
        raise AuditError(msg) from error


def _opener(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)  # a pipe without a writer would be waited for
