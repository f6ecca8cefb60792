"""API keys: made, told once, found by their hash, listed and revoked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from daypass.errors import ObjectNotFoundError
from daypass_links.server.database.lookup import Lookup
from daypass_links.server.database.tables import api_key, principal
from daypass_links.server.principals import codes, sessions
from daypass_links.server.principals.callers import Caller
from daypass_links.server.principals.known import remember
from daypass_links.server.tokens import digest, new_id, new_key

__all__ = ["FIND", "create", "find", "listed", "revoke"]


def create(
    connection: Connection,
    name: str,
    *,
    scopes: Iterable[str],
    groups: Iterable[str] | None,
    prefixes: Iterable[str] = (),
    ends_at: int | None = None,
    now: int,
) -> tuple[str, str]:
    """Make a key, and return its ID and the key itself, which nothing can tell again.

    Args:
        connection: in a transaction of the main database.
        name: of whom it is.
        scopes: what it is for.
        groups: those of whom it is, from now on; None leaves them what they are.
        prefixes: paths below which it may make links.
        ends_at: when it ends, in seconds since the epoch.
        now: the clock.

    """
    remember(connection, name, groups, now)
    key, key_id = new_key(), new_id("key")
    connection.execute(
        insert(api_key).values(
            id=key_id,
            hash=digest(key.encode()),
            principal=name,
            scopes=sorted(scopes),
            prefixes=[*prefixes],
            created_at=now,
            ends_at=ends_at,
        )
    )
    return key_id, key


#: What is to be known of a key, by its digest.
FIND = (
    select(
        api_key.c.principal,
        api_key.c.scopes,
        api_key.c.prefixes,
        api_key.c.ends_at,
        api_key.c.revoked_at,
        principal.c.groups,
    )
    .join_from(api_key, principal)
    .where(api_key.c.hash == bindparam("hashed"))
)


def find(found_by: Lookup, key: str, now: float) -> Caller | None:
    """Return whose key it is; None of one that is unknown, revoked or has ended.

    Args:
        found_by: asks for `FIND`.
        key: the key.
        now: the clock.

    """
    row = found_by.first(digest(key.encode()))
    if (
        row is None
        or row["revoked_at"] is not None
        or (row["ends_at"] is not None and now >= row["ends_at"])
    ):
        return None
    return Caller(
        principal=row["principal"],
        groups=frozenset(row["groups"]),
        scopes=frozenset(row["scopes"]),
        prefixes=tuple(row["prefixes"]),
    )


def listed(connection: Connection) -> list[dict[str, Any]]:
    """Return what there is to know of every key, and no key."""
    shown = [column for column in api_key.c if column.name != "hash"]
    rows = connection.execute(select(*shown).order_by(api_key.c.created_at, api_key.c.id))
    return [dict(row) for row in rows.mappings()]


def revoke(connection: Connection, key_id: str, now: int) -> None:
    """Revoke a key, and end what whoever has it signed in to by a code; one that is revoked already stays so.

    Raises:
        ObjectNotFoundError: if there is none of that ID.

    """
    first = update(api_key).where(api_key.c.id == key_id, api_key.c.revoked_at.is_(None))
    name = connection.scalar(first.values(revoked_at=now).returning(api_key.c.principal))
    if name is not None:
        sessions.end_all_by_code(connection, name)
        codes.forget(connection, name)
        return
    if connection.execute(select(api_key.c.id).where(api_key.c.id == key_id)).first() is None:
        msg = f"there is no API key {key_id[:60]!r}"
        raise ObjectNotFoundError(msg)
