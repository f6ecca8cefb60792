"""What is known of an upload that is not complete: a small file, so that a killed upload can go on.

It lies in the user's state directory, for nobody else to read, and holds no credentials: paths, sizes, checksums, what describes the
object, and the upload's id, which opens nothing. A line is added for each part that the store has taken. Of an upload to
a session it holds the session's address, which opens that upload.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import attrs

from daypass.base.files import lock, private
from daypass.errors import StoreError

__all__ = ["Journal", "Upload", "open_journal"]


@attrs.frozen(kw_only=True)
class Upload:
    """One upload that has begun."""

    #: The file's absolute path, and the path it goes to.
    file: str
    path: str
    #: What the file was when the upload began: size in bytes, time of its last change in nanoseconds,
    #: which is 0 for a stream.
    size: int
    changed: int
    part_size: int
    upload_id: str
    #: MD5 of the whole file and of each part, in base64.
    content_md5: str
    part_md5s: list[str]
    #: What describes the object, as keywords; of those that may be secret a digest alone.
    options: dict[str, Any]
    secret: str | None = None
    #: The address of the session that the file goes to, where it goes to one.
    session: str | None = attrs.field(default=None, repr=False)


@attrs.define
class Journal:
    """The journal of one file on its way to one path."""

    place: Path
    _file: BinaryIO
    #: The upload that an earlier run has begun and not ended.
    upload: Upload | None = None
    #: The parts that the store has taken, by number: their ETags.
    etags: dict[int, str | None] = attrs.field(factory=dict)
    #: Those of them whose links were bound to their MD5.
    bound: set[int] = attrs.field(factory=set)

    def begin(self, upload: Upload) -> None:
        """Note an upload, on the disk, before anything of it is sent."""
        self.upload = upload
        self._file.seek(0)
        self._file.truncate()
        self._write(attrs.asdict(upload))
        os.fsync(self._file.fileno())

    def add(self, number: int, etag: str | None, *, bound: bool) -> None:
        """Note a part that the store has taken."""
        self._know(number, etag, bound=bound)
        self._write({"part": number, "etag": etag, "bound": bound})

    def _know(self, number: int, etag: str | None, *, bound: bool) -> None:
        self.etags[number] = etag
        if bound:
            self.bound.add(number)

    def remove(self) -> None:
        """Forget the upload: it was completed or aborted."""
        self.upload = None
        self.place.unlink(missing_ok=True)

    def _write(self, record: Mapping[str, Any]) -> None:
        self._file.write(json.dumps(record).encode() + b"\n")
        self._file.flush()


@contextmanager
def open_journal(file: Path, path: str) -> Iterator[Journal]:
    """Open the journal of a file on its way to a path, for this run alone.

    Args:
        file: the file.
        path: where it goes.

    Raises:
        StoreError: if another run is at it, or nothing can be written there.

    """
    place = _place(file, path)
    try:
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        notes = private(place)
    except StoreError:
        raise
    except OSError as error:
        msg = (
            f"an upload in parts or to a session keeps a journal in {place.parent}, which cannot be written "
            f"({error.strerror}): set XDG_STATE_HOME to a directory that can, or send the file in one piece "
            "(a higher multipart_threshold, and not resumable)"
        )
        raise StoreError(msg) from error
    with notes:
        lock(notes, f"uploading {file} to this path")
        journal = Journal(place, notes)
        _read(journal, notes)
        try:
            yield journal
        finally:
            if journal.upload is None:
                place.unlink(missing_ok=True)


def _place(file: Path, path: str) -> Path:
    from platformdirs import user_state_path

    name = hashlib.sha256(f"{file.absolute()}\0{path}".encode("utf-8", "surrogateescape"))
    return (
        user_state_path("daypass", appauthor=False) / "uploads" / f"{name.hexdigest()[:32]}.jsonl"
    )


def _read(journal: Journal, notes: BinaryIO) -> None:
    """Read what an earlier run has noted; a last line that was cut off is none."""
    lines = notes.read().split(b"\n")[:-1]
    if not lines:
        return
    try:
        journal.upload = Upload(**json.loads(lines[0]))
        for line in lines[1:]:
            record = json.loads(line)
            journal._know(record["part"], record["etag"], bound=record["bound"])  # noqa: SLF001 - the class is of this module
    except (ValueError, TypeError, KeyError) as error:
        msg = f"the journal {journal.place} is damaged: remove it, and look in the bucket for uploads that are not complete"
        raise StoreError(msg) from error
