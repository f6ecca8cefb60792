"""The first rows of a Parquet file, read by a process of its own: a file made to harm has little memory, little time, no file to write and no credentials there.

What it wants to read it asks for, part by part, and is given up to a bound.
"""

from __future__ import annotations

import importlib.util
import json
import os
import selectors
import struct
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from daypass.errors import StoreError
from daypass_links.server.pages import parquet_child

__all__ = ["is_there", "rows_of"]

#: How much is read of a file, in bytes, and in how many parts; how long all of it may take, in seconds.
_MOST, _PARTS, _PATIENCE = 8 << 20, 200, 15.0
#: The longest answer, in bytes.
_ANSWER = 1 << 20
#: So many are read at once, whoever looks.
_READERS = ThreadPoolExecutor(2, "daypass-parquet")
#: One for each that is read or waits for that: whoever asks for more must not keep the threads of all pages waiting.
_PLACES = deque(range(4))


def is_there() -> bool:
    """Tell whether there is what reads Parquet."""
    return importlib.util.find_spec("pyarrow") is not None


def rows_of(
    size: int, part: Callable[[int, int], bytes], rows: int, columns: int
) -> list[list[str]]:
    """Return the names of columns and the first rows.

    Args:
        size: of the file, in bytes.
        part: returns bytes of it: from where, and how many.
        rows: how many at most.
        columns: how many at most.

    Raises:
        StoreError: if it is no Parquet file, or takes too much to read, or too many others are read just now.
        DaypassError: whatever ``part`` raises.

    """
    try:
        place = _PLACES.pop()
    except IndexError:
        msg = "too many other files of Parquet are being read: look again later"
        raise StoreError(msg) from None
    try:
        return _READERS.submit(_read, size, part, rows, columns).result()
    finally:
        _PLACES.append(place)


def _read(size: int, part: Callable[[int, int], bytes], rows: int, columns: int) -> list[list[str]]:
    command = [sys.executable, "-I", parquet_child.__file__, str(size), str(rows), str(columns)]
    with subprocess.Popen(  # noqa: S603 - nothing in it is a stranger's
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        # Arrow's own allocators take more addresses at once than there are.
        env={"PATH": os.defpath, "ARROW_DEFAULT_MEMORY_POOL": "system"},
    ) as child:
        try:
            return _served(child, size, part)
        except (BrokenPipeError, ValueError, KeyError) as error:
            raise _unread() from error
        finally:
            child.kill()


def _served(
    child: subprocess.Popen[bytes], size: int, part: Callable[[int, int], bytes]
) -> list[list[str]]:
    assert child.stdin is not None  # noqa: S101 - it is a pipe
    assert child.stdout is not None  # noqa: S101
    end, left = time.monotonic() + _PATIENCE, _MOST
    for _ in range(_PARTS):
        kind, first, length = struct.unpack(">cQQ", _taken(child, 17, end))
        if kind == b"D":
            if length > _ANSWER:
                break
            found: list[list[str]] = json.loads(_taken(child, length, end))["rows"]
            return [[str(cell) for cell in row] for row in found]
        if not 0 < length <= left or first + length > size:
            break
        left -= length
        said = part(first, length)
        child.stdin.write(struct.pack(">Q", len(said)) + said)
        child.stdin.flush()
    raise _unread()


def _taken(child: subprocess.Popen[bytes], length: int, end: float) -> bytes:
    """Return so many bytes of what the child says, which may say them slowly."""
    assert child.stdout is not None  # noqa: S101 - it is a pipe
    found = b""
    with selectors.DefaultSelector() as selector:
        selector.register(child.stdout, selectors.EVENT_READ)
        while len(found) < length:
            if not selector.select(max(end - time.monotonic(), 0)):
                raise _unread()
            said = os.read(child.stdout.fileno(), length - len(found))
            if not said:
                raise _unread()
            found += said
    return found


def _unread() -> StoreError:
    return StoreError("the file is none of Parquet that can be shown")
