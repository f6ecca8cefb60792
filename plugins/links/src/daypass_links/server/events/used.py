"""How often links were used, and when last: as it was written down, day by day in UTC, of limited links each redirect.

Of a link with ``max_uses`` whatever one client asks within 15 minutes is one use that is taken, and more than one here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date

import attrs
from sqlalchemy import ColumnElement, Connection, func, select

from daypass_links.server.database.engine import Databases
from daypass_links.server.database.tables import link
from daypass_links.server.events.tables import USE_DAYS

__all__ = ["DayOfUse", "Used", "use_by_day", "used"]

#: Of so many links is asked at once.
_AT_ONCE = 500


@attrs.frozen
class Used:
    """What is on record of the uses of a link."""

    uses: int
    #: Seconds since the epoch.
    last_at: int


@attrs.frozen
class DayOfUse:
    """What is on record of the uses of a link on a day in UTC."""

    link_id: str
    day: date
    uses: int
    #: Seconds since the epoch.
    last_at: int


def used(connection: Connection, links: Collection[str]) -> dict[str, Used]:
    """Return how often links were used, by their IDs; of those that were.

    Args:
        connection: to the database of events.
        links: their IDs, a page's worth.

    """
    rows = (
        select(USE_DAYS.c.link_id, func.sum(USE_DAYS.c.uses), func.max(USE_DAYS.c.last_at))
        .where(USE_DAYS.c.link_id.in_(links))
        .group_by(USE_DAYS.c.link_id)
    )
    return {one: Used(int(uses), last_at) for one, uses, last_at in connection.execute(rows)}


def use_by_day(
    databases: Databases, *which: ColumnElement[bool], since: date, until: date
) -> Iterator[DayOfUse]:
    """Yield the days on which links were used, of one link after the other, the oldest link and day first.

    Those of a caller below a path, for example, are ``use_by_day(databases, link.c.owner == "ann",
    link.c.path.startswith("daypass://maps/", autoescape=True), since=first, until=last)``.

    Args:
        databases: both.
        which: conditions for the table of links; without any, all links.
        since: the first day.
        until: the last day.

    """
    after = 0
    while True:
        with databases.reading_main.connect() as connection:
            page = select(link.c.n, link.c.id).where(link.c.n > after, *which)
            found = connection.execute(page.order_by(link.c.n).limit(_AT_ONCE)).all()
        if not found:
            return
        after = found[-1].n
        place = {one.id: number for number, one in enumerate(found)}
        days = (
            select(
                USE_DAYS.c.link_id,
                USE_DAYS.c.day,
                func.sum(USE_DAYS.c.uses),
                func.max(USE_DAYS.c.last_at),
            )
            .where(USE_DAYS.c.link_id.in_([*place]), USE_DAYS.c.day.between(since, until))
            .group_by(USE_DAYS.c.link_id, USE_DAYS.c.day)
        )
        with databases.reading_events.connect() as connection:
            rows = connection.execute(days).all()
        for link_id, day, uses, last_at in sorted(rows, key=lambda row: (place[row[0]], row[1])):
            yield DayOfUse(link_id, day, int(uses), last_at)
