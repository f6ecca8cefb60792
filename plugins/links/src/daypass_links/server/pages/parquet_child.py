"""Reads the first rows of a Parquet file in a process of its own, which `parquet` starts: parts of the file come by stdin, when they are asked for by stdout."""

from __future__ import annotations

import io
import json
import resource
import struct
import sys

__all__ = ["main"]

#: What this process may take: memory in bytes, and time of the CPU in seconds. It writes no file, and opens few.
_MEMORY, _SECONDS, _FILES = 256 << 20, 10, 64


class _Asked(io.RawIOBase):
    """A file of which each part is asked for."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self._size, self._at = size, 0

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
        if not length:
            return b""
        sys.stdout.buffer.write(struct.pack(">cQQ", b"R", self._at, length))
        sys.stdout.buffer.flush()
        (said,) = struct.unpack(">Q", sys.stdin.buffer.read(8))
        found = sys.stdin.buffer.read(said)
        self._at += len(found)
        return found


def main(size: int, rows: int, columns: int) -> None:
    """Say the first rows, as JSON."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    # What comes from now on comes from the file.
    for kind, most in (
        (resource.RLIMIT_AS, _MEMORY + _taken()),
        (resource.RLIMIT_CPU, _SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, _FILES),
    ):
        resource.setrlimit(kind, (most, most))
    file = pq.ParquetFile(
        pa.PythonFile(_Asked(size), mode="r"), buffer_size=1 << 16, pre_buffer=False
    )
    names = file.schema_arrow.names[:columns]
    batches = file.iter_batches(batch_size=rows, columns=names, use_threads=False)
    first = next(batches, None)
    said = [] if first is None else first.slice(0, rows).to_pylist()
    found = [names, *([_shown(row.get(name)) for name in names] for row in said)]
    text = json.dumps({"rows": found}).encode()
    sys.stdout.buffer.write(struct.pack(">cQQ", b"D", 0, len(text)) + text)
    sys.stdout.buffer.flush()


def _shown(value: object) -> str:
    return "" if value is None else str(value)[:200]


def _taken() -> int:
    """Return the address space that is taken already, in bytes: libraries map more than they use."""
    with open("/proc/self/statm", encoding="ascii") as opened:  # noqa: PTH123 - without pathlib
        return int(opened.read().split()[0]) * resource.getpagesize()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:4]))
