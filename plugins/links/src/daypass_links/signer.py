"""From a request to a link of the service, and from its answer to what a caller gets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from daypass.errors import StoreError, at_row
from daypass.model.batches import SignedURLBatch
from daypass.model.inboxes import Inbox
from daypass.model.links import SignedURL
from daypass.model.locations import Location
from daypass.model.prefixes import SignedPrefix
from daypass.model.requests import SignRequest
from daypass_links.answers import Link, link_of
from daypass_links.exchange import ask
from daypass_links.options import LinksOptions, Service
from daypass_links.wire import error_of, options_of

__all__ = ["grant", "inbox", "sign", "sign_many"]

NAME = "links"
#: How many links are asked for by one request: of whatever length their keys and options are, the service takes it.
_AT_ONCE = 100


def sign(location: Location, request: SignRequest) -> SignedURL:
    """Have a link made for one object; ``request`` is resolved."""
    link, url = _made(location, request)
    return SignedURL(url=url, **_told(link, location, request))


def grant(location: Location, request: SignRequest) -> SignedPrefix:
    """Have a link made for all that lies below a prefix; ``request`` is resolved."""
    link, url = _made(location, request, prefix=True)
    return SignedPrefix(url=f"{url.rstrip('/')}/", query="", **_told(link, location, request))


def inbox(location: Location, request: SignRequest) -> Inbox:
    """Have an inbox made for all that lies below a prefix; ``request`` is resolved."""
    types = {"content_types": list(location.content_types)} if location.content_types else {}
    link, url = _made(location, request, inbox=True, **types)
    if link.inbox is None:
        msg = f"{location.options.service().address} was asked for an inbox and made another link: it is of a version that has none"
        raise StoreError(msg)
    return Inbox(
        url=url,
        max_bytes=link.inbox.get("max_bytes"),
        expires_at=link.expires_at,
        expires_because=link.expires_because,
        unenforced=link.unenforced,
        path=location.path,
        backend=NAME,
        content_types=tuple(link.inbox.get("content_types") or ()),
        max_uses=link.max_uses,
        link_id=link.link_id,
    )


def sign_many(location: Location, keys: Sequence[str], request: SignRequest) -> SignedURLBatch:
    """Have links made for many objects, a hundred by one request; ``request`` is resolved."""
    options: LinksOptions = location.options
    service, asked = options.service(), _asked(request)
    found: list[SignedURL] = []
    for first in range(0, len(keys), _AT_ONCE):
        places = [location.at(key) for key in keys[first : first + _AT_ONCE]]
        body = [{"path": place.full_path, **asked} for place in places]
        answer = ask(service, "POST", "/v1/links", body, seconds=location.deadline)
        if not isinstance(answer, list) or len(answer) != len(places):
            msg = f"{service.address} did not answer with a link for each: is it a links service?"
            raise StoreError(msg)
        for place, one in zip(places, answer, strict=True):
            with at_row(len(found)):
                if isinstance(one, dict) and (error := error_of(one, service.address)):
                    raise error
                link, url = _read(service, one)
            found.append(SignedURL(url=url, **_told(link, place, request)))
    return SignedURLBatch.of_rows(found)


def _made(location: Location, request: SignRequest, **kind: object) -> tuple[Link, str]:
    options: LinksOptions = location.options
    service = options.service()
    body = {
        "path": location.full_path,
        **kind,
        **_asked(request),
    }
    return _read(service, ask(service, "POST", "/v1/links", body, seconds=location.deadline))


def _asked(request: SignRequest) -> dict[str, Any]:
    end = request.expires_at
    return {**options_of(request), "expires_at": None if end is None else end.isoformat()}


def _read(service: Service, answer: object) -> tuple[Link, str]:
    link = link_of(answer, service.address)
    if link.url is None:
        msg = f"{service.address} made a link and did not tell its URL: is it a links service?"
        raise StoreError(msg)
    return link, link.url


def _told(link: Link, location: Location, request: SignRequest) -> dict[str, Any]:
    return {
        "method": request.method,
        "headers": link.headers,
        "expires_at": link.expires_at,
        "expires_because": link.expires_because,
        "permits": link.permits,
        "unenforced": link.unenforced,
        "path": location.path,
        "backend": NAME,
    }
