"""How often a link has been used: counted by one conditional update, so that N uses have N winners wherever they ask."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from hashlib import sha256

from sqlalchemy import Connection, Engine, select, update

from daypass_links.server.database.tables import link_use, use_window
from daypass_links.server.database.upserts import insert

__all__ = ["WINDOW", "are_left", "client_of", "count", "give_back", "take"]

#: How long whatever one client asks of a link is one use, in seconds.
WINDOW = 900


def client_of(network: str, agent: bytes) -> bytes:
    """Return what stands for a client: an address (of IPv6 its /64) and a user agent, of which only a digest is kept.

    Who has no address is a client of one request, since all that have none would be one client.
    """
    if not network:
        return secrets.token_bytes(32)
    return sha256(network.encode() + b"\0" + agent).digest()


def take(engine: Engine, link_id: str, most: int, client: bytes, now: int) -> bool:
    """Take one use, unless the client has one that lasts; return whether there is one. On the disk when this returns.

    Args:
        engine: of the events' database.
        link_id: of which link.
        most: how many there are.
        client: by `client_of`.
        now: the clock, in whole seconds.

    """
    with engine.begin() as connection:
        if _lasts(connection, link_id, client, now):
            return True
        first = insert(connection, link_use).values(link_id=link_id, uses=1)
        one_more = first.on_conflict_do_update(
            index_elements=["link_id"],
            set_={"uses": link_use.c.uses + 1},
            where=link_use.c.uses < most,
        ).returning(link_use.c.uses)
        if connection.execute(one_more).first() is None:
            return False
        window = insert(connection, use_window)
        window = window.values(link_id=link_id, client=client, until=now + WINDOW)
        connection.execute(
            window.on_conflict_do_update(
                index_elements=["link_id", "client"], set_={"until": window.excluded.until}
            )
        )
        return True


def give_back(engine: Engine, link_id: str) -> None:
    """Give back a use of a limited link that came to nothing, and can come to nothing any more."""
    one_less = update(link_use).where(link_use.c.link_id == link_id, link_use.c.uses > 0)
    with engine.begin() as connection:
        connection.execute(one_less.values(uses=link_use.c.uses - 1))


def are_left(engine: Engine, link_id: str, most: int, client: bytes, now: int) -> bool:
    """Tell whether `take` would find one, and take none."""
    with engine.connect() as connection:
        return (
            _lasts(connection, link_id, client, now)
            or count(connection, [link_id]).get(link_id, 0) < most
        )


def count(connection: Connection, links: Collection[str]) -> dict[str, int]:
    """Return how often links that are limited have been used, by their IDs."""
    rows = select(link_use.c.link_id, link_use.c.uses).where(link_use.c.link_id.in_(links))
    return {row.link_id: row.uses for row in connection.execute(rows)}


def _lasts(connection: Connection, link_id: str, client: bytes, now: int) -> bool:
    until = connection.scalar(
        select(use_window.c.until).where(
            use_window.c.link_id == link_id, use_window.c.client == client
        )
    )
    # Whose clock was far ahead began none that lasts until then; clocks of two processes differ by less.
    return until is not None and now < until <= now + 2 * WINDOW
