"""How often links were used, added up per link, owner, path or day: what `daypass_links.server.events.used` has on record."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import attrs
from sqlalchemy import ColumnElement, select

from daypass_links.server.database.engine import Databases
from daypass_links.server.database.tables import link as table
from daypass_links.server.events.used import DayOfUse, use_by_day

__all__ = ["Usage", "usage"]

#: Of so many links is asked at once.
_AT_ONCE = 500


@attrs.define
class Usage:
    """What was used how often."""

    #: What it is of, by ``link_id``, ``owner``, ``path`` or ``day``.
    of: dict[str, str]
    uses: int = 0
    #: Seconds since the epoch.
    last_at: int = 0

    def add(self, uses: int, last_at: int) -> None:
        """Add some more."""
        self.uses += uses
        self.last_at = max(self.last_at, last_at)


def usage(
    databases: Databases, by: str, *which: ColumnElement[bool], since: date, until: date
) -> list[Usage]:
    """Return how often links were used, the most used first; by day the oldest first, and no day without a use.

    Args:
        databases: both.
        by: ``link``, ``owner``, ``path`` or ``day``.
        which: conditions for the table of links; without any, all links.
        since: the first day, in UTC.
        until: the last day.

    """
    days = use_by_day(databases, *which, since=since, until=until)
    if by == "day":
        found = _added(days, lambda one: one.day.isoformat())
        return [attrs.evolve(found[day], of={"day": day}) for day in sorted(found)]
    of_links = _added(days, lambda one: one.link_id)
    told = [*_told(databases, of_links)]
    if by != "link":
        told = [*_summed(told, by).values()]
    return sorted(told, key=lambda one: (-one.uses, *one.of.values()))


def _added(days: Iterator[DayOfUse], name_of: Callable[[DayOfUse], str]) -> dict[str, Usage]:
    found: dict[str, Usage] = {}
    for one in days:
        found.setdefault(name_of(one), Usage({})).add(one.uses, one.last_at)
    return found


def _told(databases: Databases, of_links: dict[str, Usage]) -> Iterator[Usage]:
    """Say of each link whose it is, and what it opens."""
    columns = (table.c.id, table.c.path, table.c.owner)
    for some in _in_parts(of_links):
        with databases.reading_main.connect() as connection:
            rows = connection.execute(select(*columns).where(table.c.id.in_(some))).all()
        for row in rows:
            of: dict[str, Any] = {"link_id": row.id, "path": row.path, "owner": row.owner}
            yield attrs.evolve(of_links[row.id], of=of)


def _in_parts(of_links: dict[str, Usage]) -> Iterator[list[str]]:
    names = [*of_links]
    for first in range(0, len(names), _AT_ONCE):
        yield names[first : first + _AT_ONCE]


def _summed(told: list[Usage], by: str) -> dict[str, Usage]:
    found: dict[str, Usage] = {}
    for one in told:
        name = one.of[by]
        found.setdefault(name, Usage({by: name})).add(one.uses, one.last_at)
    return found
