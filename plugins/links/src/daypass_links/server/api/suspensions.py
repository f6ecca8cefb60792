"""``/v1/suspensions`` and ``/v1/lift``: who and what is suspended, and no longer is; for an ``admin``."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Controller, Request, get, post
from litestar.datastructures import State
from litestar.params import JSONBody

from daypass.errors import InvalidRequestError
from daypass_links.server import suspensions
from daypass_links.server.api.answers import Ours, caller_of
from daypass_links.server.moments import told
from daypass_links.server.principals import changing

__all__ = ["SuspensionsController"]

Asked = Request[Any, Any, State]


class Lifted(msgspec.Struct, forbid_unknown_fields=True):
    """Whose suspension to lift: one of these."""

    link_id: str | None = None
    #: A caller.
    owner: str | None = None


class SuspensionsController(Controller):
    """Suspensions."""

    path = "/v1"

    @get("/suspensions", sync_to_thread=True)
    def listed(self, request: Asked, service: Ours) -> dict[str, Any]:
        """List the links and callers that are suspended."""
        caller_of(request, service, "admin")
        with service.databases.reading_main.connect() as connection:
            rows = suspensions.listed(connection)
        items = [
            {
                "link_id": row["name"] if row["kind"] == suspensions.LINK else None,
                "owner": row["name"] if row["kind"] == suspensions.CALLER else None,
                "what": row["what"],
                "since": told(row["since"]),
            }
            for row in rows
        ]
        return {"items": items, "next": None}

    @post("/lift", status_code=200, sync_to_thread=True)
    def lift(self, request: Asked, service: Ours, data: JSONBody[Lifted]) -> dict[str, bool]:
        """Lift the suspension of a link or of a caller."""
        caller = caller_of(request, service, "admin")
        if (data.link_id is None) is (data.owner is None):
            msg = "say whose suspension to lift: link_id or owner"
            raise InvalidRequestError(msg)
        kind = suspensions.LINK if data.link_id is not None else suspensions.CALLER
        name = data.link_id or data.owner or ""
        return {"lifted": changing.lift(service, caller, kind, name)}
