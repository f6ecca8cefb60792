"""pyarrow without pandas: the command needs none of it, and each of its processes would pay for it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from daypass.arrow.columns import pyarrow

__all__ = ["lean_pyarrow"]


def lean_pyarrow() -> Any:
    """Return pyarrow, set up for a process that lives for one manifest.

    It looks for pandas once, when its first array is made, and not again. Its own allocator keeps
    what it once had, tens of megabytes of it, so memory comes from the system's.

    Raises:
        ImportError: if it is not installed, saying what to install.

    """
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")  # read once, by Arrow itself
    pa = pyarrow()
    if "pandas" not in sys.modules:
        with _without("pandas"):
            pa.array([])
    return pa


@contextmanager
def _without(name: str) -> Iterator[None]:
    class Finder:
        @staticmethod
        def find_spec(fullname: str, *_: object) -> None:
            if fullname == name:
                raise ModuleNotFoundError(name=name)

    sys.meta_path.insert(0, Finder)
    try:
        yield
    finally:
        sys.meta_path.remove(Finder)
