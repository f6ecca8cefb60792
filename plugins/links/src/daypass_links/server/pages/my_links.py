"""``/ui/links``: the links that somebody may see, each with what happened to it, extended and taken back."""

from __future__ import annotations

import json
from datetime import datetime
from operator import itemgetter
from typing import Any
from urllib.parse import parse_qsl

from litestar import Response, get, post
from litestar.params import FromPath, URLEncodedBody

from daypass.errors import InvalidRequestError
from daypass_links.server.api.answers import Ours
from daypass_links.server.events.reading import of_link
from daypass_links.server.links import changing, revoke
from daypass_links.server.links.seeing import seen, shared
from daypass_links.server.links.telling import last_used, with_uses
from daypass_links.server.pages.charts import use_of
from daypass_links.server.pages.listing import ORDERS, STATES, WHOSE, Wanted, listed
from daypass_links.server.pages.pictures import code_of
from daypass_links.server.pages.rendering import Asked, page
from daypass_links.server.pages.spans import offered
from daypass_links.server.pages.visitors import checked, to, visitor_of
from daypass_links.server.service import Service

__all__ = ["extended", "link", "links", "taken_back"]

#: The most that is told of what happened to a link, and how much of it is shown before somebody asks for the rest.
_EVENTS, _SHOWN = 100, 10
#: The most links that are taken back at once: a page of the list.
_MOST = 50


@get("/ui/links", sync_to_thread=True)
def links(request: Asked, service: Ours) -> Response[Any]:
    """List links."""
    visitor = visitor_of(request, service)
    visitor.caller.check("links:read")
    wanted, caller = Wanted.of(request.query_params), visitor.caller
    sees_others = caller.is_admin or bool(shared(caller, service.settings.links.groups_see))
    service.events.flush()
    found, after = listed(service, caller, wanted)
    return page(
        request,
        "links.html",
        visitor=visitor,
        found=found,
        wanted=wanted,
        next_page=None if after is None else wanted.at(after),
        choices={
            "state": STATES,
            "whose": WHOSE if sees_others else (),
            "order": ORDERS,
        },
        now=service.clock(),
        done=request.query_params.get("done"),
    )


@get("/ui/links/{link_id:str}", sync_to_thread=True)
def link(request: Asked, service: Ours, link_id: FromPath[str]) -> Response[Any]:
    """Show a link as it stands, and what happened to it, the newest first."""
    visitor = visitor_of(request, service)
    visitor.caller.check("links:read")
    service.events.flush()
    with service.databases.reading_main.connect() as connection:
        visible = seen(connection, visitor.caller, service.settings.links.groups_see)
        row = revoke.one(connection, link_id, visitor.caller, visible)
    told = with_uses(service, visitor.caller, [row])[0]
    url, whole = told.get("url"), request.query_params.get("use") == "whole"
    return page(
        request,
        "link.html",
        visitor=visitor,
        link=told | {"last_used": last_used(service, [link_id]).get(link_id)},
        may_change=visitor.caller.is_admin or row.owner == visitor.caller.principal,
        code=None if url is None else code_of(url),
        chart=use_of(service, link_id, row.created_at, whole=whole),
        whole=whole,
        events=_events(service, link_id),
        most=_EVENTS,
        shown=_SHOWN,
        spans=offered(service.settings.links),
        usual=service.settings.links.default_ends_in,
        now=service.clock(),
    )


@post("/ui/links/{link_id:str}/extend", status_code=200, sync_to_thread=True)
def extended(
    request: Asked, service: Ours, link_id: FromPath[str], data: URLEncodedBody[dict[str, Any]]
) -> Response[Any]:
    """Give a link another end, counted from now."""
    visitor = checked(request, service, data)
    visitor.caller.check("links:write")
    changing.extend(service, visitor.caller, link_id, f"{data.get('expires_in', '')}s")
    return to(f"/ui/links/{link_id}")


@post("/ui/links/revoke", status_code=200, sync_to_thread=True)
def taken_back(
    request: Asked, service: Ours, data: URLEncodedBody[dict[str, Any]]
) -> Response[Any]:
    """Revoke links, once somebody has said that they are sure: it is for good."""
    visitor = checked(request, service, data)
    visitor.caller.check("links:write")
    said = data.get("link", [])
    wanted = [said] if isinstance(said, str) else [str(one) for one in said]
    back = _came_from(data.get("list"))
    if not wanted and back is not None:
        return to(f"{back}done=none")
    if not 0 < len(wanted) <= _MOST:
        msg = f"choose one link at least and {_MOST} at most, and then revoke them"
        raise InvalidRequestError(msg)
    with service.databases.reading_main.connect() as connection:
        found = [revoke.one(connection, link_id, visitor.caller) for link_id in wanted]
    if "sure" not in data:
        its_own = f"/ui/links/{found[0].id}" if len(found) == 1 else "/ui/links"
        place = its_own if back is None else back[:-1]
        asked = data.get("list") if back is not None else None
        return page(request, "revoke.html", visitor=visitor, found=found, place=place, asked=asked)
    for one in found:
        changing.take_back(service, visitor.caller, one.id)
    if back is None and len(found) == 1:
        return to(f"/ui/links/{found[0].id}")
    return to(f"{back or '/ui/links?'}done=revoked")


def _came_from(said: Any) -> str | None:
    """Return where links were chosen in a list, to which a further word may be added; None where they were not."""
    if not isinstance(said, str):
        return None
    wanted = Wanted.of(dict(parse_qsl(said)))
    return f"/ui/links?{wanted.at(wanted.after)}&"


def _events(service: Service, link_id: str) -> list[dict[str, Any]]:
    with service.databases.reading_events.connect() as connection:
        found = of_link(connection, link_id, _EVENTS, newest_first=True)
    events = [json.loads(line) for _, line in found]
    events.sort(key=itemgetter("time"), reverse=True)
    return [one | {"at": int(datetime.fromisoformat(one["time"]).timestamp())} for one in events]
