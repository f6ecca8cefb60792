"""``/ui/new``: a link is described, told in words before it is made, and then given with all that its holder may need."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from litestar import Response, get, post
from litestar.params import URLEncodedBody

from daypass.errors import DaypassError
from daypass_links.server.api.answers import Ours
from daypass_links.server.askers import asks_a_store
from daypass_links.server.links.link import Link
from daypass_links.server.links.mint import mint
from daypass_links.server.links.rehearsal import rehearsed
from daypass_links.server.pages.browsing import beginnings
from daypass_links.server.pages.pictures import code_of
from daypass_links.server.pages.rendering import Asked, page
from daypass_links.server.pages.snippets import snippets
from daypass_links.server.pages.spans import offered
from daypass_links.server.pages.visitors import visitor_of, writer_of
from daypass_links.server.problems import detail
from daypass_links.server.service import Service
from daypass_links.server.settings import METHODS

__all__ = ["asked", "made"]

#: What a form says of a link, as the API takes it: lines of text, and what is behind "more".
_FIELDS = ("path", "inbox", "expires_in", "max_uses")
_MORE = (
    "expires_at",
    "starts_at",
    "ip_range",
    "referrers",
    "https_only",
    "filename",
    "max_bytes",
    "content_types",
    "label",
    "note",
    "message",
    "preview",
)
#: The longest number that somebody may mean.
_DIGITS = 18
#: As browsers write a moment that was chosen; it is one in UTC.
_CHOSEN = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?")


@get("/ui/new", sync_to_thread=True)
def asked(request: Asked, service: Ours) -> Response[Any]:
    """Ask what the link is to open."""
    visitor = visitor_of(request, service)
    visitor.caller.check("links:write")
    said = {"path": request.query_params.get("path", "")}
    values = _form(service, said) | {"beginnings": beginnings(service, visitor.caller)}
    return page(request, "new_link.html", visitor=visitor, problem=None, **values)


@post("/ui/new", status_code=200)
@asks_a_store
def made(request: Asked, service: Ours, data: URLEncodedBody[dict[str, Any]]) -> Response[Any]:
    """Say in words what the link permits; and make it, once somebody has seen that."""
    visitor, anew = writer_of(request, service, data, "path")
    visitor.caller.check("links:write")
    shared = {
        "visitor": visitor,
        "beginnings": beginnings(service, visitor.caller),
        **_form(service, data),
    }
    if anew is not None:
        of_session = {"said": None, "field": None}
        return page(request, "new_link.html", status=anew.http_status, problem=of_session, **shared)
    if "change" in data:
        return page(request, "new_link.html", problem=None, **shared)
    wanted = _wanted(data)
    try:
        if "sure" not in data:
            found = rehearsed(service, visitor.caller, wanted)
            return page(
                request,
                "permits.html",
                link=found.told(service.clock(), 0),
                held=_held(found),
                ttl=service.settings.links.redirect_ttl,
                now=service.clock(),
                **shared,
            )
        # It is asked for last, so that no page holds it.
        password = str(data.get("password", "")) or None
        link, url = mint(service, visitor.caller, {**wanted, "password": password})
    except DaypassError as error:
        # Which field is wrong, by the name that the API has for it.
        problem = {"said": detail(error), "field": getattr(error, "option", None)}
        status = error.http_status
        return page(request, "new_link.html", status=status, problem=problem, **shared)
    return page(
        request,
        "made.html",
        visitor=visitor,
        link=link.told(service.clock(), 0),
        url=url,
        page_url=f"{service.settings.server.url}/p/{url.rstrip('/').rpartition('/')[2]}",
        again=service.settings.links.show_again,
        code=code_of(url),
        snippets=snippets(link, url),
        now=service.clock(),
    )


def _form(service: Service, said: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the form shows: what was said, and the usual where nothing was."""
    form = {name: str(said.get(name, "")) for name in (*_FIELDS, *_MORE)}
    form["expires_in"] = form["expires_in"] or str(service.settings.links.default_ends_in)
    return {
        "form": {**form, "methods": _several(said.get("methods")) or ["GET"]},
        "has_more": any(form[name] for name in _MORE),
        "spans": offered(service.settings.links),
        "methods": METHODS,
    }


def _several(said: Any) -> list[str]:
    """Return all that was said by one name."""
    return [str(one) for one in said] if isinstance(said, list) else [str(said)] if said else []


def _wanted(form: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the API would be asked for the same link."""
    said = {
        name: _read(name, str(form[name]).strip())
        for name in (*_FIELDS, *_MORE)
        if str(form.get(name, "")).strip()
    }
    if "expires_at" in said:
        said.pop("expires_in", None)  # what is exact outranks what is always chosen
    if "inbox" in said:
        return said
    methods = _several(form.get("methods"))
    return {**said, "methods": methods, "prefix": str(said.get("path", "")).endswith("/")}


def _read(name: str, text: str) -> Any:
    """Return what a line of the form says, as JSON has it; what is wrong stays as it is, to be told so."""
    if name == "expires_in" and text.isdecimal():
        return f"{text}s"
    if name in ("starts_at", "expires_at") and _CHOSEN.fullmatch(text):
        return f"{text}Z"
    if name in ("max_uses", "max_bytes") and text.isdecimal() and len(text) <= _DIGITS:
        return int(text)
    if name in ("https_only", "inbox", "preview"):
        return True
    return text.replace(",", " ").split() if name in ("referrers", "content_types") else text


def _held(link: Link) -> dict[str, list[str]]:
    """Return who holds the uses of a link to what it says, by the names of the words for it."""
    ours = ["end", "times"]
    ours += ["folder"] if link.prefix else []
    ours += ["files"] if link.inbox is not None else []
    ours += [
        name
        for name, value in (
            ("start", link.starts_at),
            ("address", link.ip_range),
            ("referrers", link.referrers),
            ("https", link.https_only or None),
        )
        if value is not None
    ]
    return {"store": ["method", "object", *(["name"] if link.options else [])], "service": ours}
