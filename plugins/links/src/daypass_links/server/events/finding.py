"""Events of all chains found by what, whose, and when they were: a page from the newest on, or all of them in order."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import attrs
import msgspec
from sqlalchemy import Engine, Select, select, tuple_

from daypass.audit.lines import instant
from daypass_links.server.events.reading import Event, Place, lines_of
from daypass_links.server.events.tables import BLOCKS, CHECKPOINTS, LINK_BLOCKS

__all__ = ["KINDS", "Sought", "all_of", "newest", "newest_checkpoints"]

#: What can have happened.
KINDS = (
    "mint",
    "use",
    "head",
    "list",
    "preview",
    "admit",
    "refuse",
    "hold",
    "fail",
    "extend",
    "revoke",
    "key",
    "login",
    "sign",
    "signed",
    "upload",
    "form",
    "look",
    "alert",
    "suspend",
    "lift",
    "notice",
    "unsent",
    "opened",
    "closed",
)
#: How many events one page looks through; so many blocks are read at once.
_SPAN, _AT_ONCE = 20_000, 20
_read = msgspec.json.Decoder(Event).decode


@attrs.frozen(kw_only=True)
class Sought:
    """Which events: all that is said holds of each."""

    #: None for any.
    kinds: tuple[str, ...] | None = None
    principal: str | None = None
    link_id: str | None = None
    #: Seconds since the epoch: from then on, and before.
    since: float | None = None
    until: float | None = None

    def within(self, lines: bytes) -> Iterator[tuple[int, bytes]]:
        """Yield the lines of a block that are sought, with their numbers."""
        first = None if self.since is None else instant(self.since)
        over = None if self.until is None else instant(self.until)
        for line in lines_of(lines):
            one = _read(line)
            if (
                (self.kinds is None or one.kind in self.kinds)
                and (self.principal is None or one.principal == self.principal)
                and (self.link_id is None or one.link_id == self.link_id)
                and (first is None or one.time >= first)
                and (over is None or one.time < over)
            ):
                yield one.seq, line

    def blocks(self, place: Place | None, *, newest_first: bool) -> Select[Any]:
        """Return the statement for the blocks that may hold some: the moment, number and lines of each.

        Args:
            place: where to go on, with its block.
            newest_first: whether from the end.

        """
        # Those of a link are found in the order of their oldest events, and all of them in that of their newest.
        order = (LINK_BLOCKS.c.oldest, LINK_BLOCKS.c.block)
        if self.link_id is None:
            order = (BLOCKS.c.newest, BLOCKS.c.id)
        found = select(*order, BLOCKS.c.lines)
        if self.link_id is not None:
            found = found.join(BLOCKS, BLOCKS.c.id == LINK_BLOCKS.c.block)
            found = found.where(LINK_BLOCKS.c.link_id == self.link_id)
        if self.since is not None:
            found = found.where(BLOCKS.c.newest >= self.since)
        if self.until is not None:
            found = found.where(BLOCKS.c.oldest < self.until)
        if place is not None:
            there, here = tuple_(*order), (place.moment, place.block)
            # The moment by itself too, by which the index is read.
            of_index = order[0] <= place.moment if newest_first else order[0] >= place.moment
            found = found.where(of_index, there <= here if newest_first else there >= here)
        if newest_first:
            return found.order_by(*(column.desc() for column in order))
        return found.order_by(*order)


def newest(
    engine: Engine, sought: Sought, after: Place | None, limit: int
) -> tuple[list[dict[str, Any]], Place | None]:
    """Return events, the newest first, as their lines say; and where to go on, which may be before as many are found: one page looks through so many alone.

    Those of several processes are in the order of what each wrote together, some 20 ms.

    Args:
        engine: of the database of events; it only reads.
        sought: which.
        after: where the page before ended.
        limit: the most of them.

    """
    found: list[tuple[Place, bytes]] = []
    looked, last = 0, None
    statement = sought.blocks(after, newest_first=True).execution_options(yield_per=_AT_ONCE)
    with engine.connect() as connection, connection.execute(statement) as rows:
        for moment, block, lines in rows:
            if len(found) > limit or looked >= _SPAN:
                break
            some = [(Place(moment, block, seq), line) for seq, line in sought.within(lines)]
            if after is not None and (moment, block) == (after.moment, after.block):
                some = [one for one in some if one[0].seq < after.seq]
            else:
                looked += lines.count(b"\n")
            found += reversed(some)
            last = Place(moment, block, 0)
        else:
            last = None  # it has looked at all of them
    told = [json.loads(line) for _, line in found[:limit]]
    return told, found[limit - 1][0] if len(found) > limit else last


def all_of(engine: Engine, sought: Sought) -> Iterator[list[bytes]]:
    """Yield the lines of all of them in order, as `newest` has it, so many at once.

    Args:
        engine: of the database of events; no connection is held between two.
        sought: which.

    """
    after: Place | None = None
    while True:
        statement = sought.blocks(after, newest_first=False).limit(_AT_ONCE)
        with engine.connect() as connection:
            rows = connection.execute(statement).all()
        # The last one of those before is there again.
        new = rows if after is None else [row for row in rows if row[1] != after.block]
        yield [line for row in new for _, line in sought.within(row.lines)]
        if len(rows) < _AT_ONCE:
            return
        after = Place(rows[-1][0], rows[-1][1], 0)


def newest_checkpoints(engine: Engine, limit: int) -> list[dict[str, Any]]:
    """Return what is known of the newest checkpoints, the newest first: ``n``, ``time``, ``kid``, and how many ``chains`` each saw go on.

    Args:
        engine: of the database of events; it only reads.
        limit: the most of them.

    """
    rows = select(CHECKPOINTS).order_by(CHECKPOINTS.c.n.desc()).limit(limit)
    with engine.connect() as connection:
        found = connection.execute(rows).all()
    return [{"n": row.n, "kid": row.kid, **_said(row.body)} for row in found]


def _said(body: str) -> dict[str, Any]:
    try:
        said = json.loads(body)
        at = datetime.fromisoformat(said["time"]).timestamp()
        return {"time": int(at), "chains": len(said["heads"])}
    except (ValueError, KeyError, TypeError):  # which verifying tells of
        return {"time": None, "chains": None}
