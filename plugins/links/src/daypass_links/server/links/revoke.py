"""Links taken back, or given another end: on the disk before anybody is told so."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from sqlalchemy import Connection, func, or_, select, update

from daypass.errors import InvalidRequestError, ObjectNotFoundError
from daypass_links.server.database.changes import changed
from daypass_links.server.database.tables import link as table
from daypass_links.server.links.link import COLUMNS, Link, link_of
from daypass_links.server.principals.callers import Caller
from daypass_links.wire import DIGEST

__all__ = ["extend", "of_caller", "one", "revoke", "revoke_many"]


def of_caller(caller: Caller) -> list[Any]:
    """Return the conditions for the links that a caller may see: their own; of an ``admin`` all."""
    return [] if caller.is_admin else [table.c.owner == caller.principal]


def one(
    connection: Connection, link_id: str, caller: Caller, conditions: list[Any] | None = None
) -> Link:
    """Return a link.

    Args:
        connection: to the main database.
        link_id: its ID; or `DIGEST` and what is kept of its token, which whoever has the URL can work out.
        caller: who asks.
        conditions: for what they may see; without them, what they may change.

    Raises:
        ObjectNotFoundError: if there is none of that ID which the caller may see.

    """
    conditions = of_caller(caller) if conditions is None else conditions
    statement = select(*COLUMNS).where(_is(link_id), *conditions)
    row = connection.execute(statement).mappings().first()
    if row is None:
        msg = f"there is no link {link_id[:60]!r} that this key may see"
        raise ObjectNotFoundError(msg)
    return link_of(row)


def _is(link_id: str) -> Any:
    if link_id.startswith(DIGEST):
        with suppress(ValueError):
            return table.c.hash == bytes.fromhex(link_id.removeprefix(DIGEST))
    return table.c.id == link_id


def revoke(connection: Connection, link_id: str, caller: Caller, now: int) -> Link:
    """Take one link back and return it; one that is revoked stays as it is.

    Raises:
        ObjectNotFoundError: as `one` does.

    """
    found = one(connection, link_id, caller)
    if found.revoked_at is None:
        _revoke(connection, [table.c.id == found.id], caller, now)
        changed(connection, found.id)
    return one(connection, found.id, caller)


def revoke_many(
    connection: Connection, which: dict[str, Any], caller: Caller, now: int
) -> list[str]:
    """Take back all links of an owner, below a path, or of a label, or whatever there is; return their IDs.

    Args:
        connection: in a transaction of the main database.
        which: one of ``owner``, ``prefix``, ``label`` and ``all``; of who is no ``admin``, it takes their own alone.
        caller: who asks.
        now: the clock.

    Raises:
        InvalidRequestError: unless exactly one is given.

    """
    named = {name: value for name, value in which.items() if value not in (None, False)}
    if len(named) != 1 or "" in named.values():
        msg = "say which links to revoke in one way: owner, prefix or label with a text, or all as true"
        raise InvalidRequestError(msg)
    conditions = [*of_caller(caller), *matching(**named)]
    found = _revoke(connection, conditions, caller, now)
    if found:
        changed(connection, None)
    return found


def matching(
    *,
    owner: str | None = None,
    prefix: str | None = None,
    label: str | None = None,
    all: bool = False,  # noqa: A002, ARG001 - the word on the wire, for no condition
) -> list[Any]:
    """Return the conditions for links of an owner, below a path, or of a label."""
    found: list[Any] = []
    if owner is not None:
        found.append(table.c.owner == owner)
    if prefix is not None:
        below = prefix if prefix.endswith("/") else f"{prefix}/"
        # Not LIKE, which takes capitals of ASCII for small letters on SQLite.
        is_below = func.substr(table.c.path, 1, len(below)) == below
        found.append(or_(table.c.path == prefix, is_below))
    if label is not None:
        found.append(table.c.label == label)
    return found


def extend(connection: Connection, link_id: str, caller: Caller, ends_at: int) -> Link:
    """Give a link another end and return it.

    Raises:
        ObjectNotFoundError: as `one` does.
        InvalidRequestError: if it was revoked, which is for good.

    """
    found = one(connection, link_id, caller)
    if found.revoked_at is not None:
        msg = f"the link {found.id} was revoked, which is for good: make a new one"
        raise InvalidRequestError(msg)
    connection.execute(update(table).where(table.c.id == found.id).values(ends_at=ends_at))
    changed(connection, found.id)
    return one(connection, found.id, caller)


def _revoke(connection: Connection, conditions: list[Any], caller: Caller, now: int) -> list[str]:
    statement = update(table).where(table.c.revoked_at.is_(None), *conditions)
    said = {"revoked_at": now, "revoked_by": caller.principal, "sealed": None}
    rows = statement.values(said).returning(table.c.id)
    return sorted(connection.scalars(rows))
