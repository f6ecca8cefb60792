"""``/auth``: sign in by a link that is good once or at the OpenID provider, and sign out, there too."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery, URLEncodedBody

from daypass.errors import DeadlineError, StoreError
from daypass_links.server.api.answers import Ours
from daypass_links.server.pages.rendering import Asked, page
from daypass_links.server.pages.visitors import (
    BEFORE,
    SESSION,
    START,
    SignInError,
    check_csrf,
    checked,
    cookie,
    csrf_of,
    next_of,
    secret_of,
    to,
    visitor_of,
)
from daypass_links.server.principals import codes, sessions
from daypass_links.server.principals.bearers import of_bearer
from daypass_links.server.principals.code_flow import LASTS, CodeFlow
from daypass_links.server.principals.issuer import InvalidTokenError
from daypass_links.server.principals.known import reach
from daypass_links.server.service import Service
from daypass_links.server.tokens import new_token
from daypass_links.wire import SCOPES

__all__ = ["callback", "login", "once", "sign_in", "sign_in_once", "sign_out"]


@get("/auth/sign-in", sync_to_thread=True)
def sign_in(request: Asked, service: Ours, after: FromQuery[str | None] = None) -> Response[Any]:
    """Say how to sign in; whoever has goes on."""
    try:
        visitor_of(request, service)
    except SignInError:
        return page(request, "sign_in.html", flow=service.sign_in, after=next_of(after))
    return to(next_of(after))


@get("/auth/login", sync_to_thread=True)
def login(request: Asked, service: Ours, after: FromQuery[str | None] = None) -> Response[Any]:
    """Lead to the OpenID provider."""
    flow = _flow(service)
    secret = secret_of(request, service, BEFORE) or new_token()
    place = flow.begin(service.databases.main, secret, next_of(after), int(service.clock()))
    answer = to(place)
    answer.set_cookie(cookie(service, BEFORE, secret, LASTS))
    return answer


@get("/auth/callback", sync_to_thread=True)
def callback(request: Asked, service: Ours) -> Response[Any]:
    """Sign in whom the provider has sent back, if this browser was sent there."""
    flow, secret = _flow(service), secret_of(request, service, BEFORE)
    state, code, iss = (request.query_params.get(name, "") for name in ("state", "code", "iss"))
    with service.databases.main.begin() as connection:
        after = flow.take(connection, secret, state, service.clock()) if secret else None
    if after is None and _has_signed_in(request, service):
        return to(START)  # in another tab, or went back to where they came from
    if after is None or not code or iss not in ("", flow.issuer.issuer):
        return page(request, "no_sign_in.html", status=403, detail=None)
    try:
        bearer = flow.finish(secret, state, code)
    except (InvalidTokenError, StoreError, DeadlineError) as error:
        return page(request, "no_sign_in.html", status=403, detail=str(error))
    caller = of_bearer(service, bearer)
    service.events.durable("login", principal=caller.principal, by="provider").result()
    if bearer.email is not None:
        with service.databases.main.begin() as connection:
            reach(connection, caller.principal, bearer.email)
    return _begin_session(request, service, caller.principal, scopes=None, after=after)


@get("/auth/once/{code:str}", sync_to_thread=True)
def once(request: Asked, service: Ours, code: FromPath[str]) -> Response[Any]:
    """Show a button: what looks at links before a person does, signs nobody in."""
    with service.databases.reading_main.connect() as connection:
        good = codes.is_good(connection, code, service.clock())
    if not good:
        return _used_up(request, service)
    secret = secret_of(request, service, BEFORE) or new_token()
    answer = page(request, "once.html", code=code, csrf=csrf_of(secret))
    answer.set_cookie(cookie(service, BEFORE, secret, codes.LASTS))
    return answer


@post("/auth/once/{code:str}", status_code=200, sync_to_thread=True)
def sign_in_once(
    request: Asked, service: Ours, code: FromPath[str], data: URLEncodedBody[dict[str, Any]]
) -> Response[Any]:
    """Sign in, and use the code up."""
    check_csrf(data, secret_of(request, service, BEFORE))
    with service.databases.main.begin() as connection:
        name = codes.take(connection, code, service.clock())
    if name is None:
        return _used_up(request, service)
    service.events.durable("login", principal=name, by="code").result()
    return _begin_session(request, service, name, scopes=SCOPES, after=START)


@post("/auth/sign-out", status_code=200, sync_to_thread=True)
def sign_out(request: Asked, service: Ours, data: URLEncodedBody[dict[str, Any]]) -> Response[Any]:
    """End the session, here and in the browser."""
    visitor = checked(request, service, data)
    with service.databases.main.begin() as connection:
        sessions.end(connection, secret_of(request, service, SESSION))
    flow = service.sign_in
    place = flow.leave() if flow is not None and visitor.by_provider else None
    answer: Response[Any] = to("/auth/sign-in")
    if flow is not None and place is not None:
        answer = page(request, "signed_out.html", host=flow.host, place=place)
        # The form may lead nowhere but here, by the policy of its page; what follows is no part of it.
        answer.headers["refresh"] = f"0; url={place}"
    answer.set_cookie(cookie(service, SESSION, "", 0))
    return answer


def _used_up(request: Asked, service: Service) -> Response[Any]:
    """Say that a code signs nobody in; whoever it has signed in, and who goes back to it, goes on."""
    if _has_signed_in(request, service):
        return to(START)
    return page(request, "no_code.html", status=404)


def _has_signed_in(request: Asked, service: Service) -> bool:
    try:
        visitor_of(request, service)
    except SignInError:
        return False
    return True


def _flow(service: Service) -> CodeFlow:
    if service.sign_in is None:
        raise NotFoundException
    return service.sign_in


def _begin_session(
    request: Asked, service: Service, name: str, *, scopes: tuple[str, ...] | None, after: str
) -> Response[Any]:
    """Begin a session under a secret that nobody could have known before, in place of the one that the browser has."""
    with service.databases.main.begin() as connection:
        sessions.end(connection, secret_of(request, service, SESSION))
        secret, _ = sessions.begin(connection, name, scopes=scopes, now=int(service.clock()))
    answer = to(after)
    answer.set_cookie(cookie(service, SESSION, secret, sessions.LASTS))
    answer.set_cookie(cookie(service, BEFORE, "", 0))
    return answer
