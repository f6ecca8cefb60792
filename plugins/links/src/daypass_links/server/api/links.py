"""``/v1/links`` and ``/v1/revoke``: links made, listed, shown, extended and taken back, and what happened to them."""

from __future__ import annotations

import json
from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, delete, get, post
from litestar.datastructures import State
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from sqlalchemy import select, tuple_

from daypass.errors import InvalidRequestError
from daypass_links.server.api.answers import Ours, caller_of
from daypass_links.server.database.tables import link as table
from daypass_links.server.events.tables import EVENTS
from daypass_links.server.links import revoke
from daypass_links.server.links.link import COLUMNS, Link, link_of
from daypass_links.server.links.mint import lifetime, mint
from daypass_links.server.links.uses import count, count_events
from daypass_links.server.service import Service
from daypass_links.server.words import check_words
from daypass_links.wire import STATES

__all__ = ["LinksController"]

Asked = Request[Any, Any, State]
Limit = Annotated[int, QueryParameter(ge=1, le=1000)]


class Extension(msgspec.Struct, forbid_unknown_fields=True):
    """What extends a link."""

    #: From now on: seconds, or text such as ``"30d"``.
    expires_in: int | str


class Which(msgspec.Struct, forbid_unknown_fields=True):
    """Which links to revoke: one of these."""

    owner: str | None = None
    prefix: str | None = None
    label: str | None = None
    all: bool | None = None


class LinksController(Controller):
    """Links."""

    path = "/v1"

    @post("/links", status_code=201, sync_to_thread=True)
    def create(
        self, request: Asked, service: Ours, data: JSONBody[dict[str, Any]]
    ) -> dict[str, Any]:
        """Make a link. Its URL is in this answer alone."""
        caller = caller_of(request, service, "links:write")
        link, url = mint(service, caller, data)
        return {"url": url, **link.told(service.clock(), 0)}

    @get("/links", sync_to_thread=True)
    def listed(
        self,
        request: Asked,
        service: Ours,
        *,
        in_state: Annotated[str | None, QueryParameter(name="state")] = None,
        owner: FromQuery[str | None] = None,
        label: FromQuery[str | None] = None,
        prefix: FromQuery[str | None] = None,
        limit: Limit = 100,
        after: FromQuery[str | None] = None,
    ) -> dict[str, Any]:
        """List links, the newest first; of who is no ``admin``, their own."""
        caller = caller_of(request, service, "links:read")
        if in_state is not None:
            check_words([in_state], STATES, "state")
        conditions = [
            *revoke.of_caller(caller),
            *revoke.matching(owner=owner, prefix=_named(service, prefix), label=label),
        ]
        newest = select(table.c.n, *COLUMNS).where(*conditions).order_by(table.c.n.desc())
        found: list[dict[str, Any]] = []
        last = _place_of(service, after)
        while len(found) <= limit:
            page = newest if last is None else newest.where(table.c.n < last)
            with service.databases.reading_main.connect() as connection:
                rows = connection.execute(page.limit(limit + 1)).mappings().all()
            told = _told(service, [link_of(row) for row in rows])
            found += [one for one in told if in_state in (None, one["state"])]
            if len(rows) <= limit:
                break
            last = rows[-1]["n"]
        more = len(found) > limit
        return {"items": found[:limit], "next": found[limit - 1]["link_id"] if more else None}

    @get("/links/{link_id:str}", sync_to_thread=True)
    def show(self, request: Asked, service: Ours, link_id: FromPath[str]) -> dict[str, Any]:
        """Show a link as it stands."""
        caller = caller_of(request, service, "links:read")
        service.events.flush()
        with service.databases.reading_main.connect() as connection:
            found = revoke.one(connection, link_id, caller)
        return _told(service, [found])[0]

    @delete("/links/{link_id:str}", status_code=200, sync_to_thread=True)
    def take_back(self, request: Asked, service: Ours, link_id: FromPath[str]) -> dict[str, Any]:
        """Revoke a link: no new signature is made for it."""
        caller = caller_of(request, service, "links:write")
        with service.databases.main.begin() as connection:
            found = revoke.revoke(connection, link_id, caller, int(service.clock()))
        service.changes.read()
        service.events.durable("revoke", link_id=link_id, principal=caller.principal).result()
        return _told(service, [found])[0]

    @post("/links/{link_id:str}/extend", status_code=200, sync_to_thread=True)
    def extend(
        self, request: Asked, service: Ours, link_id: FromPath[str], data: JSONBody[Extension]
    ) -> dict[str, Any]:
        """Give a link another end, counted from now."""
        caller = caller_of(request, service, "links:write")
        end = lifetime(service, data.expires_in, int(service.clock()))
        with service.databases.main.begin() as connection:
            found = revoke.extend(connection, link_id, caller, end)
        service.changes.read()
        service.events.durable(
            "extend", link_id=link_id, principal=caller.principal, ends_at=end
        ).result()
        return _told(service, [found])[0]

    @get("/links/{link_id:str}/events", sync_to_thread=True)
    def events(
        self,
        request: Asked,
        service: Ours,
        link_id: FromPath[str],
        limit: Limit = 1000,
        after: FromQuery[str | None] = None,
    ) -> dict[str, Any]:
        """List what happened to a link, in order."""
        caller = caller_of(request, service, "links:read")
        service.events.flush()
        with service.databases.reading_main.connect() as connection:
            revoke.one(connection, link_id, caller)
        place = (EVENTS.c.time, EVENTS.c.chain, EVENTS.c.seq)
        rows = select(*place, EVENTS.c.line).where(EVENTS.c.link_id == link_id).order_by(*place)
        if after is not None:
            rows = rows.where(tuple_(*place) > _event_place(after))
        with service.databases.reading_events.connect() as connection:
            found = connection.execute(rows.limit(limit + 1)).all()
        last = found[limit - 1] if len(found) > limit else None
        return {
            "items": [_event(row.line) for row in found[:limit]],
            "next": None if last is None else f"{last.time!r} {last.chain} {last.seq}",
        }

    @post("/revoke", status_code=200, sync_to_thread=True)
    def revoke_many(self, request: Asked, service: Ours, data: JSONBody[Which]) -> dict[str, Any]:
        """Revoke all links of an owner, below a path or of a label, or whatever there is."""
        caller = caller_of(request, service, "links:write")
        which = {name: getattr(data, name) for name in ("owner", "prefix", "label", "all")}
        which["prefix"] = _named(service, data.prefix)
        with service.databases.main.begin() as connection:
            found = revoke.revoke_many(connection, which, caller, int(service.clock()))
        service.changes.read()
        for link_id in found:
            service.events.note("revoke", link_id=link_id, principal=caller.principal)
        said = {name: value for name, value in which.items() if value}
        service.events.durable(
            "revoke", principal=caller.principal, which=said, revoked=len(found)
        ).result()
        return {"revoked": len(found)}


def _named(service: Service, prefix: str | None) -> str | None:
    return None if prefix is None else service.roots.named(prefix)


def _told(service: Service, links: list[Link]) -> list[dict[str, Any]]:
    """Tell of links what the API does, with their uses."""
    limited = [link.id for link in links if link.max_uses is not None]
    others = [link.id for link in links if link.max_uses is None]
    with service.databases.reading_events.connect() as connection:
        uses = {**count(connection, limited), **count_events(connection, others)}
    now = service.clock()
    return [link.told(now, uses.get(link.id, 0)) for link in links]


def _place_of(service: Service, after: str | None) -> int | None:
    if after is None:
        return None
    with service.databases.reading_main.connect() as connection:
        found: int | None = connection.scalar(select(table.c.n).where(table.c.id == after))
    if found is None:
        msg = "after is the next of the page before"
        raise InvalidRequestError(msg, option="after")
    return found


def _event_place(after: str) -> tuple[float, str, int]:
    try:
        time, chain, seq = after.split(" ")
        return float(time), chain, int(seq)
    except ValueError:
        msg = "after is the next of the page before"
        raise InvalidRequestError(msg, option="after") from None


def _event(line: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(line)
    return {name: found[name] for name in found if name not in ("seq", "prev", "hash", "chain")}
