"""From a request to a link of the service, and from its answer to what a caller gets."""

from __future__ import annotations

from typing import Any

from daypass.errors import StoreError
from daypass.model.links import SignedURL
from daypass.model.locations import Location
from daypass.model.prefixes import SignedPrefix
from daypass.model.requests import SignRequest
from daypass_links.answers import Link, link_of
from daypass_links.exchange import ask
from daypass_links.options import LinksOptions
from daypass_links.wire import options_of

__all__ = ["grant", "sign"]

NAME = "links"


def sign(location: Location, request: SignRequest) -> SignedURL:
    """Have a link made for one object; ``request`` is resolved."""
    link, url = _made(location, request, prefix=False)
    return SignedURL(url=url, **_told(link, location, request))


def grant(location: Location, request: SignRequest) -> SignedPrefix:
    """Have a link made for all that lies below a prefix; ``request`` is resolved."""
    link, url = _made(location, request, prefix=True)
    return SignedPrefix(url=f"{url.rstrip('/')}/", query="", **_told(link, location, request))


def _made(location: Location, request: SignRequest, *, prefix: bool) -> tuple[Link, str]:
    options: LinksOptions = location.options
    service = options.service()
    end = request.expires_at
    body = {
        "path": location.full_path,
        **({"prefix": True} if prefix else {}),
        **options_of(request),
        "expires_at": None if end is None else end.isoformat(),
    }
    answer = ask(service, "POST", "/v1/links", body, seconds=location.deadline)
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
