"""``/ui/admin/alerts``: who and what is suspended, until somebody lifts it, and what was unusual."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.params import URLEncodedBody

from daypass.errors import InvalidRequestError
from daypass_links.server import suspensions
from daypass_links.server.api.answers import Ours
from daypass_links.server.events.finding import Sought, newest
from daypass_links.server.events.reading import Place
from daypass_links.server.pages.administration.admins import admin_of, sent_by
from daypass_links.server.pages.administration.events import told
from daypass_links.server.pages.rendering import Asked, page
from daypass_links.server.pages.visitors import to
from daypass_links.server.principals import changing

__all__ = ["alerts", "lifted"]

#: How many alerts a page shows, and how many suspensions, the oldest first.
_SHOWN, _MOST = 50, 200


@get("/ui/admin/alerts", sync_to_thread=True)
def alerts(request: Asked, service: Ours) -> Response[Any]:
    """List suspensions, and then alerts, the newest first."""
    visitor = admin_of(request, service)
    after = request.query_params.get("after")
    with service.databases.reading_main.connect() as connection:
        held = suspensions.listed(connection)
    service.events.flush()
    found, place = newest(
        service.databases.reading_events,
        Sought(kinds=("alert", "suspend", "lift")),
        None if after is None else Place.of(after),
        _SHOWN,
    )
    return page(
        request,
        "administration/alerts.html",
        visitor=visitor,
        held=held[:_MOST],
        more_held=len(held) - _MOST,
        found=[told(one) for one in found],
        next_page=None if place is None else str(place),
        back_to=None if place is None else int(place.moment),
        is_on=service.settings.alerts is not None,
        done=request.query_params.get("done"),
    )


@post("/ui/admin/alerts/lift", status_code=200, sync_to_thread=True)
def lifted(request: Asked, service: Ours, data: URLEncodedBody[dict[str, Any]]) -> Response[Any]:
    """Lift a suspension."""
    visitor = sent_by(request, service, data)
    kind, name = str(data.get("kind", "")), str(data.get("name", ""))
    if kind not in (suspensions.LINK, suspensions.CALLER):
        msg = f"what is suspended is a {suspensions.LINK} or a {suspensions.CALLER}"
        raise InvalidRequestError(msg)
    changing.lift(service, visitor.caller, kind, name)
    return to("/ui/admin/alerts?done=lifted")
