"""``Reader``: parts of objects, and what is known of them, by requests through links that are fresh."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.message import Message
from http import HTTPStatus
from typing import Any, TypeVar

import attrs

from daypass.base.times import http_date, until
from daypass.errors import DaypassError, ObjectNotFoundError, StoreError
from daypass.hookspecs.network import Network
from daypass.model.links import SignedURL
from daypass.model.paths import shown_path
from daypass.store.fresh import Kept
from daypass.store.prepared import root_for
from daypass.toolkit.wire import Pace, Response, network_errors, send
from daypass.transfer.followed import followed
from daypass.transfer.links import pointed
from daypass.transfer.retries import insist

__all__ = ["CHANGED", "Found", "Reader"]

T = TypeVar("T")

#: With these a store, or a links service, refuses a link that has ended, was narrowed or taken back.
_REFUSED = (400, 401, 403, 410)
#: With this a store says that a part begins where the object has ended.
_BEHIND_THE_END = (HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,)
#: What our own error says of an object that is another than the one that was found.
CHANGED = HTTPStatus.PRECONDITION_FAILED
#: How often a request is made that fails for a reason which passes by itself.
_TRIES = 4
_RANGE = re.compile(r"bytes [0-9]{1,19}-[0-9]{1,19}/([0-9]{1,19})")
_NUMBER = re.compile(r"[0-9]{1,19}")


@attrs.frozen
class Found:
    """What the headers of an answer say of an object."""

    size: int
    etag: str | None
    last_modified: datetime | None
    content_type: str | None

    def is_of(self, other: Found) -> bool:
        """Tell whether both are of the same object: not every store has an ETag."""
        return (self.etag, self.size) == (other.etag, other.size)


class Reader:
    """Reads objects through links, and signs again before these end, and where one is refused.

    Args:
        kept: the links.
        place: the keywords of `create_signed_url` that say where the store is, and who signs.

    """

    def __init__(self, kept: Kept, place: Mapping[str, Any]) -> None:
        self._kept = kept
        self._place = place

    def find(self, path: str) -> Found:
        """Ask for an object's size, and what tells it from others; one request.

        Raises:
            ObjectNotFoundError: if there is no such object.
            DaypassError: another of the tree in `daypass.errors`.

        """

        def ask(link: SignedURL, network: Network) -> Found:
            if "HEAD" in link.permits:
                head = attrs.evolve(link, method="HEAD")
                with _asked(head, network) as response:
                    return _found(response, link)
            # A link for GET alone answers HEAD with 403: the first byte comes with the size of all.
            with _asked(link, network, {"Range": "bytes=0-0"}, _BEHIND_THE_END) as response:
                if response.status not in _BEHIND_THE_END:
                    return _found(response, link)
            # An object without a first byte is empty: whole it is as short, and no headers of an error come with it.
            with _asked(link, network) as response:
                return _found(response, link, unsaid="0")

        return self._through(path, ask)

    def read(self, path: str, start: int, end: int, known: Found) -> bytes:
        """Read a part of an object; one request.

        Args:
            path: of the object.
            start: where it begins, in bytes.
            end: the byte behind its last.
            known: what was found of the object, which it still has to be.

        Raises:
            StoreError: if the object has become another.
            DaypassError: another of the tree in `daypass.errors`.

        """

        def ask(link: SignedURL, network: Network) -> bytes:
            wanted = {"Range": f"bytes={start}-{end - 1}"}
            with _asked(link, network, wanted, _BEHIND_THE_END) as response:
                # What was found of it has these bytes: of one that ends before them less is there now.
                if response.status in _BEHIND_THE_END or not _found(response, link).is_of(known):
                    msg = f"{link.path} changed while it was read: open it again"
                    raise StoreError(msg, status=CHANGED)
                skipped = start if response.status == HTTPStatus.OK else 0
                data = _body(response, link, skipped + end - start)[skipped:]
            if len(data) != end - start:
                msg = f"the store sent {len(data)} of the {end - start} bytes that were asked for of {link.path}"
                raise StoreError(msg)
            return data

        return self._through(path, ask)

    def _through(self, path: str, ask: Callable[[SignedURL, Network], T]) -> T:
        """Ask through a link that is kept; where it is refused, once more through a new one."""
        root, _ = root_for(path, **self._place)
        kept = self._kept.known(path)
        with _missing(path):
            if kept is not None:
                try:
                    return insist(lambda: ask(kept, root.network), tries=_TRIES)
                except StoreError as error:
                    if error.status not in _REFUSED:
                        raise
            link = self._kept.sign(path) if kept is None else self._again(path, kept)
            with pointed(link):
                return insist(lambda: ask(link, root.network), tries=_TRIES)

    def _again(self, path: str, old: SignedURL) -> SignedURL:
        """Sign anew in the place of a link that was refused.

        Raises:
            DaypassError: as signing does; it says when the old link ended, too.

        """
        try:
            return self._kept.sign(path)
        except DaypassError as error:
            error.args = (f"{_ended(old)}, and no new one could be signed: {error}",)
            raise


def _ended(link: SignedURL) -> str:
    """Say what became of a link that is refused."""
    now = datetime.now(UTC)
    end = until(link.expires_at, now)
    return f"the link to {link.path} {'expired at' if link.expires_at <= now else 'is refused before its end at'} {end}"


@contextmanager
def _missing(path: str) -> Iterator[None]:
    try:
        yield
    except StoreError as error:
        if error.status == HTTPStatus.NOT_FOUND:
            msg = f"there is no object {shown_path(path)}"
            raise ObjectNotFoundError(msg) from None
        raise


@contextmanager
def _asked(
    link: SignedURL,
    network: Network,
    headers: Mapping[str, str] | None = None,
    answers: Collection[HTTPStatus] = (),
) -> Iterator[Response]:
    """Send a request, of a links service's link to where it leads now."""
    # Bytes are wanted as the store keeps them: a range of what is packed on the way is of no use.
    given = {"Accept-Encoding": "identity", **(headers or {})}
    with send(followed(link, network), headers=given, network=network, answers=answers) as response:
        yield response


def _found(response: Response, link: SignedURL, unsaid: str = "") -> Found:
    """Read the headers of an answer; ``unsaid`` is how long the object is where they do not say so.

    Raises:
        StoreError: if they do not say how long the object is.

    """
    headers: Message = response.headers
    place = _RANGE.fullmatch(headers.get("Content-Range", ""))
    size = headers.get("Content-Length", unsaid) if place is None else place[1]
    if not _NUMBER.fullmatch(size):
        msg = f"the store does not say how long {link.path} is, so that no part of it can be read: download it whole"
        raise StoreError(msg)
    return Found(
        size=int(size),
        etag=headers.get("ETag"),
        last_modified=http_date(headers.get("Last-Modified")),
        content_type=headers.get("Content-Type"),
    )


def _body(response: Response, link: SignedURL, most: int) -> bytes:
    """Read so many bytes of an answer, or fewer where it ends."""
    pace, pieces, total = Pace(), list[bytes](), 0
    while total < most:
        with network_errors(link):
            piece = pace.read(response)
        if not piece:
            break
        pieces.append(piece)
        total += len(piece)
    return b"".join(pieces)[:most]
