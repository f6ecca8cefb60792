"""What has come of a download that broke off: it stays beside the file that it is to be, and the next run goes on.

Beside it lies what the store said of the object, by which it is known again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from pathlib import Path
from typing import BinaryIO

import attrs

from daypass.base.files import partly, private
from daypass.transfer.retries import ChangedError

__all__ = ["Partial", "partial"]

#: As much as is read of a journal that is not ours.
_LONGEST = 1 << 16


@attrs.define
class Partial:
    """A file that grows over several runs."""

    sink: BinaryIO
    _notes: BinaryIO
    #: What it comes from: a path, or a digest of a URL, whose query is a secret.
    origin: str
    #: The headers of the answer that began it; None where there is nothing to go on with.
    headers: Message | None = None

    def begin(self, headers: Message) -> None:
        """Note what the store says of the object, before anything of it is written."""
        self._notes.seek(0)
        self._notes.truncate()
        told = [(name, value) for name, value in headers.items() if _matters(name)]
        self._notes.write(json.dumps({"origin": self.origin, "headers": told}).encode())
        self._notes.flush()


def _matters(name: str) -> bool:
    lower = name.lower()
    return lower in ("etag", "content-length", "content-md5") or lower.endswith("-meta-md5chksum")


@contextmanager
def partial(target: Path, origin: str) -> Iterator[Partial]:
    """Open what is there of a file, for this run alone; when the block ends well it has the file's name.

    Args:
        target: the file.
        origin: by what it is known where it comes from; it is written down.

    Raises:
        StoreError: if another run is at it.
        InvalidRequestError: if nothing can be written there.

    """
    journal = target.with_name(f".{target.name}.daypass-journal")
    with partly(target) as sink:
        with private(journal) as notes:
            found = Partial(sink, notes, origin)
            found.headers = _read(notes, origin)
            try:
                yield found
            except ChangedError:
                found.sink.truncate(0)  # what is there is of no use
                raise
            except BaseException as error:
                if count := sink.seek(0, 2):
                    error.add_note(f"{count} bytes of it are kept: go on by resume=True")
                raise
        journal.unlink()


def _read(notes: BinaryIO, origin: str) -> Message | None:
    try:
        record = json.loads(notes.read(_LONGEST))
        if record["origin"] != origin:
            return None
        headers = Message()
        for name, value in record["headers"]:
            headers[str(name)] = str(value)
    except (ValueError, TypeError, KeyError):  # cut off, or nothing yet
        return None
    return headers
