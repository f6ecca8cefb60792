"""A link of a links service leads on: what it is for is asked of the URL that the service signs for this very request."""

from __future__ import annotations

from http import HTTPStatus

import attrs

from daypass.base.urls import is_of_a_service
from daypass.errors import InvalidRequestError, StoreError
from daypass.hookspecs.network import EVERYBODYS, Network
from daypass.model.links import SignedURL
from daypass.toolkit.wire import send
from daypass.transfer.links import check_url

__all__ = ["followed"]

#: What is said of a body, and is for who takes it.
_OF_BODY = frozenset({"content-length", "content-md5"})
#: What is for the first host alone.
_OF_HOST = frozenset({"authorization", "cookie", "proxy-authorization"})


def followed(link: SignedURL, network: Network = EVERYBODYS) -> SignedURL:
    """Return what a request goes to: of a link of a links service where it leads now, any other link itself.

    Such a link ends in a token, and has no query. The service is sent no body, and its answer (307, which keeps method and
    body) is followed once: what it leads to lives for a minute, so that each request asks anew.

    Args:
        link: what is used.
        network: how the service is reached.

    Raises:
        StoreError: if the service refuses, or leads to what nobody should be led to.

    """
    if not is_of_a_service(link.url):
        return link
    asked = attrs.evolve(link, headers=_without(link.headers, _OF_BODY))
    with send(asked, network=network, answers=[HTTPStatus.TEMPORARY_REDIRECT]) as answer:
        if answer.status != HTTPStatus.TEMPORARY_REDIRECT:
            return link  # it looks like one, and is the object itself
        place = answer.headers.get("Location")
    return attrs.evolve(link, url=_checked(link, place), headers=_without(link.headers, _OF_HOST))


def _without(headers: dict[str, str], names: frozenset[str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in names}


def _checked(link: SignedURL, place: str | None) -> str:
    """Return where a service leads, if a link could lead there: no bytes of an https link go in the clear."""
    try:
        check_url(place or "")
    except InvalidRequestError:
        msg = f"{link.path} leads to no URL of a store: ask who gave it"
        raise StoreError(msg) from None
    found = str(place)
    if link.url[:6].lower() == "https:" and found[:6].lower() != "https:":
        msg = f"{link.path} is an https link and leads to an http one, which is not followed: ask who gave it"
        raise StoreError(msg)
    return found
