"""The new manifest while it is written: a file that only grows, and a journal of how far it has got.

Both lie beside the target. A kill leaves them, ``--resume`` cuts off what is not whole and goes on.
When all is written, the file takes the target's name and the journal goes.
"""

from __future__ import annotations

import hashlib
import json
import os
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from daypass.base.files import lock, private
from daypass.errors import InvalidRequestError

__all__ = ["Output", "output"]

Record = dict[str, Any]


class Output:
    """Grows by one chunk at a time.

    Args:
        file: what grows.
        notes: its journal; None where there is no going on.
        records: what an earlier run has written of each chunk.
        size: how long the file is.

    """

    def __init__(
        self, file: BinaryIO, notes: BinaryIO | None, records: list[Record], size: int
    ) -> None:
        self._file = file
        self._notes = notes
        self._size = size
        self.records = records
        #: How many chunks are written.
        self.count = len(records)

    def begin(self, data: bytes) -> None:
        """Write what comes before the first chunk, where nothing has been written."""
        if not self._size:
            self._file.write(data)
            self._size = len(data)

    def add(self, data: bytes | memoryview, record: Record) -> Record:
        """Write a chunk, and take down that it is there; return what was taken down."""
        self._file.write(data)
        self._file.flush()
        whole = record | {"start": self._size, "size": len(data), "crc": zlib.crc32(data)}
        self._size += len(data)
        self.count += 1
        if self._notes is not None:
            self._notes.write(json.dumps(whole).encode() + b"\n")
            self._notes.flush()
        return whole

    def end(self, data: bytes) -> None:
        """Write what comes behind the last chunk."""
        self._file.write(data)
        self._file.flush()


@contextmanager
def output(target: Path | BinaryIO, identity: Any, *, resume: bool) -> Iterator[Output]:
    """Open the output for the length of a ``with`` block that writes all of it.

    Args:
        target: where it goes: a file, or a stream, which grows as it is read.
        identity: plain values that tell this run's input and options from all others.
        resume: go on where an earlier run stopped.

    Raises:
        StoreError: if another run is writing.
        InvalidRequestError: if the earlier run was another's.

    """
    if not isinstance(target, Path):
        yield Output(target, None, [], 0)
        return
    part = target.with_name(f".{target.name}.daypass-part")
    journal = target.with_name(f".{target.name}.daypass-journal")
    with private(journal) as notes:
        lock(notes, f"writing {target}")
        if not resume or not part.exists():
            notes.truncate(0)
        identified = _identified(notes, identity)
        with private(part) as file:
            records = _kept(notes, file) if identified else []
            growing = Output(file, notes, records, file.tell())
            try:
                yield growing
            except BaseException as error:
                # Nothing to go on with, or the same command would fail again.
                if not growing.count or isinstance(error, ValueError):
                    part.unlink()
                    journal.unlink()
                raise
        part.replace(target)
        journal.unlink()


def _identified(notes: BinaryIO, identity: Any) -> bool:
    """Tell whether the journal is of an earlier run like this one; begin a new one where there is none.

    Raises:
        InvalidRequestError: if it is of another.

    """
    header = notes.readline()
    if header == _header(header[:32], identity):
        return True
    if header.endswith(b"\n"):
        msg = (
            "resume=True: the manifest or the options are not those of the run that was killed: "
            "leave it out to begin again"
        )
        raise InvalidRequestError(msg, option="resume")
    notes.seek(0)
    notes.truncate()
    notes.write(_header(os.urandom(16).hex().encode(), identity))
    notes.flush()
    return False


def _header(salt: bytes, identity: Any) -> bytes:
    """Return the first line: a salt and a digest, which gives none of the options away."""
    text = json.dumps(identity, sort_keys=True, default=repr)
    return salt + hashlib.sha256(salt + text.encode()).hexdigest().encode() + b"\n"


def _kept(notes: BinaryIO, file: BinaryIO) -> list[Record]:
    """Return the records of what is whole and still alive; cut off the rest of both files."""
    records: list[Record] = []
    place = notes.tell()
    for line in iter(notes.readline, b""):
        record = _record(line)
        if record is None or _has_ended(record):
            break
        file.seek(record["start"])
        if zlib.crc32(file.read(record["size"])) != record["crc"]:
            break
        records.append(record)
        place = notes.tell()
    notes.seek(place)
    notes.truncate()
    file.seek(records[-1]["start"] + records[-1]["size"] if records else 0)
    file.truncate()
    return records


def _record(line: bytes) -> Record | None:
    with suppress(ValueError):
        if line.endswith(b"\n"):
            return dict(json.loads(line))
    return None


def _has_ended(record: Mapping[str, Any]) -> bool:
    end = record["end"]
    return end is not None and datetime.fromisoformat(end) <= datetime.now(UTC)
