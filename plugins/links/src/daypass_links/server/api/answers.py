"""How the API answers errors, and who asks it."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Response
from litestar.di import NamedDependency
from litestar.exceptions import HTTPException
from litestar.params import SkipValidation
from sqlalchemy.exc import SQLAlchemyError

from daypass.errors import DaypassError
from daypass_links.server.logs import log
from daypass_links.server.principals import bearers
from daypass_links.server.principals.callers import Caller
from daypass_links.server.problems import PROBLEM, body, problem
from daypass_links.server.service import Service

__all__ = ["HANDLERS", "Ours", "caller_of"]

Asked = Request[Any, Any, Any]
#: The service, as handlers are given it.
Ours = NamedDependency[SkipValidation[Service]]

_NO_STORE = {"cache-control": "no-store"}


def caller_of(request: Asked, service: Service, scope: str) -> Caller:
    """Return who asks, if they may.

    Raises:
        UnauthenticatedError: without a key or token that is valid.
        RefusedError: if they may not ask this.
        ProviderError: if the provider of tokens cannot be asked for its keys.

    """
    found = bearers.caller_of(service, request.headers.get("authorization", ""))
    found.check(scope)
    return found


def _of_daypass(_: Asked, error: DaypassError) -> Response[Any]:
    headers = dict(_NO_STORE)
    told = problem(error)
    if error.http_status == 401:  # noqa: PLR2004 - HTTP's own
        headers["www-authenticate"] = getattr(error, "challenge", "Bearer")
    if "retry_after" in told:
        headers["retry-after"] = str(told["retry_after"])
    return Response(told, status_code=error.http_status, media_type=PROBLEM, headers=headers)


def _of_http(_: Asked, error: HTTPException) -> Response[bytes]:
    """Answer what Litestar refuses: no such route, no JSON, unknown fields."""
    said = [
        one["message"] for one in error.extra or () if isinstance(one, dict) and "message" in one
    ]
    detail = "; ".join(map(str, said)) or error.detail or "the request is not legal"
    code = {404: "not-found", 405: "method-not-allowed", 413: "too-large"}.get(
        error.status_code, "invalid-request"
    )
    headers = {**(error.headers or {}), **_NO_STORE}
    return Response(
        body(error.status_code, code, detail),
        status_code=error.status_code,
        media_type=PROBLEM,
        headers=headers,
    )


def _of_json(_: Asked, __: msgspec.DecodeError) -> Response[bytes]:
    text = body(400, "invalid-request", "the body is no JSON")
    return Response(text, status_code=400, media_type=PROBLEM, headers=_NO_STORE)


def _of_database(request: Asked, error: SQLAlchemyError) -> Response[bytes]:
    # The database's own words may hold values.
    log.error("the database failed", path=request.url.path, error=type(error).__name__)
    text = body(503, "database-failed", "the database cannot be reached or written: try again")
    return Response(text, status_code=503, media_type=PROBLEM, headers=_NO_STORE)


def _of_others(request: Asked, error: Exception) -> Response[bytes]:
    log.error("a request failed", method=request.method, path=request.url.path, exc_info=error)
    text = body(500, "error", "the service failed: its log says how")
    return Response(text, status_code=500, media_type=PROBLEM, headers=_NO_STORE)


HANDLERS: Any = {
    DaypassError: _of_daypass,
    msgspec.DecodeError: _of_json,
    HTTPException: _of_http,
    SQLAlchemyError: _of_database,
    Exception: _of_others,
}
