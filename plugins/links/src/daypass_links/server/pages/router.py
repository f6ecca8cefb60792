"""``PAGES``: all pages, what they load, and what is shown where one cannot be."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from litestar import Response, Router, get
from litestar.exceptions import HTTPException, NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from sqlalchemy.exc import DataError, SQLAlchemyError

from daypass.errors import DaypassError
from daypass_links.server.api.answers import UNKEPT, route_of
from daypass_links.server.logs import log
from daypass_links.server.pages.account import account
from daypass_links.server.pages.administration.alerts import alerts, lifted
from daypass_links.server.pages.administration.callers import callers, key_made, key_revoked
from daypass_links.server.pages.administration.checkpoints import checkpoints, verified
from daypass_links.server.pages.administration.events import events, export
from daypass_links.server.pages.administration.health import checked_all, health
from daypass_links.server.pages.administration.policy import policy
from daypass_links.server.pages.browsing import browsed
from daypass_links.server.pages.friendly import ClosedError, closed, failed
from daypass_links.server.pages.holders import LockedError
from daypass_links.server.pages.inbox import form, sent
from daypass_links.server.pages.index_of_prefix import folder, index, inner_index
from daypass_links.server.pages.my_links import extended, link, links, taken_back
from daypass_links.server.pages.new_link import asked, made
from daypass_links.server.pages.previews import picture
from daypass_links.server.pages.recipient import recipient
from daypass_links.server.pages.rendering import FILES, HEADERS, Asked, page
from daypass_links.server.pages.signing_in import (
    callback,
    login,
    once,
    sign_in,
    sign_in_once,
    sign_out,
)
from daypass_links.server.pages.unlocking import locked, unlock
from daypass_links.server.pages.visitors import START, FormError, SignInError, to
from daypass_links.server.problems import detail

__all__ = ["PAGES"]

_TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
#: A year: what has changed has another address.
_KEPT = "public, max-age=31536000, immutable"


@get(["/", "/ui", "/auth"], sync_to_thread=False)
def start() -> Redirect:
    """Lead to where one begins."""
    return to(START)


@get("/ui/static/{version:str}/{name:str}", sync_to_thread=False)
def static(name: FromPath[str], version: FromPath[str]) -> Response[bytes]:  # noqa: ARG001 - it is for browsers
    """Return a file that pages load."""
    if name not in FILES:
        raise NotFoundException
    headers = {**HEADERS, "cache-control": _KEPT}
    kind = _TYPES[name.rpartition(".")[2]]
    return Response(FILES[name], media_type=kind, headers=headers)


@get(["/ui/{rest:path}", "/auth/{rest:path}", "/p/{token:str}/{rest:path}"], sync_to_thread=False)
def nothing(rest: FromPath[str]) -> None:  # noqa: ARG001 - whatever it is
    """Say that there is no such page."""
    raise NotFoundException


def _of_sign_in(request: Asked, error: SignInError) -> Response[Any]:
    """Lead whoever has not signed in there, and back to the page that they asked for; who had written something keeps it."""
    if error.written:
        said = {"place": request.url.path, "written": error.written}
        return page(request, "ended.html", status=403, **said)
    asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    back = f"?after={quote(asked, safe='')}" if request.method == "GET" else ""
    return to(f"/auth/sign-in{back}")


def _of_form(request: Asked, error: FormError) -> Response[Any]:
    return failed(request, error.http_status, "form")


def _of_daypass(request: Asked, error: DaypassError) -> Response[Any]:
    why = {404: "unknown", 403: "refused"}.get(error.http_status, "other")
    return failed(request, error.http_status, why, detail(error))


def _of_http(request: Asked, error: HTTPException) -> Response[Any]:
    """Answer what Litestar refuses: no such page, no form."""
    why = "unknown" if error.status_code == 404 else "form"  # noqa: PLR2004 - HTTP's own
    return failed(request, error.status_code, why)


def _of_value(request: Asked, _: DataError) -> Response[Any]:
    return failed(request, 400, "other", UNKEPT)


def _of_database(request: Asked, error: SQLAlchemyError) -> Response[Any]:
    # The database's own words may hold values.
    log.error("the database failed", route=route_of(request), error=type(error).__name__)
    return failed(request, 503, "failed")


def _of_others(request: Asked, error: Exception) -> Response[Any]:
    log.error("a page failed", method=request.method, route=route_of(request), exc_info=error)
    return failed(request, 500, "failed")


PAGES = Router(
    "/",
    route_handlers=[
        account,
        alerts,
        asked,
        browsed,
        callback,
        callers,
        checked_all,
        checkpoints,
        events,
        export,
        extended,
        form,
        health,
        key_made,
        key_revoked,
        lifted,
        folder,
        index,
        inner_index,
        link,
        links,
        login,
        made,
        nothing,
        once,
        picture,
        policy,
        recipient,
        sent,
        sign_in,
        sign_in_once,
        sign_out,
        start,
        static,
        taken_back,
        unlock,
        verified,
    ],
    exception_handlers={
        ClosedError: closed,
        LockedError: locked,
        SignInError: _of_sign_in,
        FormError: _of_form,
        DaypassError: _of_daypass,
        HTTPException: _of_http,
        DataError: _of_value,
        SQLAlchemyError: _of_database,
        Exception: _of_others,
    },
    include_in_schema=False,
)
