"""Who has opened the page of a link, and whether it is for them: judged as the redirect does, and nothing is used up."""

from __future__ import annotations

import attrs
from sqlalchemy import select

from daypass.errors import DaypassError
from daypass_links.server.database.tables import link as table
from daypass_links.server.links.addresses import network_of
from daypass_links.server.links.arrivals import (
    Arrival,
    ClosedLinkError,
    arrived,
    named,
    note_refusal,
)
from daypass_links.server.links.link import COLUMNS, Link, link_of
from daypass_links.server.links.passwords import is_given
from daypass_links.server.links.resolve import Ready
from daypass_links.server.links.uses import are_left, client_of, count
from daypass_links.server.pages.friendly import ClosedError
from daypass_links.server.pages.rendering import Asked
from daypass_links.server.service import Service

__all__ = ["Held", "LockedError", "came", "held", "refused"]

#: What the record says of whoever opens a page.
_METHOD = "GET"


class LockedError(Exception):
    """A link has a password, which was not given."""


@attrs.frozen(kw_only=True)
class Held:
    """A link that is open to whoever has asked."""

    token: str = attrs.field(repr=False)
    link: Link
    ready: Ready
    #: How often it was used, where that is limited.
    uses: int
    #: Whose address it is; empty where it is none.
    address: str
    now: float


def came(request: Asked, service: Service, token: str) -> Arrival:
    """Return who has come with the token of a link.

    Raises:
        ClosedError: if there is none, or it opens nothing for whoever asks, or not now.

    """
    ready = named(service, token)
    if ready is None:
        raise ClosedError(404, "unknown-link")
    try:
        return arrived(service, request.scope, ready, _METHOD)
    except ClosedLinkError as error:
        raise ClosedError(error.status, error.code, error.moment) from None
    except DaypassError as error:
        raise ClosedError(error.http_status, error.code) from None


def held(request: Asked, service: Service, token: str) -> Held:
    """Return the link of a token, for its page.

    Raises:
        ClosedError: as `came` does.
        LockedError: if its password was not given.

    """
    found = came(request, service, token)
    ready, asker, now = found.link, found.asker, found.now
    if ready.password is not None and not is_given(service, ready, asker.cookies, now):
        raise LockedError
    if ready.referrers is not None:  # of which this page is none
        raise ClosedError(403, "referrer")
    client = client_of(network_of(found.address), asker.agent)
    # An inbox that takes no more files has those that are on their way.
    if ready.inbox is None and not _is_left(service, ready, client, int(now)):
        raise ClosedError(410, "used-up")
    which = select(*COLUMNS).where(table.c.id == ready.id)
    with service.databases.reading_main.connect() as connection:
        row = connection.execute(which).mappings().one()
    return Held(
        token=token,
        link=link_of(row),
        ready=ready,
        uses=_uses(service, ready),
        address=found.address,
        now=now,
    )


def refused(service: Service, who: Arrival, why: str) -> None:
    """Note that somebody got in no further."""
    note_refusal(service.events, who.link, _METHOD, who.address, why)


def _is_left(service: Service, ready: Ready, client: bytes, now: int) -> bool:
    engine, most = service.databases.reading_events, ready.max_uses
    return most is None or are_left(engine, ready.id, most, client, now)


def _uses(service: Service, ready: Ready) -> int:
    if ready.max_uses is None:
        return 0
    with service.databases.reading_events.connect() as connection:
        return count(connection, [ready.id]).get(ready.id, 0)
