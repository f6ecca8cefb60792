"""Where the browsers of senders have to go: what the page of an inbox lets its script, and forms, speak with."""

from __future__ import annotations

from urllib.parse import urlsplit

from daypass_links.server.inbox.admission import Holder

__all__ = ["origin_of", "store_origin"]

#: Below a prefix, any key will do to learn where the store is.
_ANY_KEY = "_"
#: Of a URL that nobody is given, in seconds.
_SHORTLY = 1


def origin_of(url: str) -> str:
    """Return the scheme, host and port of a URL.

    >>> origin_of("https://inbox.s3.eu-west-1.amazonaws.com/a?b")
    'https://inbox.s3.eu-west-1.amazonaws.com'
    """
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def store_origin(holder: Holder) -> str:
    """Return the origin of the store, as a URL says it that is signed and handed out to nobody.

    Raises:
        DaypassError: if nothing may be signed there.

    """
    link = holder.store.create_signed_url(
        holder.link.key + _ANY_KEY, method="PUT", expires_in=_SHORTLY
    )
    return origin_of(link.url)
