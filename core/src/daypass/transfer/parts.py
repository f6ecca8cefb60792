"""Sending the parts of a file: several at a time, each as often as it takes, in little memory."""

from __future__ import annotations

import hashlib
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue

import attrs

from daypass.errors import UnsupportedOptionError
from daypass.hookspecs.network import EVERYBODYS, Network
from daypass.model.links import SignedURL
from daypass.store.multipart import MultipartUpload
from daypass.toolkit.wire import PIECE, send
from daypass.transfer.meter import Meter
from daypass.transfer.retries import ChangedError, Patience, insist
from daypass.transfer.stored import etag_of_stored
from daypass.transfer.whole import said_by

__all__ = ["Sent", "send_parts"]

#: How long an ending run waits for what is on its way, in seconds.
_LAST_WAIT = 5.0


class _StoppedError(Exception):
    """This run has ended while a part was on its way."""


@attrs.frozen
class Sent:
    """A part that the store has taken."""

    number: int
    etag: str | None
    #: True where the link was bound to the part's MD5.
    bound: bool


@attrs.define
class _Job:
    """What all threads share."""

    upload: MultipartUpload
    file: Path
    #: MD5 of each part in base64.
    md5s: Sequence[str]
    meter: Meter
    network: Network
    waiting: SimpleQueue[int]
    done: SimpleQueue[Sent | BaseException] = attrs.field(factory=SimpleQueue)
    stop: threading.Event = attrs.field(factory=threading.Event)

    def work(self) -> None:
        """Send parts until there are none, or the run has ended."""
        while not self.stop.is_set():
            try:
                number = self.waiting.get_nowait()
            except Empty:
                return
            try:
                patience = Patience()
                send_it = partial(self._send, number, patience)
                self.done.put(insist(send_it, stop=self.stop, patience=patience))
            except _StoppedError:
                return
            except BaseException as error:  # noqa: BLE001 - it is raised where the parts are waited for
                self.done.put(error)
                return

    def _send(self, number: int, patience: Patience) -> Sent:
        """Send one part, through a link of this moment."""
        if self.stop.is_set():
            raise _StoppedError
        md5 = self.md5s[number - 1]
        link, bound = _link(self.upload, number, md5)
        size = self.upload.size_of(number)
        # Not in the link where the store cannot bind it, and still checked by one that knows it.
        headers = {"Content-MD5": md5, "Content-Length": str(size)}
        with self.meter.attempt() as told:

            def advance(count: int) -> None:
                patience.go_on()
                told(count)

            body = self._pieces(number, size, advance)
            with send(link, headers=headers, body=body, network=self.network) as response:
                etag = etag_of_stored(link, response)
        return Sent(number, etag, bound)

    def _pieces(self, number: int, size: int, advance: Callable[[int], object]) -> Iterator[bytes]:
        """Read a part piece by piece, and hold what was read against its MD5 before the last piece goes."""
        digest = hashlib.md5(usedforsecurity=False)
        with self.file.open("rb") as source:
            source.seek((number - 1) * self.upload.part_size)
            left = size
            while left:
                if self.stop.is_set():
                    raise _StoppedError
                piece = source.read(min(PIECE, left))
                digest.update(piece)
                left -= len(piece)
                if not piece or (
                    not left and b64encode(digest.digest()).decode() != self.md5s[number - 1]
                ):
                    msg = f"{self.file} changed while it was uploaded"
                    raise ChangedError(msg)
                yield piece
                advance(len(piece))


def _link(upload: MultipartUpload, number: int, md5: str) -> tuple[SignedURL, bool]:
    """Sign a part's link with its MD5, or without where the store cannot bind it; say which."""
    try:
        link = upload.part(number, content_md5=md5)
    except UnsupportedOptionError as error:
        if error.option != "content_md5":
            raise
        return upload.part(number), False
    return link, "content_md5" in said_by(link) or "content_md5" not in link.unenforced


def send_parts(
    upload: MultipartUpload,
    file: Path,
    md5s: Sequence[str],
    numbers: Sequence[int],
    *,
    jobs: int,
    meter: Meter,
    network: Network = EVERYBODYS,
) -> Iterator[Sent]:
    """Send parts of a file, and yield each when the store has it; they come in no order.

    Args:
        upload: what they are of.
        file: where they are read from, piece by piece.
        md5s: MD5 of every part of the file, in base64.
        numbers: the parts to send.
        jobs: how many are sent at a time.
        meter: is told of every piece.
        network: how the store is reached.

    Raises:
        ChangedError: if the file is not what its checksums say.
        DaypassError: of the first part that cannot be sent, however often.

    """
    waiting: SimpleQueue[int] = SimpleQueue()
    for number in numbers:
        waiting.put(number)
    job = _Job(upload, file, md5s, meter, network, waiting)
    # Daemons: whoever is interrupted does not wait for a store that has fallen silent.
    threads = [
        threading.Thread(target=job.work, daemon=True) for _ in range(min(jobs, len(numbers)))
    ]
    for thread in threads:
        thread.start()
    try:
        for _ in numbers:
            found = job.done.get()
            if isinstance(found, BaseException):
                raise found
            yield found
    finally:
        job.stop.set()
        # A part that is on its way would outlive the abort of its upload.
        for thread in threads:
            thread.join(_LAST_WAIT)
