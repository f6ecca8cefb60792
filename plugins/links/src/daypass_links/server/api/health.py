"""``/healthz``, ``/readyz`` and ``/metrics``: whether the process lives, can do what it promises, and what it has done."""

from __future__ import annotations

from typing import Any

from litestar import Response, get
from sqlalchemy import select

from daypass_links.server.api.answers import Ours
from daypass_links.server.database.tables import change
from daypass_links.server.problems import PROBLEM, body

__all__ = ["healthz", "metrics", "readyz"]

_TEXT = "text/plain; version=0.0.4; charset=utf-8"


@get("/healthz", sync_to_thread=False)
def healthz() -> dict[str, str]:
    """Say that the process lives."""
    return {"status": "ok"}


@get("/readyz", sync_to_thread=True)
def readyz(service: Ours) -> Response[Any]:
    """Say whether links can be made and used: the database can be read, and events written."""
    with service.databases.reading_main.connect() as connection:
        connection.execute(select(change.c.seq).limit(1)).first()
    if service.events.failure is not None:
        text = body(503, "database-failed", service.events.failure)
        return Response(text, status_code=503, media_type=PROBLEM)
    return Response({"status": "ok"})


@get("/metrics", sync_to_thread=False)
def metrics(service: Ours) -> Response[bytes]:
    """Tell Prometheus what this process has done."""
    return Response(service.metrics.text(), media_type=_TEXT)
