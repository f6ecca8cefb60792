"""The page of a link for uploads: of an inbox the one that sends files, of any other link how a program does."""

from __future__ import annotations

import json
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath, URLEncodedBody

from daypass.base.media_types import guessed
from daypass.errors import DaypassError, UnsupportedOptionError
from daypass_links.server.api.answers import Ours
from daypass_links.server.askers import asks_a_store
from daypass_links.server.inbox.admission import Holder, admitted
from daypass_links.server.inbox.forms import signed_form
from daypass_links.server.inbox.limits import WrongTypeError
from daypass_links.server.inbox.names import harmless
from daypass_links.server.inbox.origins import origin_of, store_origin
from daypass_links.server.languages.words import words_for
from daypass_links.server.links.arrivals import ClosedLinkError
from daypass_links.server.links.redirect import LOCKED
from daypass_links.server.links.shown import url_of
from daypass_links.server.pages.friendly import ClosedError
from daypass_links.server.pages.holders import Held, LockedError, held
from daypass_links.server.pages.rendering import Asked, page
from daypass_links.server.pages.snippets import snippets
from daypass_links.server.service import Service

__all__ = ["form", "inbox_page", "sent"]

#: Where a form leads when the file is there; the store is told, and no token with it.
SENT = "/p/sent"
#: How long somebody may take to choose a file and begin to send it, in seconds.
_LASTS = 900
#: Of the names of texts, what the script says.
_SAID = "upload."


def inbox_page(
    request: Asked, service: Service, found: Held, *, refused: str | None = None
) -> Response[Any]:
    """Let somebody send files, or say how to upload.

    Args:
        request: who asks.
        service: the service.
        found: the link, which is open to them.
        refused: the name of a file that is none of those that are taken here.

    """
    ready = found.ready
    if ready.inbox is None or ready.store is None:
        url = url_of(service, found.token, found.link)
        lines = snippets(found.link, url)
        return page(request, "put.html", link=found.link, snippets=lines, now=found.now)
    try:
        origin = store_origin(Holder(ready, ready.inbox, ready.store, found.address))
    except DaypassError as error:
        raise ClosedError(error.http_status, error.code) from None
    answer = page(
        request,
        "inbox.html",
        status=200 if refused is None else WrongTypeError.http_status,
        link=found.link,
        limits=ready.inbox,
        left=None if ready.max_uses is None else max(ready.max_uses - found.uses, 0),
        token=found.token,
        refused=refused,
        texts=_texts(request),
        now=found.now,
    )
    answer.headers["content-security-policy"] += f"; connect-src 'self' {origin}; worker-src 'self'"
    return answer


@post("/p/{token:str}/form", status_code=200)
@asks_a_store
def form(
    request: Asked, service: Ours, token: FromPath[str], data: URLEncodedBody[dict[str, Any]]
) -> Response[Any]:
    """Give whoever has no scripts a form that sends one file of a name to the store: it needs no token of a session, since it is for whoever has the link."""
    name = str(data.get("name", ""))
    kind, _ = guessed(harmless(name))
    back = f"{service.settings.server.url}{SENT}"
    try:
        holder = admitted(service, request.scope, token, begins=True)
        made = signed_form(service, holder, name, kind, lasts=_LASTS, success_redirect=back)
    except ClosedLinkError as error:
        if error.code == LOCKED:
            raise LockedError from None
        raise ClosedError(error.status, error.code) from None
    except WrongTypeError:
        return inbox_page(request, service, held(request, service, token), refused=name)
    except UnsupportedOptionError:
        return page(request, "no_form.html", status=422)
    answer = page(request, "send_form.html", form=made, name=harmless(name), minutes=_LASTS // 60)
    policy = answer.headers["content-security-policy"]
    answer.headers["content-security-policy"] = policy.replace(
        "form-action 'self'", f"form-action 'self' {origin_of(made.url)}"
    )
    return answer


@get(SENT, sync_to_thread=False)
def sent(request: Asked) -> Response[Any]:
    """Say that a file was sent; what the store adds to the address is shown nowhere."""
    return page(request, "sent.html")


def _texts(request: Asked) -> str:
    """Return what the script says, as JSON."""
    words = words_for(request.headers.get("accept-language", ""))
    said = {name: text for name, text in words.texts.items() if name.startswith(_SAID)}
    return json.dumps({name.removeprefix(_SAID): text for name, text in said.items()})
