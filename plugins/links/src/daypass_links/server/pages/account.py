"""``/ui/me``: who has signed in, and what they may do."""

from __future__ import annotations

from typing import Any

from litestar import Response, get

from daypass_links.server.api.answers import Ours
from daypass_links.server.pages.rendering import Asked, page
from daypass_links.server.pages.visitors import visitor_of
from daypass_links.wire import SCOPES

__all__ = ["account"]


@get("/ui/me", sync_to_thread=True)
def account(request: Asked, service: Ours) -> Response[Any]:
    """Tell somebody who they are here."""
    visitor = visitor_of(request, service)
    caller = visitor.caller
    may = [scope for scope in SCOPES if scope in caller.scopes or caller.is_admin]
    return page(request, "account.html", visitor=visitor, may=may)
