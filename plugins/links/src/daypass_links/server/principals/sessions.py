"""Sessions of people with a browser: begun when they sign in, found by the hash of a cookie, and ended."""

from __future__ import annotations

from collections.abc import Iterable

import attrs
from sqlalchemy import Connection, delete, insert, select

from daypass_links.server.database.tables import principal, session
from daypass_links.server.tokens import digest, new_token

__all__ = ["LASTS", "Session", "begin", "end", "end_all_by_code", "find"]

#: How long one lasts, whatever is done in it, in seconds.
LASTS = 12 * 3600


@attrs.frozen(kw_only=True)
class Session:
    """Who has signed in."""

    principal: str
    groups: frozenset[str]
    #: What they may ask; None for what the settings give to people of the OpenID provider.
    scopes: frozenset[str] | None
    #: Seconds since the epoch.
    ends_at: int


def begin(
    connection: Connection, name: str, *, scopes: Iterable[str] | None, now: int
) -> tuple[str, int]:
    """Begin a session of somebody who is known, and return the secret that its cookie holds, and its end.

    Args:
        connection: in a transaction of the main database.
        name: whose it is.
        scopes: what they may ask; None for what the settings give to people of the OpenID provider.
        now: the clock, in seconds since the epoch.

    """
    connection.execute(delete(session).where(session.c.ends_at <= now))
    secret, ends_at = new_token(), now + LASTS
    connection.execute(
        insert(session).values(
            hash=digest(secret.encode()),
            principal=name,
            scopes=None if scopes is None else sorted(scopes),
            ends_at=ends_at,
        )
    )
    return secret, ends_at


_FIND = select(
    session.c.principal, session.c.scopes, session.c.ends_at, principal.c.groups
).join_from(session, principal)


def find(connection: Connection, secret: str, now: float) -> Session | None:
    """Return the session of a cookie; None of one that is unknown or has ended."""
    row = connection.execute(_FIND.where(session.c.hash == digest(secret.encode()))).first()
    if row is None or now >= row.ends_at:
        return None
    return Session(
        principal=row.principal,
        groups=frozenset(row.groups),
        scopes=None if row.scopes is None else frozenset(row.scopes),
        ends_at=row.ends_at,
    )


def end(connection: Connection, secret: str) -> None:
    """End the session of a cookie, if there is one."""
    connection.execute(delete(session).where(session.c.hash == digest(secret.encode())))


def end_all_by_code(connection: Connection, name: str) -> None:
    """End the sessions of somebody who signed in by a code; those by the provider are the provider's to grant."""
    connection.execute(
        delete(session).where(session.c.principal == name, session.c.scopes.is_not(None))
    )
