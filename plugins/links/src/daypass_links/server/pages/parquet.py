"""The first rows of a Parquet file, read by a process of its own: a file made to harm has little memory, little time, no file to write and no credentials there.

What it wants to read it asks for, part by part, and is given up to a bound. It is forked, for that file alone, from a process that has
loaded what reads Parquet and has never read any.
"""

from __future__ import annotations

import atexit
import importlib.util
import os
import socket
import struct
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import msgspec

from daypass.base.process import after_fork
from daypass.errors import DaypassError, StoreError
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
#: The process that forks, once there is one, and what it is talked to by; what is held while it is begun or asked.
_FORKS: list[tuple[subprocess.Popen[bytes], socket.socket]] = []
_FORKING = threading.Lock()


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
    try:
        with _begun(size, rows, columns) as child:
            return _served(child, size, part)
    except DaypassError:
        raise
    except (OSError, msgspec.MsgspecError) as error:
        raise _unread() from error


def _begun(size: int, rows: int, columns: int) -> socket.socket:
    """Have a new process read a file, and return what it is talked to by: it ends once that is closed."""
    said = struct.pack(parquet_child.ASKED, size, rows, columns)
    ours, theirs = socket.socketpair()
    try:
        with theirs, _FORKING:
            try:
                socket.send_fds(_forking(), [said], [theirs.fileno()])
            except OSError:  # somebody has ended or stopped it
                _forget()
                socket.send_fds(_forking(), [said], [theirs.fileno()])
    except OSError:
        ours.close()
        raise
    return ours


def _forking() -> socket.socket:
    """Return what a process is talked to by that has loaded what reads Parquet, and forks for each file: to load it takes far longer than to read one."""
    if not _FORKS:
        ours, theirs = socket.socketpair()
        ours.settimeout(_PATIENCE)  # of one that hangs: another is begun then
        with theirs:
            process = subprocess.Popen(  # noqa: S603 - nothing in it is a stranger's
                [sys.executable, "-I", parquet_child.__file__],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                # Arrow's own allocators take more addresses at once than there are; and who has threads had better not fork.
                env={
                    "PATH": os.defpath,
                    "ARROW_DEFAULT_MEMORY_POOL": "system",
                    "JE_ARROW_MALLOC_CONF": "background_thread:false",
                    "OPENBLAS_NUM_THREADS": "1",
                },
            )
        _FORKS.append((process, ours))
    return _FORKS[0][1]


@atexit.register
def _forget() -> None:
    """End the process that forks."""
    while _FORKS:
        process, ours = _FORKS.pop()
        ours.close()  # with which it has nothing more to do
        process.kill()
        process.wait()


@after_fork
def _begin_anew() -> None:
    """Know nothing of the process that forks, in a fork: it is another one's child."""
    global _FORKING  # noqa: PLW0603 - whoever held it is not in the fork
    _FORKING = threading.Lock()
    while _FORKS:
        process, ours = _FORKS.pop()
        process.returncode = 0  # nobody here waits for it
        ours.close()


def _served(child: socket.socket, size: int, part: Callable[[int, int], bytes]) -> list[list[str]]:
    end, left = time.monotonic() + _PATIENCE, _MOST
    for _ in range(_PARTS):
        kind, first, length = struct.unpack(parquet_child.SAID, _taken(child, 17, end))
        if kind == b"D":
            if length > _ANSWER:
                break
            found = msgspec.json.decode(_taken(child, length, end), type=list[list[str]])
            if not found:
                break
            return found
        if not 0 < length <= left or first + length > size:
            break
        left -= length
        said = part(first, length)
        child.settimeout(max(end - time.monotonic(), 0.001))
        child.sendall(struct.pack(">Q", len(said)) + said)
    raise _unread()


def _taken(child: socket.socket, length: int, end: float) -> bytes:
    """Return so many bytes of what the child says, which may say them slowly."""
    found = b""
    while len(found) < length:
        left = end - time.monotonic()
        if left <= 0:
            raise _unread()
        child.settimeout(left)
        said = child.recv(length - len(found))
        if not said:
            raise _unread()
        found += said
    return found


def _unread() -> StoreError:
    return StoreError("the file is none of Parquet that can be shown")
