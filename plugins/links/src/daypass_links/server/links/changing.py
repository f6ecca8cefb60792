"""Links changed for whoever asks: on the disk, known to this process, and on record when these return."""

from __future__ import annotations

from typing import Any

from daypass_links.server.links import revoke
from daypass_links.server.links.link import Link
from daypass_links.server.links.mint import lifetime
from daypass_links.server.principals.callers import Caller
from daypass_links.server.principals.rights import check_active
from daypass_links.server.service import Service

__all__ = ["extend", "take_back"]


def take_back(service: Service, caller: Caller, link_id: str) -> Link:
    """Revoke a link and return it: no new signature is made for it.

    Raises:
        ObjectNotFoundError: if there is none of that ID which the caller may see.

    """
    with service.databases.main.begin() as connection:
        found = revoke.revoke(connection, link_id, caller, int(service.clock()))
    service.changes.read()
    service.events.durable("revoke", link_id=found.id, principal=caller.principal).result()
    return found


def extend(service: Service, caller: Caller, link_id: str, expires_in: Any) -> Link:
    """Give a link another end, counted from now, and return it.

    Raises:
        InvalidExpiryError: if that is no duration, or longer than a link may live.
        ObjectNotFoundError: if there is none of that ID which the caller may see.
        InvalidRequestError: if it was revoked, which is for good.
        SuspendedError: if the caller may make nothing just now.

    """
    check_active(service, caller)
    end = lifetime(service, expires_in, int(service.clock()))
    with service.databases.main.begin() as connection:
        found = revoke.extend(connection, link_id, caller, end)
    service.changes.read()
    service.events.durable(
        "extend", link_id=found.id, principal=caller.principal, ends_at=end
    ).result()
    return found
