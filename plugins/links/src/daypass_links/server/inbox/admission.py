"""Who holds the token of an inbox, and may use it now: by the same rules as of every other link."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

import daypass
from daypass.errors import DaypassError, QuotaError, RefusedError
from daypass_links.server.inbox.limits import Limits
from daypass_links.server.links.arrivals import (
    ClosedLinkError,
    arrived,
    kind_of,
    named,
    note_refusal,
)
from daypass_links.server.links.passwords import is_given
from daypass_links.server.links.resolve import Ready
from daypass_links.server.problems import AGAIN
from daypass_links.server.service import Service
from daypass_links.server.suspensions import SuspendedError

__all__ = ["Holder", "admitted", "noted", "refusal"]

#: From here on it is the service's fault, or the store's.
_FAILED = 500
#: What the record says of whoever sends files.
_METHOD = "PUT"


@attrs.frozen(eq=False)
class Holder:
    """Somebody who may send files by a link."""

    link: Ready
    limits: Limits
    store: daypass.Store
    #: Of the client; empty where it is none.
    address: str


def admitted(
    service: Service, scope: Mapping[str, Any], token: str, *, begins: bool = False
) -> Holder:
    """Let in whoever holds a token.

    Args:
        service: the service.
        scope: of the request.
        token: that of the link.
        begins: whether something new begins, for which a password has to be given; what has begun may take longer than that is good for,
            and only whoever began it knows its ID.

    Raises:
        ClosedLinkError: if there is no such inbox, it has ended, or is not for who asks.

    """
    link = named(service, token)
    if link is None or link.inbox is None:
        raise ClosedLinkError(404, "unknown-link", "there is no such link")
    try:
        who = arrived(service, scope, link, _METHOD)
    except DaypassError as error:
        raise _worded(error) from None
    assert link.store is not None  # noqa: S101 - or there was a refusal
    if begins and link.password and not is_given(service, link, who.asker.cookies, who.now):
        noted(service, link, who.address, "password")
        raise ClosedLinkError(403, "password", "the link asks for a password: give it on its page")
    return Holder(link, link.inbox, link.store, who.address)


def refusal(
    service: Service, link: Ready, address: str, error: DaypassError
) -> DaypassError | ClosedLinkError:
    """Return an error in words for a holder, which are not those for who made the link or runs the service; on record."""
    noted(service, link, address, error.code, kind=kind_of(error))
    return _worded(error)


def noted(service: Service, link: Ready, address: str, why: str, *, kind: str = "refuse") -> None:
    """Write down that nothing was taken, and why."""
    note_refusal(service.events, link, _METHOD, address, why, kind=kind)


def _worded(error: DaypassError) -> DaypassError | ClosedLinkError:
    """Return an error in words for a holder."""
    status, code = error.http_status, error.code
    if isinstance(error, QuotaError):
        again = error.retry_after
        when = "ask who sent it" if again is None else f"try again in {again} s"
        words = f"the link was used too often for now: {when}"
        return ClosedLinkError(status, code, words, retry_after=again)
    if isinstance(error, RefusedError) and not isinstance(error, SuspendedError):
        words = "who made the link may not share this, or not so, or not any more"
        return ClosedLinkError(status, code, words)
    if status >= _FAILED:
        words = "the service cannot reach the store just now: try again, or tell who sent the link"
        return ClosedLinkError(status, code, words, retry_after=AGAIN)
    return error
