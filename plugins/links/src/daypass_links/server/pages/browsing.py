"""``/ui/browse``: what lies in a folder, for whoever may list it, to choose what a link is to open."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from litestar import Response, get

from daypass import config
from daypass.errors import DaypassError, RefusedError
from daypass_links.server.api.answers import Ours
from daypass_links.server.askers import asks_a_store
from daypass_links.server.listings import ROOM, Listing, listed
from daypass_links.server.pages.rendering import Asked, page
from daypass_links.server.pages.visitors import visitor_of
from daypass_links.server.pages.ways import shortened
from daypass_links.server.principals.callers import Caller
from daypass_links.server.principals.rights import check_active
from daypass_links.server.problems import detail
from daypass_links.server.service import Service

__all__ = ["beginnings", "browsed"]

#: The longest path that is listed, in characters: no key has more.
_LONGEST = 4096


@get("/ui/browse")
@asks_a_store
def browsed(request: Asked, service: Ours) -> Response[Any]:
    """List a folder; where none is named, those where somebody may begin."""
    visitor = visitor_of(request, service)
    visitor.caller.check("links:write")
    said = str(request.query_params.get("in", ""))[:_LONGEST]
    known = beginnings(service, visitor.caller)
    if not said:
        return page(request, "beginnings.html", visitor=visitor, beginnings=known)
    folder = said if said.endswith("/") else f"{said}/"
    token = request.query_params.get("after") or None
    found, problem, status = Listing((), None), None, 200
    try:
        found = _looked(service, visitor.caller, folder, token)
    except DaypassError as error:
        # Of who may not list, nothing is wrong with the path: they share what they know the name of.
        why = "right" if isinstance(error, RefusedError) else "failed"
        problem, status = {"said": detail(error), "why": why}, error.http_status
    return page(
        request,
        "browse.html",
        status=status,
        visitor=visitor,
        folder=folder,
        parts=shortened(_parts(folder, known)),
        entries=[(entry, _at(folder, entry.name)) for entry in found.entries],
        next_page=None if found.next is None else _asking(folder, after=found.next),
        is_first=token is None,
        problem=problem,
    )


def beginnings(service: Service, caller: Caller) -> list[tuple[str, str]]:
    """Return the folders where somebody may begin to look, each with the query that lists it; without roots, for an ``admin``, those of the profiles."""
    found = service.roots.beginnings(caller.groups)
    if service.roots.open and caller.is_admin:
        found = [f"daypass://{name}/" for name in sorted(config.load().profiles)]
    return [(folder, _asking(folder)) for folder in found]


def _looked(service: Service, caller: Caller, folder: str, token: str | None) -> Listing:
    check_active(service, caller)
    caller.check_path(folder)
    if service.roots.open and not caller.is_admin:
        msg = "nothing may be shared, since the server's configuration has no [[roots]]: ask who runs it"
        raise RefusedError(msg)
    place, shows = service.roots.looked_into(service.roots.named(folder), caller.groups)
    store = service.roots.store(place, caller.principal, caller.groups)
    found = listed(store, place.key, token, room=ROOM)
    shown = [entry for entry in found.entries if shows(entry.key, entry.is_folder)]
    return Listing(tuple(shown), found.next)


def _parts(folder: str, known: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the folders on the way to one, from where somebody may begin, each with the query that lists it."""
    before = [start for start, _ in known if folder.startswith(start)]
    start = max(before, key=len) if before else folder
    names = folder[len(start) :].split("/")[:-1]
    places = [f"{start}{''.join(f'{one}/' for one in names[:n])}" for n in range(len(names) + 1)]
    return [(name, _asking(place)) for name, place in zip([start, *names], places, strict=True)]


def _at(folder: str, name: str) -> dict[str, str]:
    """Return the queries for what is in a folder: that lists it, and that shares it."""
    return {"list": _asking(folder + name), "share": urlencode({"path": folder + name})}


def _asking(folder: str, **more: str) -> str:
    return urlencode({"in": folder, **more})
