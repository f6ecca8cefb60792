"""Bytes that come down: gone on with where a connection broke, and never of two objects."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from email.message import Message
from http import HTTPStatus
from typing import Any, BinaryIO

import attrs

from daypass.errors import DaypassError, StoreError
from daypass.hookspecs.network import EVERYBODYS, Network
from daypass.model.links import SignedURL
from daypass.toolkit.wire import CHUNK, Pace, Response, network_errors, send
from daypass.transfer.followed import followed
from daypass.transfer.meter import Meter
from daypass.transfer.partial import Partial
from daypass.transfer.retries import ChangedError, Patience, insist, is_temporary

__all__ = ["Arrived", "fetch"]

#: Numbers of 19 digits at most: below 2**63, and read in no time.
_RANGE = re.compile(r"bytes ([0-9]{1,19})-([0-9]{1,19})/([0-9]{1,19}|\*)")
#: Of the 16 bytes of an MD5. What else a header holds is nothing to compare, and goes into no message.
_MD5 = re.compile(r"[A-Za-z0-9+/]{21}[AQgw]==")
_NUMBER = re.compile(r"[0-9]{1,19}")
#: Bytes: fewer of all tries together are no getting on.
_LEAST = 1 << 10


@attrs.frozen
class Arrived:
    """What has come down."""

    size: int
    #: MD5 in base64.
    md5: str
    #: The ETag of what came down, without quotes.
    etag: str | None
    #: What the answer said of the object: its size in bytes, and its MD5 in base64.
    said_size: int | None
    said_md5: str | None
    #: True where a part of the object came, as the link's own Range asks.
    of_part: bool = False


def fetch(
    link: SignedURL,
    sink: BinaryIO,
    meter: Meter,
    *,
    encoding: str = "identity",
    most: int | None = None,
    room: int,
    network: Network = EVERYBODYS,
    begun: Partial | None = None,
) -> Arrived:
    """Write what a link leads to into a file.

    Args:
        link: for GET.
        sink: the file; what is in it counts only with ``begun``.
        meter: is told of every piece.
        encoding: in which the object may come (Accept-Encoding).
        most: how many bytes it has, where that is known: after them nothing more is read. Without it, what the
            answer says.
        room: how many bytes are read at most of an answer that does not say, which may have no end.
        network: how the store is reached.
        begun: the same file, as an earlier run has left it.

    Raises:
        ChangedError: if the object has become another on the way, or is longer.
        DaypassError: if it cannot be had, though asked again.

    """
    coming = _Coming(link, sink, meter, encoding, most, room, network, begun)
    coming.find()
    while True:
        before, coming.patience = coming.total, Patience()
        try:
            return insist(coming.go_on, again=coming.can_go_on, patience=coming.patience)
        except DaypassError as error:
            # A long download may break more often than that, as long as it gets on.
            if coming.total - before < _LEAST or not coming.can_go_on(error):
                raise


@attrs.define
class _Coming:
    """A download that may take several requests."""

    link: SignedURL
    sink: BinaryIO
    meter: Meter
    encoding: str
    most: int | None
    room: int
    network: Network
    begun: Partial | None = None
    total: int = 0
    #: Of the tries that this one is among.
    patience: Patience = attrs.field(factory=Patience)
    #: True as long as all that is there is an earlier run's.
    found: bool = False
    #: True where the answer that began it brings a part of the object.
    part: bool = False
    #: Of the answer that began it.
    headers: Message = attrs.field(factory=Message)
    #: Of all its requests together.
    _pace: Pace = attrs.field(factory=Pace)
    #: MD5 of all that has come.
    _digest: Any = attrs.field(factory=lambda: hashlib.md5(usedforsecurity=False))

    def can_go_on(self, error: BaseException) -> bool:
        """Tell whether to ask for the rest: of an object that can be told from others."""
        can_ask = self._tag is not None and not self._is_of_a_part
        in_time = not self._pace.is_lost
        return in_time and is_temporary(error) and (self.total == 0 or can_ask)

    @property
    def _is_of_a_part(self) -> bool:
        """Tell whether the link itself asks for a part of the object, and for none besides."""
        return any(name.lower() == "range" for name in self.link.headers)

    @property
    def _tag(self) -> str | None:
        """The ETag by which the store would know the object again; a weak one does not do."""
        tag: str | None = self.headers.get("ETag")
        return tag if tag is not None and tag.startswith('"') else None

    def find(self) -> None:
        """Begin with what an earlier run has left, where the store can be asked for the rest of that very object."""
        if self.begun is None or self.begun.headers is None:
            return
        self.headers = self.begun.headers
        if self._tag is None or self._is_of_a_part:
            return
        # Where all is there, the last byte is asked for again: only the store knows whether the object is still that one.
        size = self._said_size if self.most is None else self.most
        left = (1 << 63) - 1 if size is None else max(size - 1, 0)
        self.sink.seek(0)
        while piece := self.sink.read(min(CHUNK, left - self.total)):
            self._digest.update(piece)
            self.total += len(piece)
        self.sink.seek(self.total)
        self.sink.truncate()
        self.found = self.total > 0
        self.meter.begin(self._said_size)
        self.meter.add(self.total)

    def _forget(self) -> None:
        self.meter.add(-self.total)
        self.total = 0
        self.found = False
        self.sink.seek(0)
        self.sink.truncate()
        self._digest = hashlib.md5(usedforsecurity=False)

    def go_on(self) -> Arrived:
        """Ask for what is missing, and read it to its end; all of it, where the object is another by now."""
        if not self.found:
            return self._ask()
        try:
            return self._ask()
        except StoreError as error:
            gone = error.status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
            if not self.found or not (gone or isinstance(error, ChangedError)):
                raise
        self._forget()
        return self._ask()

    def _ask(self) -> Arrived:
        headers = {"Accept-Encoding": self.encoding}
        if self.total:
            headers |= {"Range": f"bytes={self.total}-", "If-Match": self._tag or ""}
        try:
            link = followed(self.link, self.network)
            with send(link, headers=headers, network=self.network) as response:
                self._begin(response)
                self._read(response)
        except StoreError as error:
            if self.total and error.status == HTTPStatus.PRECONDITION_FAILED:
                raise self._changed() from None
            raise
        return self._arrived()

    def _arrived(self) -> Arrived:
        return Arrived(
            size=self.total,
            md5=b64encode(self._digest.digest()).decode(),
            etag=None if (tag := self.headers.get("ETag")) is None else tag.strip('"'),
            said_size=self._said_size,
            # What is kept with an object is the MD5 of all of it.
            said_md5=None if self._is_of_a_part else _md5_of(self.headers),
            of_part=self.part,
        )

    @property
    def _said_size(self) -> int | None:
        size = self.headers.get("Content-Length", "")
        if _NUMBER.fullmatch(size):
            return int(size)
        place = _RANGE.fullmatch(self.headers.get("Content-Range", ""))
        if place is None or not self._is_of_a_part:
            return None
        return int(place[2]) - int(place[1]) + 1  # of a part in chunks

    def _begin(self, response: Response) -> None:
        if response.status == HTTPStatus.PARTIAL_CONTENT and self.total:
            if not self._is_the_rest(response.headers):
                raise self._changed()
            return
        whole = HTTPStatus.PARTIAL_CONTENT if self._is_of_a_part else HTTPStatus.OK
        if response.status not in (HTTPStatus.OK, whole):
            msg = f"the store answered {response.status} to GET {self.link.path}, which brings no whole object: nothing was saved"
            raise StoreError(msg, status=response.status)
        # The first answer, or one of a server that knows no ranges and begins again.
        self._forget()
        self.headers = response.headers
        self.part = response.status == HTTPStatus.PARTIAL_CONTENT
        if self.begun is not None:
            self.begun.begin(response.headers)
        self.meter.begin(response.length)

    def _is_the_rest(self, headers: Message) -> bool:
        """Tell whether what comes belongs behind what has come: a server may not heed If-Match."""
        place = _RANGE.fullmatch(headers.get("Content-Range", ""))
        # RFC 9110, 15.3.7: a 206 has the ETag that a 200 would have.
        if place is None or int(place[1]) != self.total or headers.get("ETag") != self._tag:
            return False
        return place[3] == "*" or self._said_size in (None, int(place[3]))

    def _read(self, response: Response) -> None:
        # Of a link alone the answer that began it says how long all is: what follows a break may say more.
        most = self._said_size if self.most is None else self.most
        while True:
            with network_errors(self.link):
                piece = self._pace.read(response)
            if not piece:
                break
            if most is not None and self.total + len(piece) > most:
                msg = f"{self.link.path} should have {most} bytes, and more arrived: nothing was saved"
                raise ChangedError(msg)
            if most is None and self.total + len(piece) > self.room:
                msg = f"the answer to GET {self.link.path} does not say how many bytes it has, and more than {self.room} arrived, half of what the disk had room for: nothing was saved"
                raise ChangedError(msg)
            self.found = False
            self.sink.write(piece)
            self._digest.update(piece)
            self.total += len(piece)
            self.patience.go_on()
            self.meter.add(len(piece))
        # http.client says nothing where the connection ends before the announced end.
        if response.length:
            msg = f"the download of {self.link.path} ended {response.length} bytes early"
            raise StoreError(msg)

    def _changed(self) -> ChangedError:
        msg = f"{self.link.path} changed while it was downloaded: nothing was saved"
        return ChangedError(msg)


def _md5_of(headers: Message) -> str | None:
    """Return the MD5 that an answer states, by RFC 1864 or as user metadata of `daypass.upload`."""
    if headers.get("Warning", "").startswith("214"):
        return None  # RFC 7234: a server on the way has unpacked it
    for name, value in headers.items():
        lower = name.lower()
        if (lower == "content-md5" or lower.endswith("-meta-md5chksum")) and _MD5.fullmatch(value):
            return str(value)
    return None
