"""``/ui/admin``: whether the service can do what it promises, and of what versions it is."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

from litestar import Response, get, post
from litestar.params import URLEncodedBody
from sqlalchemy import Engine

from daypass_links.server.api.answers import Ours
from daypass_links.server.askers import asks_a_store
from daypass_links.server.check import Finding, check
from daypass_links.server.database.schema import is_current
from daypass_links.server.events.finding import newest_checkpoints
from daypass_links.server.pages.administration.admins import admin_of, sent_by
from daypass_links.server.pages.rendering import Asked, page
from daypass_links.server.pages.visitors import Visitor
from daypass_links.server.service import Service

__all__ = ["checked_all", "health"]

_DISTRIBUTIONS = ("daypass", "daypass-links", "litestar", "granian", "sqlalchemy")


@get("/ui/admin", sync_to_thread=True)
def health(request: Asked, service: Ours) -> Response[Any]:
    """Say how the service is."""
    return _page(request, service, admin_of(request, service), None)


@post("/ui/admin/check", status_code=200)
@asks_a_store
def checked_all(
    request: Asked, service: Ours, data: URLEncodedBody[dict[str, Any]]
) -> Response[Any]:
    """Try all that the service needs, as ``daypass serve check`` does: each store is asked."""
    return _page(request, service, sent_by(request, service, data), [*check()])


def _page(
    request: Asked, service: Service, visitor: Visitor, tried: list[Finding] | None
) -> Response[Any]:
    checkpoint = next(iter(newest_checkpoints(service.databases.reading_events, 1)), None)
    return page(
        request,
        "administration/health.html",
        visitor=visitor,
        facts=[*_facts(service)],
        checkpoint=checkpoint,
        chain=service.events.chain,
        versions=[(name, version(name)) for name in _DISTRIBUTIONS],
        python=platform.python_version(),
        databases=[_kind(engine) for engine in (service.databases.main, service.databases.events)],
        is_told=service.changes.is_told,
        url=service.settings.server.url,
        workers=service.settings.server.workers,
        tried=tried,
    )


def _facts(service: Service) -> Iterator[tuple[str, bool, str | int]]:
    """Yield what is to be well, by the name of the words for it, whether it is, and what there is to say."""
    yield "schema", is_current(service.databases), ""
    failure = service.events.failure
    yield "events", failure is None, failure or ""
    yield "queue", failure is None, service.events.waiting


def _kind(engine: Engine) -> str:
    """Return what a database is, by its name and version."""
    with engine.connect() as connection:
        numbers = connection.dialect.server_version_info or ()
    return f"{engine.dialect.name} {'.'.join(map(str, numbers))}"
