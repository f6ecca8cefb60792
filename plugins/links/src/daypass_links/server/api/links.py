"""``/v1/links`` and ``/v1/revoke``: links made, listed, shown, extended and taken back, and what happened to them."""

from __future__ import annotations

import json
from operator import itemgetter
from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, delete, get, post
from litestar.datastructures import State
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from sqlalchemy import select

from daypass.errors import DaypassError, InvalidRequestError
from daypass_links.server.api.answers import NO_STORE, Ours, caller_at_hand, caller_of
from daypass_links.server.askers import asking
from daypass_links.server.database.tables import link as table
from daypass_links.server.events.reading import Place, of_link
from daypass_links.server.links import changing, revoke
from daypass_links.server.links.link import COLUMNS, Link, link_of
from daypass_links.server.links.mint import mint_many, minted
from daypass_links.server.links.telling import with_uses
from daypass_links.server.problems import problem
from daypass_links.server.service import Service
from daypass_links.server.words import check_words
from daypass_links.wire import STATES

__all__ = ["MOST_LINKS", "LinksController"]

Asked = Request[Any, Any, State]
#: The most links that are made by one request.
MOST_LINKS = 1000
Limit = Annotated[int, QueryParameter(ge=1, le=1000)]
#: So many events are written down before more are said.
_AT_ONCE = 1000


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
    response_headers = NO_STORE

    @post("/links", status_code=201)
    async def create(
        self, request: Asked, service: Ours, data: JSONBody[dict[str, Any] | list[Any]]
    ) -> dict[str, Any] | list[dict[str, Any]]:
        """Make a link; of an array one for each object, where one that cannot be made is a problem in its place.

        The URL is in this answer alone.
        """
        caller = await caller_at_hand(request, service, "links:write")
        if isinstance(data, dict):
            return _made(service, *await minted(service, caller, data))
        if not 0 < len(data) <= MOST_LINKS:
            msg = f"send an object, or an array of 1 to {MOST_LINKS} objects"
            raise InvalidRequestError(msg)
        return [
            problem(one) if isinstance(one, DaypassError) else _made(service, *one)
            for one in await asking(mint_many, service, caller, data)
        ]

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
            told = with_uses(service, caller, [link_of(row) for row in rows])
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
        return with_uses(service, caller, [found])[0]

    @delete("/links/{link_id:str}", status_code=200, sync_to_thread=True)
    def take_back(self, request: Asked, service: Ours, link_id: FromPath[str]) -> dict[str, Any]:
        """Revoke a link: no new signature is made for it."""
        caller = caller_of(request, service, "links:write")
        return with_uses(service, caller, [changing.take_back(service, caller, link_id)])[0]

    @post("/links/{link_id:str}/extend", status_code=200, sync_to_thread=True)
    def extend(
        self, request: Asked, service: Ours, link_id: FromPath[str], data: JSONBody[Extension]
    ) -> dict[str, Any]:
        """Give a link another end, counted from now."""
        caller = caller_of(request, service, "links:write")
        found = changing.extend(service, caller, link_id, data.expires_in)
        return with_uses(service, caller, [found])[0]

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
            found_id = revoke.one(connection, link_id, caller).id
        place = None if after is None else Place.of(after)
        with service.databases.reading_events.connect() as connection:
            found = of_link(connection, found_id, limit + 1, after=place)
        items = [_event(line) for _, line in found[:limit]]
        last = found[limit - 1][0] if len(found) > limit else None
        return {
            "items": sorted(items, key=itemgetter("time")),
            "next": None if last is None else str(last),
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
            written = service.events.durable("revoke", link_id=link_id, principal=caller.principal)
            if service.events.waiting >= _AT_ONCE:
                written.result()  # or there were no room for what happens meanwhile
        said = {name: value for name, value in which.items() if value}
        service.events.durable(
            "revoke", principal=caller.principal, which=said, revoked=len(found)
        ).result()
        return {"revoked": len(found)}


def _made(service: Service, link: Link, url: str) -> dict[str, Any]:
    return {"url": url, **link.told(service.clock(), 0)}


def _named(service: Service, prefix: str | None) -> str | None:
    return None if prefix is None else service.roots.named(prefix)


def _place_of(service: Service, after: str | None) -> int | None:
    if after is None:
        return None
    with service.databases.reading_main.connect() as connection:
        found: int | None = connection.scalar(select(table.c.n).where(table.c.id == after))
    if found is None:
        msg = "after is the next of the page before"
        raise InvalidRequestError(msg, option="after")
    return found


def _event(line: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(line)
    return {name: found[name] for name in found if name not in ("seq", "prev", "hash", "chain")}
