"""What stands beside the events, to find them by their link and to count uses by day: whether it says what they do, no less and no more."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, select, tuple_

from daypass_links.server.database.engine import reading
from daypass_links.server.events.reading import lines_of
from daypass_links.server.events.tables import BLOCKS, LINK_BLOCKS, USE_DAYS

__all__ = [
    "CountedUses",
    "LinkRow",
    "as_of_now",
    "fields_of",
    "missing_rows",
    "surplus_rows",
    "uses_of",
]

#: A row by which the events of a link are found: the link, and of the block its oldest moment and its number.
LinkRow = tuple[str, float, int]
_LINK_ROW = (LINK_BLOCKS.c.link_id, LINK_BLOCKS.c.oldest, LINK_BLOCKS.c.block)
#: So many rows are looked for at once, and read.
_ROWS, _READ = 200, 1000
#: Of uses on a day: how many, and when the last one was, in seconds since the epoch.
_Used = tuple[int, int]


@contextmanager
def as_of_now(engine: Engine) -> Iterator[Connection]:
    """Connect to read all tables as they are at one moment, while others write.

    Args:
        engine: of the database of events.

    """
    with reading(engine).connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN")
        else:
            connection.execution_options(isolation_level="REPEATABLE READ")
        yield connection


def fields_of(line: bytes) -> dict[str, Any]:
    """Return what a line says; nothing of what is none."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def missing_rows(connection: Connection, rows: list[LinkRow]) -> Iterator[LinkRow]:
    """Yield those that are not in the table by which the events of a link are found."""
    for first in range(0, len(rows), _ROWS):
        some = rows[first : first + _ROWS]
        found = connection.execute(select(*_LINK_ROW).where(tuple_(*_LINK_ROW).in_(some)))
        yield from {*some}.difference(map(tuple, found))


def surplus_rows(connection: Connection, expected: int) -> Iterator[LinkRow]:
    """Yield those in that table whose block holds no event of their link.

    Args:
        connection: to read by.
        expected: how many there are to be; nobody looks further where it has so many.

    """
    if connection.scalar(select(func.count()).select_from(LINK_BLOCKS)) == expected:
        return
    rows = connection.execute(
        select(*_LINK_ROW).order_by(LINK_BLOCKS.c.block).execution_options(yield_per=_READ)
    )
    for number, some in groupby(rows, attrgetter("block")):
        which = select(BLOCKS.c.oldest, BLOCKS.c.lines).where(BLOCKS.c.id == number)
        block = connection.execute(which).first()
        links = set() if block is None else {one.get("link_id") for one in _said(block.lines)}
        for row in some:
            if block is None or row.oldest != block.oldest or row.link_id not in links:
                yield row.link_id, row.oldest, row.block


class CountedUses:
    """The table of uses by day, read once beside all chains.

    Args:
        connection: to read by.
        chains: the names of all chains, in the database's order.

    """

    def __init__(self, connection: Connection, chains: Iterable[str]) -> None:
        self._known = {*chains}
        statement = select(USE_DAYS).order_by(USE_DAYS.c.chain)
        rows = connection.execute(statement.execution_options(yield_per=_READ))
        self._groups = groupby(rows, attrgetter("chain"))
        self._next = next(self._groups, None)

    def faults(self, chain: str | None, uses: Mapping[tuple[str, date], _Used]) -> Iterator[str]:
        """Say what the rows of a chain say that its events do not, and of those before it that are of none.

        Args:
            chain: the next one in order; None behind the last.
            uses: by link and day, what its events say.

        """
        while self._next is not None and self._next[0] not in self._known:
            yield f"uses are counted of chain {self._next[0]}, which is not there"
            self._next = next(self._groups, None)
        if chain is None:
            return
        counted = {}
        if self._next is not None and self._next[0] == chain:
            counted = {(row.link_id, row.day): _used(row) for row in self._next[1]}
            self._next = next(self._groups, None)
        for link_id, day in sorted({*counted}.union(uses)):
            said, is_so = counted.get((link_id, day)), uses.get((link_id, day))
            if said != is_so:
                yield (
                    f"chain {chain}: {(said or (0,))[0]} uses of {link_id} are counted on {day}, "
                    f"and it has {(is_so or (0,))[0]}, or the last was at another moment"
                )


def uses_of(events: Iterable[Mapping[str, Any]], into: dict[tuple[str, date], _Used]) -> None:
    """Count the uses that events tell of, by link and day."""
    for one in events:
        link_id = one.get("link_id")
        if one.get("kind") != "use" or not isinstance(link_id, str):
            continue
        try:
            moment = datetime.fromisoformat(str(one.get("time")))
        except ValueError:  # which is a fault by itself
            continue
        number, last = into.get((link_id, moment.date()), (0, 0))
        into[link_id, moment.date()] = number + 1, max(last, int(moment.timestamp()))


def _used(row: Row[Any]) -> _Used:
    return row.uses, row.last_at


def _said(lines: bytes) -> Iterator[dict[str, Any]]:
    return map(fields_of, lines_of(lines))
