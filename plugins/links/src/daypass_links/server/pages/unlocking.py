"""``/p/TOKEN/password``: the password of a link is asked for, and is then as good as a cookie of that link for a quarter of an hour."""

from __future__ import annotations

from typing import Any

from litestar import Response, post
from litestar.datastructures import Cookie
from litestar.params import FromPath, URLEncodedBody

from daypass_links.server.api.answers import Ours
from daypass_links.server.links import guesses
from daypass_links.server.links.addresses import network_of
from daypass_links.server.links.passwords import LASTS, is_right, name_of, proof_of
from daypass_links.server.links.redirect import BEGINNING, LOCKED
from daypass_links.server.pages.friendly import ClosedError, closed
from daypass_links.server.pages.holders import LockedError, came, refused
from daypass_links.server.pages.rendering import Asked, page
from daypass_links.server.pages.visitors import FormError, to
from daypass_links.server.service import Service

__all__ = ["locked", "unlock"]

#: What browsers say of a form that was sent from a page of ours, or from none: from the outside nobody is made to guess.
_OWN = ("same-origin", "none")


def locked(request: Asked, _: LockedError) -> Response[Any]:
    """Ask for the password; a program below the link itself is told that it has one."""
    if request.url.path.startswith(BEGINNING):
        return closed(request, ClosedError(403, LOCKED))
    token = request.path_params["token"]
    return page(request, "password.html", status=403, token=token, wrong=False, wait=0)


@post("/p/{token:str}/password", status_code=200, sync_to_thread=True)
def unlock(
    request: Asked, service: Ours, token: FromPath[str], data: URLEncodedBody[dict[str, Any]]
) -> Response[Any]:
    """Take the password, if it is right and was not tried too often."""
    _check_origin(request, service)
    who = came(request, service, token)
    kept = who.link.password
    if kept is None:
        return to(f"/p/{token}")
    network, now = network_of(who.address), int(who.now)
    said = {"token": token, "wrong": True}
    if wait := guesses.take(service.databases.events, who.link.id, network, now):
        answer = page(request, "password.html", status=429, wait=-(-wait // 60), **said)
        answer.headers["retry-after"] = str(wait)
        return answer
    # A file that holds one ends in the end of its line, which is no part of it.
    password = str(data.get("password", "")).removesuffix("\n").removesuffix("\r")
    if not is_right(kept, password):
        refused(service, who, "password")
        return page(request, "password.html", status=403, wait=0, **said)
    guesses.give_back(service.databases.events, who.link.id, network)
    service.events.durable("admit", link_id=who.link.id, address=who.address).result()
    led = to(f"/p/{token}")
    led.set_cookie(
        Cookie(
            key=name_of(service, who.link.id),
            value=proof_of(service, who.link.id, kept, who.now),
            max_age=LASTS,
            path="/",
            secure=service.settings.server.url.startswith("https:"),
            httponly=True,
            samesite="lax",
        )
    )
    return led


def _check_origin(request: Asked, service: Service) -> None:
    """Raise where another site has sent the form; who is no browser says nothing of sites.

    Raises:
        FormError: saying what to do.

    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin", "null")
    # A page that tells nobody where it was has no origin either, by an older browser's word.
    is_own = site in _OWN if site else origin in ("null", service.settings.server.url)
    if not is_own:
        msg = "the form does not come from the link's page: open that, and try again"
        raise FormError(msg)
