"""Which links a page of the list shows: searched, filtered and sorted by the database, and read on from where the page before ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import attrs
from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    and_,
    or_,
    select,
    tuple_,
)

from daypass_links.server.database.searching import has
from daypass_links.server.database.tables import link as table
from daypass_links.server.database.tables import suspension
from daypass_links.server.links.link import COLUMNS, link_of
from daypass_links.server.links.seeing import members, seen
from daypass_links.server.links.telling import last_used, with_uses
from daypass_links.server.links.uses import count
from daypass_links.server.principals.callers import Caller
from daypass_links.server.service import Service
from daypass_links.server.suspensions import CALLER, LINK

__all__ = ["ORDERS", "STATES", "WHOSE", "Wanted", "listed"]

#: What can be chosen; the first of each without a choice.
STATES = ("all", "alive", "ended", "revoked")
WHOSE = ("all", "mine", "groups")
ORDERS = ("newest", "ends", "path")

#: How many a page shows.
_SHOWN = 50
#: How many are looked at together, and how often for one page, where the events alone know whether they are used up.
_TOGETHER, _LOOKS = 1000, 10


@attrs.frozen(kw_only=True)
class Wanted:
    """What somebody wants to see."""

    #: Is in the path, label, note or ID; for an ``admin`` in the name of who made it too.
    text: str = ""
    state: str = "all"
    whose: str = "all"
    order: str = "newest"
    #: The ID of the last link of the page before; empty for the first page.
    after: str = ""

    @classmethod
    def of(cls, query: Mapping[str, Any]) -> Wanted:
        """Read what a page's address says; whatever is none of the choices is the first of them."""
        return cls(
            text=str(query.get("text", ""))[:200].strip(),
            state=_one(query.get("state"), STATES),
            whose=_one(query.get("whose"), WHOSE),
            order=_one(query.get("order"), ORDERS),
            after=str(query.get("after", "")),
        )

    def at(self, after: str) -> str:
        """Return the query of the page that follows a link."""
        said = attrs.asdict(attrs.evolve(self, after=after))
        return urlencode({name: value for name, value in said.items() if value})


def listed(
    service: Service, caller: Caller, wanted: Wanted
) -> tuple[list[dict[str, Any]], str | None]:
    """Return what is told of the links of a page, each with when it was ``last_used``, and the ID to go on after, if there may be more.

    A page has fewer than there is place for, or none, where very many had to be looked at.
    """
    with service.databases.reading_main.connect() as connection:
        chosen, after = _chosen(service, connection, caller, wanted)
        rows = connection.execute(select(*COLUMNS).where(table.c.id.in_(chosen))).mappings()
        links = {row["id"]: link_of(row) for row in rows}
    shown = with_uses(service, caller, [links[one] for one in chosen])
    used = last_used(service, chosen)
    return [one | {"last_used": used.get(one["link_id"])} for one in shown], after


def _chosen(
    service: Service, connection: Connection, caller: Caller, wanted: Wanted
) -> tuple[list[str], str | None]:
    """Return the IDs of a page's links, and the one to go on after."""
    whose = seen(connection, caller, service.settings.links.groups_see)
    owners = _owners(connection, caller, wanted)
    if owners is not None:
        whose.append(table.c.owner.in_(owners))
    page = _statement(service, caller, wanted, whose)
    place = connection.execute(select(table).where(table.c.id == wanted.after)).mappings().first()
    size = _TOGETHER if wanted.state in ("alive", "ended") else _SHOWN + 1
    chosen: list[str] = []
    for _ in range(_LOOKS):
        rest = page if place is None else page.where(_behind(wanted.order, place))
        rows = connection.execute(rest.limit(size)).mappings().all()
        chosen += _that_are(service, rows, wanted.state)
        if len(chosen) > _SHOWN:
            return chosen[:_SHOWN], chosen[_SHOWN - 1]
        if len(rows) < size:
            return chosen, None
        place = rows[-1]
    return chosen, None if place is None else place["id"]


def _that_are(service: Service, rows: Sequence[RowMapping], state: str) -> list[str]:
    """Return those that are used up, or are not, as a state wants it: what the main database does not know."""
    if state not in ("alive", "ended"):
        return [row["id"] for row in rows]
    limited = {row["id"]: row["max_uses"] for row in rows if row["max_uses"] is not None}
    with service.databases.reading_events.connect() as connection:
        uses = count(connection, limited)
    used_up = {name for name, most in limited.items() if uses.get(name, 0) >= most}
    now = service.clock()
    return [
        row["id"]
        for row in rows
        if (row["id"] in used_up or row["ends_at"] <= now) is (state == "ended")
    ]


def _statement(
    service: Service, caller: Caller, wanted: Wanted, whose: list[ColumnElement[bool]]
) -> Select[Any]:
    conditions = [*whose]
    if wanted.text:
        places = [table.c.path, table.c.label, table.c.note, table.c.id]
        if caller.is_admin:
            places.append(table.c.owner)
        conditions.append(or_(*(has(one, wanted.text) for one in places)))
    revoked, over = table.c.revoked_at.is_not(None), table.c.ends_at <= int(service.clock())
    held = or_(
        *(
            column.in_(select(suspension.c.name).where(suspension.c.kind == kind))
            for kind, column in ((LINK, table.c.id), (CALLER, table.c.owner))
        )
    )
    if wanted.state == "alive":
        conditions += [~revoked, ~over, ~held]
    elif wanted.state == "ended":
        # Those that may be used up too.
        conditions += [~revoked, or_(over, and_(table.c.max_uses.is_not(None), ~held))]
    elif wanted.state == "revoked":
        conditions.append(or_(revoked, and_(~over, held)))
    order = {
        "newest": (table.c.n.desc(),),
        "ends": (table.c.ends_at, table.c.n),
        "path": (table.c.path, table.c.n),
    }[wanted.order]
    columns = (table.c.n, table.c.id, table.c.path, table.c.ends_at, table.c.max_uses)
    return select(*columns).where(*conditions).order_by(*order)


def _behind(order: str, place: RowMapping) -> ColumnElement[bool]:
    """Return the condition for what comes behind a row."""
    if order == "newest":
        newest: ColumnElement[bool] = table.c.n < place["n"]
        return newest
    column = table.c.ends_at if order == "ends" else table.c.path
    return tuple_(column, table.c.n) > tuple_(place[column.name], place["n"])


def _one(said: object, of: tuple[str, ...]) -> str:
    return said if isinstance(said, str) and said in of else of[0]


def _owners(connection: Connection, caller: Caller, wanted: Wanted) -> list[str] | None:
    """Return whose links are wanted; None for all that may be seen."""
    if wanted.whose == "all":
        return None
    if wanted.whose == "mine":
        return [caller.principal]
    return members(connection, caller.groups)
