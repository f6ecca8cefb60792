"""``/p/TOKEN``: what a link is, for the person who got it. To look at it uses nothing up."""

from __future__ import annotations

from typing import Any

from litestar import Response, get
from litestar.params import FromPath

from daypass_links.server.api.answers import Ours
from daypass_links.server.askers import asks_a_store
from daypass_links.server.pages.holders import Held, held
from daypass_links.server.pages.inbox import inbox_page
from daypass_links.server.pages.index_of_prefix import folder_page
from daypass_links.server.pages.looking import look
from daypass_links.server.pages.previews import preview_of
from daypass_links.server.pages.rendering import Asked, page
from daypass_links.server.service import Service

__all__ = ["recipient"]


@get("/p/{token:str}")
@asks_a_store
def recipient(request: Asked, service: Ours, token: FromPath[str]) -> Response[Any]:
    """Show what a link is for."""
    found = held(request, service, token)
    if "GET" not in found.link.methods:
        return inbox_page(request, service, found)
    if found.link.prefix:
        return folder_page(request, service, found)
    return _file(request, service, found)


def _file(request: Asked, service: Service, found: Held) -> Response[Any]:
    looked = look(service, found)
    return page(
        request,
        "recipient.html",
        held=found,
        link=found.link,
        name=_name(found),
        looked=looked,
        preview=preview_of(service, found, looked),
        now=found.now,
    )


def _name(found: Held) -> str:
    """Return the name of what a link opens, as it will be saved."""
    said = found.link.options.get("filename")
    return said if isinstance(said, str) else found.ready.key.rpartition("/")[2]
