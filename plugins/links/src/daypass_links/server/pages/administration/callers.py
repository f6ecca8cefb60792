"""``/ui/admin/callers``: who is known, and the API keys of each: listed, made and revoked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar import Response, get, post
from litestar.params import URLEncodedBody
from sqlalchemy import Connection, func, select

from daypass.errors import DaypassError, ObjectNotFoundError
from daypass_links.server.api.answers import Ours
from daypass_links.server.database.searching import has
from daypass_links.server.database.tables import api_key, principal
from daypass_links.server.pages.administration.admins import admin_of, sent_by
from daypass_links.server.pages.rendering import Asked, page
from daypass_links.server.pages.visitors import FormError, Visitor, to, writer_of
from daypass_links.server.principals import changing
from daypass_links.server.problems import detail
from daypass_links.server.service import Service
from daypass_links.server.suspensions import CALLER
from daypass_links.wire import SCOPES

__all__ = ["callers", "key_made", "key_revoked"]

#: How many callers a page shows, and how many keys of each, the newest first.
_SHOWN, _KEYS = 50, 20
#: How long a key may live, in days; 0 for as long as it is not revoked.
_DAYS = (30, 90, 365, 0)
_SHOWN_KEYS = [column for column in api_key.c if column.name not in ("hash", "principal")]


@get("/ui/admin/callers", sync_to_thread=True)
def callers(request: Asked, service: Ours) -> Response[Any]:
    """List who is known, by name."""
    return _page(request, service, admin_of(request, service), {})


@post("/ui/admin/callers", status_code=200, sync_to_thread=True)
def key_made(request: Asked, service: Ours, data: URLEncodedBody[dict[str, Any]]) -> Response[Any]:
    """Make a key, and show it this once."""
    visitor, anew = writer_of(request, service, data, "principal")
    visitor.caller.check("admin")
    if anew is not None:
        return _page(request, service, visitor, data, anew)
    days = str(data.get("days", ""))
    groups = _words(data.get("groups"))
    try:
        key_id, key, end = changing.make_key(
            service,
            visitor.caller,
            principal=str(data.get("principal", "")).strip(),
            scopes=_several(data.get("scopes")),
            groups=groups or None,
            prefixes=_words(data.get("prefixes")),
            expires_in=None if days == "0" else f"{days}d",
        )
    except DaypassError as error:
        return _page(request, service, visitor, data, error)
    return page(
        request,
        "administration/key.html",
        visitor=visitor,
        key=key,
        key_id=key_id,
        principal=str(data.get("principal", "")).strip(),
        ends_at=end,
        url=service.settings.server.url,
        now=service.clock(),
    )


@post("/ui/admin/callers/revoke", status_code=200, sync_to_thread=True)
def key_revoked(
    request: Asked, service: Ours, data: URLEncodedBody[dict[str, Any]]
) -> Response[Any]:
    """Revoke a key, once somebody has said that they are sure: it is for good."""
    visitor = sent_by(request, service, data)
    key_id = str(data.get("key_id", ""))
    chosen = select(api_key.c.id, api_key.c.principal, api_key.c.scopes).where(
        api_key.c.id == key_id
    )
    with service.databases.reading_main.connect() as connection:
        found = connection.execute(chosen).mappings().first()
    if found is None:
        msg = f"there is no API key {key_id[:60]!r}"
        raise ObjectNotFoundError(msg)
    if "sure" not in data:
        return page(request, "administration/revoke_key.html", visitor=visitor, key=found)
    changing.revoke_key(service, visitor.caller, key_id)
    return to("/ui/admin/callers?done=revoked")


def _page(
    request: Asked,
    service: Service,
    visitor: Visitor,
    said: Mapping[str, Any],
    error: DaypassError | None = None,
) -> Response[Any]:
    text = request.query_params.get("text", "")[:200].strip()
    after = request.query_params.get("after", "")
    with service.databases.reading_main.connect() as connection:
        found, more = _found(connection, text, after)
    service.changes.look()
    held = service.suspensions.all()
    form = {name: str(said.get(name, "")) for name in ("principal", "groups", "prefixes", "days")}
    return page(
        request,
        "administration/callers.html",
        status=200 if error is None else error.http_status,
        visitor=visitor,
        found=[one | {"suspended": (CALLER, one["name"]) in held} for one in found],
        text=text,
        after=after,
        more=more,
        now=service.clock(),
        done=request.query_params.get("done"),
        problem=error and _told(error),
        form={**form, "scopes": _several(said.get("scopes")) or ["links:read", "links:write"]},
        scopes=SCOPES,
        days=_DAYS,
        most=_KEYS,
    )


def _told(error: DaypassError) -> dict[str, Any]:
    """Return what is wrong with a form, and with which field: of one that is not of the session, the page has words."""
    said = None if isinstance(error, FormError) else detail(error)
    return {"said": said, "field": getattr(error, "option", None)}


def _found(connection: Connection, text: str, after: str) -> tuple[list[dict[str, Any]], bool]:
    """Return a page of callers with their keys, and whether there are more."""
    names = select(principal).where(principal.c.name > after).order_by(principal.c.name)
    if text:
        names = names.where(has(principal.c.name, text))
    rows = connection.execute(names.limit(_SHOWN + 1)).mappings().all()
    found = {row["name"]: {**row, "keys": []} for row in rows[:_SHOWN]}
    place = func.row_number().over(
        partition_by=api_key.c.principal, order_by=(api_key.c.created_at.desc(), api_key.c.id)
    )
    ranked = (
        select(api_key.c.principal, *_SHOWN_KEYS, place.label("place"))
        .where(api_key.c.principal.in_(found))
        .subquery()
    )
    newest = select(ranked).where(ranked.c.place <= _KEYS).order_by(ranked.c.place)
    for row in connection.execute(newest).mappings():
        found[row["principal"]]["keys"].append(dict(row))
    return [*found.values()], len(rows) > _SHOWN


def _several(said: Any) -> list[str]:
    return [str(one) for one in said] if isinstance(said, list) else [str(said)] if said else []


def _words(said: Any) -> list[str]:
    return str(said or "").replace(",", " ").split()
