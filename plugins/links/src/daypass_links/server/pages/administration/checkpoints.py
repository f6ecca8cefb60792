"""``/ui/admin/checkpoints``: the newest checkpoints, and whether all events are as they were written."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.params import URLEncodedBody

from daypass.errors import DaypassError
from daypass.toolkit.deadlines import Deadline
from daypass_links.server.api.answers import Ours
from daypass_links.server.events.finding import newest_checkpoints
from daypass_links.server.events.verification import Witness, verify_events
from daypass_links.server.keyset import KeySet
from daypass_links.server.pages.administration.admins import admin_of, sent_by
from daypass_links.server.pages.rendering import Asked, page
from daypass_links.server.pages.visitors import Visitor
from daypass_links.server.problems import detail
from daypass_links.server.service import Service

__all__ = ["checkpoints", "verified"]

#: How many are shown.
_SHOWN = 20
#: How long verifying may take, in seconds: a proxy before us waits no longer, and the process has other things to do.
PATIENCE = 20.0
#: So many faults and notes are shown.
_MOST = 20


@get("/ui/admin/checkpoints", sync_to_thread=True)
def checkpoints(request: Asked, service: Ours) -> Response[Any]:
    """List checkpoints, the newest first."""
    return _page(request, service, admin_of(request, service))


@post("/ui/admin/checkpoints", status_code=200, sync_to_thread=True)
def verified(request: Asked, service: Ours, data: URLEncodedBody[dict[str, Any]]) -> Response[Any]:
    """Verify all chains and checkpoints, in so much time."""
    visitor = sent_by(request, service, data)
    service.events.flush()
    try:
        keys = KeySet.read(service.settings.server.keys)
        found = verify_events(service.databases.reading_events, keys, Deadline.after(PATIENCE))
    except DaypassError as error:
        return _page(request, service, visitor, wrong=detail(error), status=error.http_status)
    return _page(request, service, visitor, verdict=found)


def _page(
    request: Asked,
    service: Service,
    visitor: Visitor,
    *,
    verdict: Witness | None = None,
    wrong: str | None = None,
    status: int = 200,
) -> Response[Any]:
    return page(
        request,
        "administration/checkpoints.html",
        status=status,
        visitor=visitor,
        found=newest_checkpoints(service.databases.reading_events, _SHOWN),
        verdict=verdict,
        wrong=wrong,
        most=_MOST,
        patience=round(PATIENCE),
    )
