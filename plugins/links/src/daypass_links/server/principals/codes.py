"""Codes of sign-in links: each is good once, and soon no more. Only its hash is kept."""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, select

from daypass_links.server.database.tables import sign_in_code
from daypass_links.server.principals.known import remember
from daypass_links.server.tokens import digest, new_token

__all__ = ["LASTS", "create", "forget", "is_good", "take"]

#: How long one is good, in seconds.
LASTS = 900


def create(connection: Connection, name: str, now: int) -> str:
    """Make a code by which somebody signs in, and return it.

    Args:
        connection: in a transaction of the main database.
        name: who.
        now: the clock, in seconds since the epoch.

    """
    remember(connection, name, None, now)
    connection.execute(delete(sign_in_code).where(sign_in_code.c.ends_at <= now))
    code = new_token()
    connection.execute(
        insert(sign_in_code).values(hash=digest(code.encode()), principal=name, ends_at=now + LASTS)
    )
    return code


def is_good(connection: Connection, code: str, now: float) -> bool:
    """Tell whether `take` would find a code."""
    found = connection.scalar(
        select(sign_in_code.c.ends_at).where(sign_in_code.c.hash == digest(code.encode()))
    )
    return found is not None and now < found


def take(connection: Connection, code: str, now: float) -> str | None:
    """Use a code up, and return who signs in by it; None by one that is unknown, used or too old."""
    taken = (
        delete(sign_in_code)
        .where(sign_in_code.c.hash == digest(code.encode()), sign_in_code.c.ends_at > now)
        .returning(sign_in_code.c.principal)
    )
    found: str | None = connection.scalar(taken)
    return found


def forget(connection: Connection, name: str) -> None:
    """Have nobody sign in by the codes that were made for somebody."""
    connection.execute(delete(sign_in_code).where(sign_in_code.c.principal == name))
