"""Who has a page open: by a cookie that scripts do not see, and the token in each form that no other site knows."""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from hmac import compare_digest
from typing import Any

import attrs
from litestar.datastructures import Cookie
from litestar.response import Redirect

from daypass.errors import RefusedError
from daypass_links.server.pages.rendering import HEADERS, Asked
from daypass_links.server.principals import sessions
from daypass_links.server.principals.bearers import of_provider
from daypass_links.server.principals.callers import Caller
from daypass_links.server.problems import UnauthenticatedError
from daypass_links.server.service import Service
from daypass_links.server.tokens import digest

__all__ = [
    "BEFORE",
    "SESSION",
    "START",
    "FormError",
    "SignInError",
    "Visitor",
    "check_csrf",
    "checked",
    "cookie",
    "csrf_of",
    "next_of",
    "secret_of",
    "to",
    "visitor_of",
    "writer_of",
]

#: What cookies are for: a session, and what comes before one.
SESSION, BEFORE = "session", "before"
#: Where whoever has signed in begins.
START = "/ui/links"
#: What no page holds for somebody who comes back, of what a form has said.
_NOT_KEPT = ("csrf", "sure", "change", "password")
#: A page of ours, as a path: nothing that a browser takes for another host.
_OURS = re.compile(r"/ui/[A-Za-z0-9_./?&=%+~*:,;@!$'()-]*")


class SignInError(Exception):
    """Nobody has signed in.

    Args:
        written: what somebody had written in a form, by its fields, and would lose.

    """

    def __init__(self, written: Mapping[str, Any] | None = None) -> None:
        super().__init__()
        self.written = written or {}


class FormError(RefusedError):
    """A form does not come from a page of the present session."""


@attrs.frozen(kw_only=True)
class Visitor:
    """Who has signed in."""

    caller: Caller
    #: What each form of theirs holds.
    csrf: str
    #: When the session ends, in seconds since the epoch.
    ends_at: int
    #: Whether they came by the OpenID provider.
    by_provider: bool


def visitor_of(request: Asked, service: Service) -> Visitor:
    """Return who has signed in.

    Raises:
        SignInError: if nobody has.

    """
    secret = secret_of(request, service, SESSION)
    with service.databases.reading_main.connect() as connection:
        found = sessions.find(connection, secret, service.clock()) if secret else None
    if found is None:
        raise SignInError
    return Visitor(
        caller=_caller(service, found),
        csrf=csrf_of(secret),
        ends_at=found.ends_at,
        by_provider=found.scopes is None,
    )


def _caller(service: Service, found: sessions.Session) -> Caller:
    if found.scopes is not None:
        return Caller(principal=found.principal, groups=found.groups, scopes=found.scopes)
    try:
        return of_provider(service, found.principal, found.groups)
    except UnauthenticatedError:
        raise SignInError from None


def checked(request: Asked, service: Service, form: dict[str, Any]) -> Visitor:
    """Return who has sent a form from one of their pages.

    Raises:
        SignInError: if nobody has signed in.
        FormError: if it does not come from their session.

    """
    found = visitor_of(request, service)
    check_csrf(form, secret_of(request, service, SESSION))
    return found


def writer_of(
    request: Asked, service: Service, form: dict[str, Any], needs: str
) -> tuple[Visitor, FormError | None]:
    """Return who has sent a form in which they have written, and what is wrong where it is not of their session: it is shown to them once more.

    Args:
        request: who asks.
        service: the service.
        form: what they have sent.
        needs: the field without which nothing is written.

    Raises:
        SignInError: if nobody has signed in, with what they had written.

    """
    try:
        return checked(request, service, form), None
    except FormError as error:
        return visitor_of(request, service), error
    except SignInError:
        is_written = bool(form.get(needs))
        written = {name: said for name, said in form.items() if name not in _NOT_KEPT}
        raise SignInError(written if is_written else None) from None


def check_csrf(form: dict[str, Any], secret: str) -> None:
    """Raise unless a form holds the token of a cookie; without a cookie there is none.

    Raises:
        FormError: saying what to do.

    """
    said = str(form.get("csrf", "")).encode()
    if not secret or not compare_digest(said, csrf_of(secret).encode()):
        msg = "the form does not come from a page of this session: reload it"
        raise FormError(msg)


def csrf_of(secret: str) -> str:
    """Return the token for forms of whoever has a cookie: it says nothing of the cookie, and needs no place of its own."""
    return urlsafe_b64encode(digest(b"csrf\0" + secret.encode())).decode().rstrip("=")


def secret_of(request: Asked, service: Service, kind: str) -> str:
    """Return what a cookie of ours holds; empty where there is none."""
    return request.cookies.get(_name(service, kind), "")


def cookie(service: Service, kind: str, secret: str, lasts: int) -> Cookie:
    """Return a cookie that this host alone gets, and no script.

    Args:
        service: of which the address says whether it is https: then no other host, and nothing on plain http, can set it either.
        kind: what it is for.
        secret: what it holds; empty to take it back.
        lasts: how long, in seconds.

    """
    return Cookie(
        key=_name(service, kind),
        value=secret,
        max_age=lasts if secret else 0,
        path="/",
        secure=_is_https(service),
        httponly=True,
        samesite="lax",
    )


def next_of(asked: str | None) -> str:
    """Return where to go after signing in: a page of ours, whatever was asked."""
    return asked if asked and _OURS.fullmatch(asked) else START


def to(path: str) -> Redirect:
    """Lead a browser on to another page, by GET."""
    return Redirect(path, status_code=303, headers=HEADERS)


def _name(service: Service, kind: str) -> str:
    return f"__Host-daypass-{kind}" if _is_https(service) else f"daypass-{kind}"


def _is_https(service: Service) -> bool:
    return service.settings.server.url.startswith("https:")
