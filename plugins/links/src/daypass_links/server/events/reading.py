"""Events read where they are kept: those of a link, page by page, or all of a span of time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from io import BytesIO
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection, select, tuple_

from daypass.audit.lines import instant
from daypass.errors import InvalidRequestError
from daypass_links.server.events.tables import BLOCKS, LINK_BLOCKS

__all__ = ["Event", "Place", "between", "lines_of", "of_link"]

#: So many blocks are read at once.
_AT_ONCE = 20
#: A database counts to this.
_NUMBERS = 1 << 63


class Place(NamedTuple):
    """Where an event stands among those that are told: in which block, by its moment and number, and there."""

    #: By which blocks are told: of those of a link when the oldest event of each was, of all when the newest was.
    moment: float
    block: int
    seq: int

    def __str__(self) -> str:
        """Write it, for an address."""
        return f"{self.moment!r} {self.block} {self.seq}"

    @classmethod
    def of(cls, text: str) -> Place:
        """Read one.

        Raises:
            InvalidRequestError: for what is none.

        """
        try:
            moment, block, seq = text.split(" ")
            found = cls(float(moment), int(block), int(seq))
        except ValueError:
            found = cls(math.nan, 0, 0)
        if not math.isfinite(found.moment) or not all(0 <= one < _NUMBERS for one in found[1:]):
            msg = "after is the next of the page before"
            raise InvalidRequestError(msg, option="after")
        return found


class Event(msgspec.Struct, frozen=True):
    """What is looked for in a line."""

    #: ISO 8601 in UTC, with microseconds: the text of a later moment is the greater.
    time: str
    seq: int
    kind: str
    link_id: str | None = None
    principal: str | None = None


_read = msgspec.json.Decoder(Event).decode
_LINK = (LINK_BLOCKS.c.oldest, LINK_BLOCKS.c.block)


def lines_of(block: bytes) -> list[bytes]:
    """Return the lines of a block, each with its end."""
    return [*BytesIO(block)]


def of_link(
    connection: Connection,
    link_id: str,
    most: int,
    *,
    after: Place | None = None,
    newest_first: bool = False,
) -> list[tuple[Place, bytes]]:
    """Return lines of a link and where each stands: in order, which among those of several processes is that of their blocks.

    Args:
        connection: to the database of events.
        link_id: which link.
        most: how many.
        after: behind which place.
        newest_first: whether from the end.

    """
    order = [column.desc() for column in _LINK] if newest_first else [*_LINK]
    # In each of them is one line of the link at least, but in the first perhaps none behind `after`.
    size = most + 1
    blocks = (
        select(*_LINK, BLOCKS.c.lines)
        .join(BLOCKS, BLOCKS.c.id == LINK_BLOCKS.c.block)
        .where(LINK_BLOCKS.c.link_id == link_id)
        .order_by(*order)
        .limit(size)
        .execution_options(yield_per=_AT_ONCE)
    )
    if after is not None:
        blocks = blocks.where(tuple_(*_LINK) >= after[:2])
    found: list[tuple[Place, bytes]] = []
    looked = 0
    # Once, but where somebody has put blocks of others beside the link, which hide nothing.
    while len(found) < most and looked % size == 0:
        start = looked
        with connection.execute(blocks.offset(start)) as rows:
            for oldest, block, lines in rows:
                if len(found) >= most:
                    break
                looked += 1
                some = [(Place(oldest, block, seq), line) for seq, line in _lines(lines, link_id)]
                if after is not None:
                    some = [one for one in some if one[0] > after]
                found += reversed(some) if newest_first else some
        if looked == start:
            break
    return found[:most]


def between(connection: Connection, start: float, end: float) -> Iterator[Event]:
    """Yield all events of a span of time, in no order.

    Args:
        connection: to the database of events.
        start: its first moment, in seconds since the epoch.
        end: the first that is no longer in it.

    """
    first, over = instant(start), instant(end)
    blocks = select(BLOCKS.c.lines).where(BLOCKS.c.newest >= start, BLOCKS.c.oldest < end)
    with connection.execute(blocks.execution_options(yield_per=_AT_ONCE)) as rows:
        for block in rows.scalars():
            for line in lines_of(block):
                one = _read(line)
                if first <= one.time < over:
                    yield one


def _lines(block: bytes, link_id: str) -> Iterator[tuple[int, bytes]]:
    """Yield the lines of a link that are in a block, with their numbers; most of it is of other links."""
    name = link_id.encode()
    for line in lines_of(block):
        if name in line:
            one = _read(line)
            if one.link_id == link_id:
                yield one.seq, line
