"""A file that goes up to a session: on from where it stopped, as often as it takes.

The session is started by a link, and its address opens it to whoever has it. What is asked of it is one protocol:
https://docs.cloud.google.com/storage/docs/performing-resumable-uploads.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import BinaryIO
from urllib.parse import urljoin, urlsplit

import attrs

from daypass.errors import DaypassError, InvalidRequestError, StoreError
from daypass.hookspecs.network import EVERYBODYS, Network
from daypass.model.headers import of_session
from daypass.model.links import SignedURL
from daypass.toolkit.wire import Response, send
from daypass.transfer.links import check_url
from daypass.transfer.meter import Meter
from daypass.transfer.retries import Patience, insist, is_temporary
from daypass.transfer.stored import etag_of_stored
from daypass.transfer.whole import pieces

__all__ = ["UNIT", "Sending", "cancel", "send_by_session", "session_at", "start"]

#: Of a piece that is not the last a session keeps whole ones of so many bytes.
UNIT = 256 << 10

#: What a session answers that has not got all bytes, a redirect elsewhere.
_GOES_ON = 308
#: And one that is cancelled: by the JSON API, and by the XML API.
_CANCELLED = (499, 204)
#: And one that is not there.
_GONE = (404, 410)
#: How many there are: all from the first to this one.
_THERE = re.compile(r"bytes=0-([0-9]{1,19})")


def send_by_session(link: SignedURL, source: BinaryIO, meter: Meter) -> tuple[int, str | None]:
    """Send a file by a link that starts a session; return its size in bytes, and its ETag where the store gives one.

    Raises:
        ChangedError: if the file becomes shorter meanwhile.
        DaypassError: if it cannot be sent, though gone on with.

    """
    size = os.fstat(source.fileno()).st_size
    sending = Sending(start(link), source, size, meter, have=0)
    return size, sending.finish()


def start(link: SignedURL, network: Network = EVERYBODYS) -> SignedURL:
    """Start a session; return the link to it.

    Raises:
        StoreError: for an answer that names none, or one elsewhere.
        DaypassError: if the store cannot be asked.

    """

    def once() -> str:
        with send(link, headers={"Content-Length": "0"}, network=network) as response:
            address: str | None = response.headers.get("Location")
        if not address:
            msg = (
                f"the answer to POST {link.path} was {response.status} and names no session to bring the bytes to: look at what "
                "answers there, such as a proxy"
            )
            raise StoreError(msg, status=response.status)
        return address

    return session_at(link, insist(once))


def session_at(link: SignedURL, address: str) -> SignedURL:
    """Return the link to a session that a link has started.

    Raises:
        StoreError: if it lies anywhere but where the link leads: the bytes are for that server, and so is a key.

    """
    try:
        address = urljoin(link.url, address)
        check_url(address)
        found, own = urlsplit(address), urlsplit(link.url)
        is_there = (found.scheme, found.netloc.lower()) == (own.scheme, own.netloc.lower())
    except (InvalidRequestError, ValueError):
        is_there = False
    if not is_there:
        msg = (
            f"the session for {link.path} would be at another server than the link: sign the link for the host that the store "
            "itself names (endpoint_url, public_endpoint)"
        )
        raise StoreError(msg)
    return attrs.evolve(link, url=address, headers=of_session(link.headers))


def cancel(session: SignedURL, network: Network = EVERYBODYS) -> None:
    """Let the store forget a session and what was brought to it; one that it does not know is no error.

    Raises:
        DaypassError: if it cannot be asked.

    """
    asked = attrs.evolve(session, method="DELETE")
    try:
        with send(
            asked, headers={"Content-Length": "0"}, network=network, answers=_CANCELLED
        ) as response:
            status = response.status
    except StoreError as error:
        if error.status not in _GONE:
            raise
        return
    if status not in _CANCELLED:
        msg = f"the answer to DELETE {session.path} was {status}, and one that is cancelled answers otherwise: look at what answers there, such as a proxy"
        raise StoreError(msg, status=status)


@attrs.define
class Sending:
    """A file on its way to a session."""

    session: SignedURL
    source: BinaryIO
    #: In bytes, all of which the session is to get.
    size: int
    meter: Meter
    network: Network = EVERYBODYS
    #: How many bytes go in one request; all that are missing without it.
    piece: int | None = None
    #: How many bytes the store has; None where it has to be asked.
    have: int | None = attrs.field(default=None, kw_only=True)
    _patience: Patience = attrs.field(factory=Patience, init=False)
    _most: int = attrs.field(default=0, init=False)
    _told: int = attrs.field(default=0, init=False)
    _is_done: bool = attrs.field(default=False, init=False)
    _etag: str | None = attrs.field(default=None, init=False)

    def finish(self) -> str | None:
        """Send all that is missing, and go on where it stops; return the object's ETag, where the store gives one.

        Raises:
            ChangedError: if the file becomes shorter meanwhile.
            DaypassError: if nothing more arrives, however often it is tried.

        """
        self.meter.begin(self.size)
        while True:
            reached, self._patience = self._most, Patience()
            try:
                insist(self._go_on, patience=self._patience)
            except DaypassError as error:
                if self._most >= reached + UNIT and is_temporary(error):
                    continue  # it comes forward, though with stops
                raise
            return self._etag

    def _go_on(self) -> None:
        if self.have is None:
            self._ask(0, 0)
        while not self._is_done:
            begin = self.have or 0
            self._ask(
                begin, self.size if self.piece is None else min(begin + self.piece, self.size)
            )
            if not self._is_done and (self.have or 0) <= begin:
                msg = f"the session for {self.session.path} has taken none of the bytes from {begin} on"
                raise StoreError(msg)

    def _ask(self, begin: int, end: int) -> None:
        """Send the bytes from one to another, or none; learn how many the store has."""
        self.have = None
        place = f"{begin}-{end - 1}" if begin < end else "*"
        headers = {
            "Content-Range": f"bytes {place}/{self.size}",
            "Content-Length": str(end - begin),
        }
        body = self._bytes(begin, end) if begin < end else None
        with send(
            self.session, headers=headers, body=body, network=self.network, answers=(_GOES_ON,)
        ) as response:
            if response.status == _GOES_ON:
                self.have = _there(self.session, response, self.size)
            else:
                self._etag = etag_of_stored(self.session, response)
                self.have, self._is_done = self.size, True
        self._most = max(self._most, self.have)
        self._tell(self.have)

    def _bytes(self, begin: int, end: int) -> Iterator[bytes]:
        self.source.seek(begin)
        self._tell(begin)
        for piece in pieces(self.source, end - begin):
            yield piece
            self._patience.go_on()
            self._tell(self._told + len(piece))

    def _tell(self, there: int) -> None:
        self.meter.add(there - self._told)
        self._told = there


def _there(session: SignedURL, response: Response, size: int) -> int:
    """Read how many bytes a session has.

    Raises:
        StoreError: for an answer that says it in no way, such as a redirect.

    """
    said = response.headers.get("Range")
    found = None if said is None else _THERE.fullmatch(said.strip())
    count = 0 if found is None else int(found[1]) + 1
    if "Location" in response.headers or (said is not None and found is None) or count > size:
        msg = f"the answer to PUT {session.path} was {_GOES_ON} and does not say how many of {size} bytes are there: look at what answers there, such as a proxy"
        raise StoreError(msg, status=_GOES_ON)
    return count
