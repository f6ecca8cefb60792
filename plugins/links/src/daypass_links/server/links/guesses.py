"""How often the password of a link may be tried: from one network, and by all together. Counted before it is looked at, and in the database, so that it holds for all processes."""

from __future__ import annotations

from hashlib import sha256

from sqlalchemy import Connection, Engine, case, or_, select, update

from daypass_links.server.database.tables import guess
from daypass_links.server.database.upserts import insert

__all__ = ["WINDOW", "give_back", "take"]

#: How long tries are counted together, in seconds.
WINDOW = 900
#: How many there are in it: from one network, and from all.
_OF_ONE, _OF_ALL = 5, 100
#: Stands for all.
_ALL = b""


def take(engine: Engine, link_id: str, network: str, now: int) -> int:
    """Take a try; return 0 if there was one, or after how many seconds there will be.

    Args:
        engine: of the events' database.
        link_id: of which link.
        network: of who tries.
        now: the clock, in whole seconds.

    """
    with engine.begin() as connection:
        for client, most in ((_client(network), _OF_ONE), (_ALL, _OF_ALL)):
            if not _is_taken(connection, link_id, client, most, now):
                which = (guess.c.link_id == link_id, guess.c.client == client)
                until: int = connection.scalar(select(guess.c.until).where(*which)) or now
                # What was taken of one counts, though there is none for all.
                return max(until - now, 1)
    return 0


def give_back(engine: Engine, link_id: str, network: str) -> None:
    """Give the tries of a network back, and to all the one that was no guess: the password was right."""
    ours = guess.c.client == _client(network)
    which = (guess.c.link_id == link_id, or_(ours, guess.c.client == _ALL), guess.c.tries > 0)
    left = case((ours, 0), else_=guess.c.tries - 1)
    with engine.begin() as connection:
        connection.execute(update(guess).where(*which).values(tries=left))


def _is_taken(connection: Connection, link_id: str, client: bytes, most: int, now: int) -> bool:
    first = insert(connection, guess).values(
        link_id=link_id, client=client, tries=1, until=now + WINDOW
    )
    # Whose clock was far ahead began none that lasts until then.
    over = or_(guess.c.until <= now, guess.c.until > now + 2 * WINDOW)
    one_more = first.on_conflict_do_update(
        index_elements=["link_id", "client"],
        set_={
            "tries": case((over, 1), else_=guess.c.tries + 1),
            "until": case((over, now + WINDOW), else_=guess.c.until),
        },
        where=or_(over, guess.c.tries < most),
    ).returning(guess.c.tries)
    return connection.execute(one_more).first() is not None


def _client(network: str) -> bytes:
    return sha256(network.encode()).digest()
