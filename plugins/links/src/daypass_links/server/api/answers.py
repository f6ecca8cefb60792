"""How the API answers errors, and who asks it."""

from __future__ import annotations

import asyncio
from typing import Any

from litestar import Request, Response
from litestar.di import NamedDependency
from litestar.exceptions import HTTPException
from litestar.params import SkipValidation
from sqlalchemy.exc import DataError, SQLAlchemyError

from daypass.errors import DaypassError
from daypass_links.server.logs import Burst, log
from daypass_links.server.principals import bearers
from daypass_links.server.principals.callers import Caller
from daypass_links.server.problems import AGAIN, PROBLEM, body, problem
from daypass_links.server.service import Service

__all__ = [
    "HANDLERS",
    "NO_STORE",
    "UNKEPT",
    "Ours",
    "caller_at_hand",
    "caller_of",
    "route_of",
    "unavailable",
]

Asked = Request[Any, Any, Any]
#: The service, as handlers are given it.
Ours = NamedDependency[SkipValidation[Service]]

#: Of what holds a secret, or may not be true for long.
NO_STORE = {"cache-control": "no-store"}
#: What is wrong with what a database refuses, whose own words hold the values.
UNKEPT = "a text holds a character that the database does not keep, or a number is too large for it"
_FAILED = Burst("the database failed, and the API answers 503")


async def caller_at_hand(request: Asked, service: Service, scope: str) -> Caller:
    """Do what `caller_of` does, in an event loop."""
    if bearers.is_at_hand(request.headers.get("authorization", "")):
        return caller_of(request, service, scope)
    return await asyncio.to_thread(caller_of, request, service, scope)


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
    headers = dict(NO_STORE)
    told = problem(error)
    if error.http_status == 401:  # noqa: PLR2004 - HTTP's own
        headers["www-authenticate"] = getattr(error, "challenge", "Bearer")
    if "retry_after" in told:
        headers["retry-after"] = str(told["retry_after"])
    return Response(told, status_code=error.http_status, media_type=PROBLEM, headers=headers)


def _of_http(_: Asked, error: HTTPException) -> Response[bytes]:
    """Answer what Litestar refuses: no such route, no JSON, unknown fields."""
    said = [_words(one) for one in error.extra or () if isinstance(one, dict) and "message" in one]
    detail = "; ".join(said) or error.detail or "the request is not legal"
    code = {404: "not-found", 405: "method-not-allowed", 413: "too-large"}.get(
        error.status_code, "invalid-request"
    )
    headers = {**(error.headers or {}), **NO_STORE}
    return Response(
        body(error.status_code, code, detail),
        status_code=error.status_code,
        media_type=PROBLEM,
        headers=headers,
    )


def _words(found: dict[str, Any]) -> str:
    """Return what Litestar finds wrong with a part of a request, and with which."""
    part, said = found.get("key"), str(found["message"])
    if said == repr(part):  # so it says of a body that is not there
        return "the body is missing: send an object of JSON"
    return said if part == "data" else f"{part}: {said}"


def _of_value(_: Asked, __: DataError) -> Response[bytes]:
    text = body(400, "invalid-request", UNKEPT)
    return Response(text, status_code=400, media_type=PROBLEM, headers=NO_STORE)


def _of_database(request: Asked, error: SQLAlchemyError) -> Response[bytes]:
    _FAILED.tell(error, route=route_of(request))
    return unavailable("the database cannot be reached or written: try again")


def route_of(request: Asked) -> str:
    """Say what was asked; a path itself may hold the token of a link, or a code that signs in."""
    return str(request.scope.get("path_template", ""))


def unavailable(why: str) -> Response[bytes]:
    """Answer that nothing can be written down just now."""
    headers = {**NO_STORE, "retry-after": str(AGAIN)}
    text = body(503, "database-failed", why)
    return Response(text, status_code=503, media_type=PROBLEM, headers=headers)


def _of_others(request: Asked, error: Exception) -> Response[bytes]:
    log.error("a request failed", method=request.method, route=route_of(request), exc_info=error)
    text = body(500, "error", "the service failed: its log says how")
    return Response(text, status_code=500, media_type=PROBLEM, headers=NO_STORE)


HANDLERS: Any = {
    DaypassError: _of_daypass,
    HTTPException: _of_http,
    DataError: _of_value,
    SQLAlchemyError: _of_database,
    Exception: _of_others,
}
