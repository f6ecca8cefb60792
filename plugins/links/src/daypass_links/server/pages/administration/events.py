"""``/ui/admin/events``: what happened, found by what, whose and when, and given away whole."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.params import URLEncodedBody
from litestar.response import Stream

from daypass.errors import InvalidRequestError
from daypass_links.server.api.answers import Ours
from daypass_links.server.events.finding import KINDS, Sought, newest
from daypass_links.server.events.reading import Place
from daypass_links.server.moments import told as moment_told
from daypass_links.server.pages.administration.admins import admin_of, sent_by
from daypass_links.server.pages.administration.exports import FORMATS, exported
from daypass_links.server.pages.rendering import HEADERS, Asked, page
from daypass_links.server.words import check_words

__all__ = ["events", "export", "told"]

#: How many a page shows.
_SHOWN = 50
#: What is asked, as the page's address says it.
_FIELDS = ("kind", "principal", "link_id", "since", "until")
#: What every line has, and what proves it: the rest is what there is to say.
_COMMON = ("kind", "time", "principal", "link_id", "chain", "seq", "prev", "hash")
_LONGEST = 300


@get("/ui/admin/events", sync_to_thread=True)
def events(request: Asked, service: Ours) -> Response[Any]:
    """List events, the newest first."""
    visitor = admin_of(request, service)
    asked = _asked(request.query_params)
    after = request.query_params.get("after")
    service.events.flush()
    found, place = newest(
        service.databases.reading_events,
        _sought(asked),
        None if after is None else Place.of(after),
        _SHOWN,
    )
    given = {name: value for name, value in asked.items() if value}
    return page(
        request,
        "administration/events.html",
        visitor=visitor,
        found=[told(one) for one in found],
        asked=asked,
        given=given,
        kinds=("", *KINDS),
        formats=FORMATS,
        next_page=None if place is None else urlencode({**given, "after": str(place)}),
        back_to=None if place is None else int(place.moment),
        is_full=len(found) == _SHOWN,
    )


@post("/ui/admin/events/export", status_code=200, sync_to_thread=True)
def export(request: Asked, service: Ours, data: URLEncodedBody[dict[str, Any]]) -> Stream:
    """Give all events away that were asked for, in order of time, as they are read."""
    sent_by(request, service, data)
    form = str(data.get("format", ""))
    check_words([form], FORMATS, "format")
    service.events.flush()
    text, media_type = exported(service.databases.reading_events, _sought(_asked(data)), form)
    named = f'attachment; filename="events.{form}"'
    headers = {**HEADERS, "content-disposition": named}
    return Stream(text, media_type=media_type, headers=headers)


def _asked(said: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(said.get(name, ""))[:_LONGEST].strip() for name in _FIELDS}


def _sought(asked: Mapping[str, str]) -> Sought:
    if asked["kind"]:
        check_words([asked["kind"]], KINDS, "kind")
    return Sought(
        kinds=(asked["kind"],) if asked["kind"] else None,
        principal=asked["principal"] or None,
        link_id=asked["link_id"] or None,
        since=_moment(asked["since"], "since"),
        until=_moment(asked["until"], "until"),
    )


def _moment(text: str, option: str) -> float | None:
    """Read what a browser sends of a moment that was chosen, which is in UTC here."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
        # Who writes the address by hand may say of which zone it is.
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        msg = f"{option} is a moment such as 2026-12-01T09:30, in UTC"
        raise InvalidRequestError(msg, option=option) from None


def told(line: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a page tells of a line."""
    more = {name: value for name, value in line.items() if name not in _COMMON}
    if isinstance(more.get("ends_at"), int):
        more["ends_at"] = moment_told(more["ends_at"])
    return {
        "at": int(datetime.fromisoformat(line["time"]).timestamp()),
        "kind": line["kind"],
        "principal": line.get("principal"),
        "link_id": line.get("link_id"),
        "more": {name: _short(value) for name, value in more.items() if value is not None},
    }


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _short(value: Any) -> str:
    text = ", ".join(map(_written, value)) if isinstance(value, list) else _written(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
