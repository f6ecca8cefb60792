"""What lies below a link to a prefix: a page to look through, and for programs a plain one, whose relative links they walk.

Listed with the right of who made the link to LIST, which is another than to GET: who has none gives no list.
"""

from __future__ import annotations

from html import escape
from typing import Any
from urllib.parse import quote, urlencode

from litestar import Response, get
from litestar.params import FromPath

from daypass.errors import (
    DaypassError,
    InvalidPathError,
    RefusedError,
    SigningNotSupportedError,
    UnsupportedOptionError,
)
from daypass_links.server.api.answers import Ours
from daypass_links.server.askers import asks_a_store
from daypass_links.server.links.keys import key_of
from daypass_links.server.links.shown import url_of
from daypass_links.server.listings import ROOM, Entry, Listing, listed
from daypass_links.server.pages.friendly import ClosedError, wants_page
from daypass_links.server.pages.holders import Held, held
from daypass_links.server.pages.rendering import HEADERS, Asked, page
from daypass_links.server.pages.snippets import snippets
from daypass_links.server.pages.visitors import to
from daypass_links.server.pages.ways import shortened
from daypass_links.server.service import Service

__all__ = ["folder", "folder_page", "index", "inner_index"]

#: How many names a page for people has, and one for programs, some of which follow no link to the next.
_SHOWN, _MOST = 100, 1000
#: The longest place in a listing that is read, in characters.
_LONGEST = 4096
_TOKEN = 22


@get("/l/{token:str}")
@asks_a_store
def index(request: Asked, service: Ours, token: FromPath[str]) -> Response[Any]:
    """List what a link opens for programs; a browser is led to its page."""
    return _index(request, service, token)


@get("/l/{token:str}/{rest:path}")
@asks_a_store
def inner_index(request: Asked, service: Ours, token: FromPath[str]) -> Response[Any]:
    """List a folder below it."""
    return _index(request, service, token)


def _index(request: Asked, service: Service, token: str) -> Response[Any]:
    found = held(request, service, token)
    key = _key(request, "/l/", found)
    if wants_page(request):
        return to(f"/p/{token}{f'/in/{quote(key)}' if key else ''}")
    names = _names(request, service, found, key, most=_MOST)
    lines = [f'<a href="{_relative(entry)}">{escape(entry.name)}</a>' for entry in names.entries]
    if names.next is not None:
        lines.append(f'<a rel="next" href="?{escape(_after(names.next))}">next page</a>')
    text = "\n".join(
        (
            '<!doctype html><html lang="en"><meta charset="utf-8"><title>Index</title><pre>',
            *lines,
            "</pre></html>",
        )
    )
    return Response(text, media_type="text/html; charset=utf-8", headers=HEADERS)


@get("/p/{token:str}/in/{rest:path}")
@asks_a_store
def folder(request: Asked, service: Ours, token: FromPath[str]) -> Response[Any]:
    """List a folder for people."""
    found = held(request, service, token)
    return folder_page(request, service, found, _key(request, "/p/", found))


def folder_page(
    request: Asked, service: Service, found: Held, key: str | None = None
) -> Response[Any]:
    """Return the page of a link to a prefix: what lies in it, or in a folder below it.

    Args:
        request: who asks.
        service: the service.
        found: the link, which is open to them.
        key: of the folder, relative to the link, with a slash at its end; None for the page of the link, which there is without a list too.

    """
    try:
        names = _names(request, service, found, key or "", most=_SHOWN, room=ROOM)
    except ClosedError as error:
        if key is not None or error.code != "unlisted":
            raise
        names = None
    url = url_of(service, found.token, found.link)
    parts = (key or "").split("/")[:-1]
    return page(
        request,
        "folder.html",
        held=found,
        link=found.link,
        name=found.ready.key.rstrip("/").rpartition("/")[2] or found.link.path,
        parts=shortened(
            [
                (part, quote("".join(f"{one}/" for one in parts[: n + 1])))
                for n, part in enumerate(parts)
            ]
        ),
        entries=None
        if names is None
        else [(entry, quote((key or "") + entry.name)) for entry in names.entries],
        next_page=None if names is None or names.next is None else _after(names.next),
        is_first="after" not in request.query_params,
        snippets=snippets(found.link, url),
        now=found.now,
    )


def _names(
    request: Asked, service: Service, found: Held, key: str, *, most: int, room: int | None = None
) -> Listing:
    """Return what lies in a folder, as far as the link leads to it.

    Raises:
        ClosedError: if its maker may not list it, or the store does not, or it is none: a store has folders by what is in them.

    """
    token = str(request.query_params.get("after", ""))[:_LONGEST] or None
    store = found.ready.store
    assert store is not None  # noqa: S101 - or the link would be closed
    try:
        names = listed(store, found.ready.key + key, token, most=most, room=room)
    except (RefusedError, SigningNotSupportedError, UnsupportedOptionError):
        raise ClosedError(403, "unlisted") from None
    except DaypassError as error:
        raise ClosedError(error.http_status, error.code) from None
    service.events.durable(
        "list", link_id=found.link.id, key=found.ready.key + key, address=found.address
    ).result()
    # The place of the link itself is there, and may be empty.
    if key and not names.is_there and token is None:
        raise ClosedError(404, "not-found")
    return Listing(tuple(entry for entry in names.entries if _is_reached(entry)), names.next)


def _is_reached(entry: Entry) -> bool:
    """Tell whether the link leads to an entry: some names clients and stores take for others."""
    try:
        key_of(quote(entry.name.removesuffix("/") if entry.is_folder else entry.name).encode())
    except InvalidPathError:
        return False
    return True


def _key(request: Asked, beginning: str, found: Held) -> str:
    """Return the key of the folder that is asked for, relative to the link.

    Raises:
        ClosedError: if there can be none.

    """
    raw: bytes = request.scope["raw_path"]
    rest = (
        raw[len(beginning) + _TOKEN :]
        .removeprefix(b"/")
        .removeprefix(b"in/" if beginning == "/p/" else b"")
    )
    if not found.link.prefix or "GET" not in found.link.methods:
        raise ClosedError(404, "unknown-link")
    if not rest:
        return ""
    try:
        return f"{key_of(rest.removesuffix(b'/'))}/"
    except InvalidPathError as error:
        raise ClosedError(error.http_status, error.code) from None


def _relative(entry: Entry) -> str:
    """Return the link to an entry from its folder: no name is taken for a scheme, or for a place elsewhere."""
    return quote(entry.name)


def _after(token: str) -> str:
    return urlencode({"after": token})
