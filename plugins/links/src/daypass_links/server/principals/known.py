"""Who is known, and in which groups they were when they were last heard of."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, insert, select, update

from daypass_links.server.database.changes import changed
from daypass_links.server.database.tables import principal

__all__ = ["groups_of", "remember"]


def groups_of(connection: Connection, name: str) -> tuple[str, ...] | None:
    """Return the groups of somebody; None of who is not known."""
    row = connection.execute(select(principal.c.groups).where(principal.c.name == name)).first()
    return None if row is None else tuple(row.groups)


def remember(connection: Connection, name: str, groups: Iterable[str] | None) -> None:
    """Write down who there is, and in which groups from now on; None leaves them what they are.

    Links follow the right of who made them, so that every process looks at them anew where the groups are others.
    """
    known, now = groups_of(connection, name), sorted(set(groups or ()))
    if known is None:
        connection.execute(insert(principal).values(name=name, groups=now))
    elif groups is not None and now != [*known]:
        row = update(principal).where(principal.c.name == name)
        connection.execute(row.values(groups=now))
        changed(connection, None)
