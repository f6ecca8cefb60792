"""Reads the first rows of Parquet files, each in a process of its own that is forked for it: parts of the file come by a socket, when they are asked for there.

`parquet` starts it, and sends what to read with the end of such a socket by stdin.
"""

from __future__ import annotations

import importlib
import io
import json
import os
import resource
import signal
import socket
import struct
import sys
from typing import Any

__all__ = ["ASKED", "SAID", "main"]

#: How it is said what to read: the size of the file in bytes, how many rows and how many columns; and what is answered: whether bytes are
#: wanted or all is done, from where, and how many.
ASKED, SAID = ">QQQ", ">cQQ"
#: What a process may take that reads: memory in bytes, and time in seconds, of the CPU and in all, which is more than anybody waits for
#: it. It writes no file, and opens few.
_MEMORY, _SECONDS, _LIVES, _FILES = 256 << 20, 10, 20, 64
#: How much is asked for at least, in bytes, since each part is a request: the next that is wanted is mostly beside it.
_AHEAD = 256 << 10


class _Asked(io.RawIOBase):
    """A file of which each part is asked for."""

    def __init__(self, size: int, asks: socket.socket) -> None:
        super().__init__()
        self._size, self._at, self._asks = size, 0, asks
        #: The part that was asked for last, and where it begins.
        self._first, self._known = 0, b""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return self._at

    def read(self, size: int = -1) -> bytes:
        left = max(self._size - self._at, 0)
        length = left if size < 0 else min(size, left)
        begins = self._at - self._first
        found = self._known[begins : begins + length] if begins >= 0 else b""
        self._at += len(found)
        if len(found) == length:
            return found
        self._first, self._known = self._at, self._part(length - len(found))
        rest = self._known[: length - len(found)]
        self._at += len(rest)
        return found + rest

    def _part(self, length: int) -> bytes:
        length = min(max(length, _AHEAD), self._size - self._at)
        self._asks.sendall(struct.pack(SAID, b"R", self._at, length))
        (said,) = struct.unpack(">Q", _taken(self._asks, 8))
        return _taken(self._asks, said)


def main() -> None:
    """Fork for each file that is asked for, as long as somebody may ask."""
    importlib.import_module("pyarrow.parquet")  # once for all that are forked
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those that read
    asked = socket.socket(fileno=sys.stdin.fileno())
    while True:
        said, ends, _, _ = socket.recv_fds(asked, struct.calcsize(ASKED), 1)
        if not ends:
            return
        if not os.fork():
            asked.close()
            try:
                _read(socket.socket(fileno=ends[0]), *struct.unpack(ASKED, said))
            finally:
                os._exit(0)
        os.close(ends[0])


def _read(asks: socket.socket, size: int, rows: int, columns: int) -> None:
    """Say the first rows, as JSON."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    signal.alarm(_LIVES)  # nobody else ends one that waits for something else than an answer
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    # What comes from now on comes from the file.
    for kind, most in (
        (resource.RLIMIT_AS, _MEMORY + _addresses()),
        (resource.RLIMIT_CPU, _SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, _FILES),
    ):
        resource.setrlimit(kind, (most, most))
    file = pq.ParquetFile(
        pa.PythonFile(_Asked(size, asks), mode="r"), buffer_size=1 << 16, pre_buffer=False
    )
    names = file.schema_arrow.names[:columns]
    batches = file.iter_batches(batch_size=rows, columns=names, use_threads=False)
    first = next(batches, None)
    # Several columns may have one name: they are read together, and in their order.
    there = [] if first is None else [*zip(first.schema.names, first.columns, strict=True)]
    cells = []
    for name in names if there else ():
        place = next(n for n, (one, _) in enumerate(there) if one == name)
        _, column = there.pop(place)
        cells.append([_shown(value, pa) for value in column.slice(0, rows)])
    found = [names, *map(list, zip(*cells, strict=True))]
    text = json.dumps(found).encode()
    asks.sendall(struct.pack(SAID, b"D", 0, len(text)) + text)


def _taken(asks: socket.socket, length: int) -> bytes:
    """Return so many bytes of what is answered.

    Raises:
        EOFError: if nobody answers any more.

    """
    found = bytearray()
    while len(found) < length:
        said = asks.recv(length - len(found))
        if not said:
            raise EOFError
        found += said
    return bytes(found)


def _shown(value: Any, pa: Any) -> str:
    """Return a cell as text; a question mark in the place of what has none, such as a moment in a zone that nobody knows."""
    if not value.is_valid:
        return ""
    for ask in (value.as_py, lambda: value.cast(pa.string()).as_py()):
        try:
            return str(ask())[:200]
        except (
            ValueError,
            OverflowError,
            KeyError,
            pa.ArrowException,
        ):  # Python has no such moment
            continue
    return "?"


def _addresses() -> int:
    """Return the address space that is taken already, in bytes: libraries map more than they use."""
    with open("/proc/self/statm", encoding="ascii") as opened:  # noqa: PTH123 - without pathlib
        return int(opened.read().split()[0]) * resource.getpagesize()


if __name__ == "__main__":
    main()
