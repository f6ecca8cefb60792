"""``/healthz``, ``/readyz`` and ``/metrics``: whether the process lives, can do what it promises, and what it has done."""

from __future__ import annotations

from typing import Any

from litestar import Response, get
from sqlalchemy import select

from daypass_links.server.api.answers import Ours, unavailable
from daypass_links.server.database.tables import change

__all__ = ["healthz", "metrics", "readyz"]

_TEXT = "text/plain; version=0.0.4; charset=utf-8"


@get("/healthz", sync_to_thread=False)
def healthz() -> dict[str, str]:
    """Say that the process lives."""
    return {"status": "ok"}


@get("/readyz", sync_to_thread=True)
def readyz(service: Ours) -> Response[Any]:
    """Say whether links can be made and used: the database can be read, and events written."""
    with service.databases.looking.connect() as connection:
        connection.execute(select(change.c.seq).limit(1)).first()
    if service.events.failure is not None:
        return unavailable(service.events.failure)
    return Response({"status": "ok"})


@get("/metrics", sync_to_thread=True)
def metrics(service: Ours) -> Response[bytes]:
    """Tell Prometheus what the processes of this machine have done."""
    return Response(service.metrics.text(), media_type=_TEXT)
