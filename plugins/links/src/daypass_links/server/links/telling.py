"""What is told of links besides their rows: how often each was used, when it last was, and its URL where that is shown again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from daypass_links.server.events.used import used
from daypass_links.server.links.link import Link
from daypass_links.server.links.shown import shown_again
from daypass_links.server.links.uses import count
from daypass_links.server.principals.callers import Caller
from daypass_links.server.service import Service

__all__ = ["last_used", "with_uses"]


def with_uses(service: Service, caller: Caller, links: list[Link]) -> list[dict[str, Any]]:
    """Tell a caller of links what the API does, with their uses, and their URLs where they are shown again."""
    limited = [link.id for link in links if link.max_uses is not None]
    others = [link.id for link in links if link.max_uses is None]
    with service.databases.reading_events.connect() as connection:
        uses = count(connection, limited)
        uses |= {link_id: one.uses for link_id, one in used(connection, others).items()}
    urls = shown_again(service, caller, links)
    now, holds = service.clock(), service.suspensions.holds
    service.changes.look()
    return [
        ({"url": urls[link.id]} if link.id in urls else {})
        | link.told(now, uses.get(link.id, 0), is_suspended=holds(link.id, link.owner))
        for link in links
    ]


def last_used(service: Service, links: Iterable[str]) -> dict[str, int]:
    """Return when links were last used, by their IDs, in seconds since the epoch; of those that were."""
    with service.databases.reading_events.connect() as connection:
        return {link_id: one.last_at for link_id, one in used(connection, [*links]).items()}
