"""Who is known, and in which groups they were when they were last heard of."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from daypass_links.server.database.changes import changed
from daypass_links.server.database.tables import principal

__all__ = ["heard_of", "remember"]


def heard_of(connection: Connection, name: str) -> tuple[int, frozenset[str]] | None:
    """Return when somebody was last heard of, in seconds since the epoch, and their groups; None of who is not known."""
    row = connection.execute(select(principal).where(principal.c.name == name)).first()
    return None if row is None else (row.heard_at, frozenset(row.groups))


def remember(
    connection: Connection, name: str, groups: Iterable[str] | None, heard_at: int
) -> None:
    """Write down who there is, and in which groups from now on, unless something newer is known.

    Links follow the right of who made them, so that every process looks at them anew where the groups are others.

    Args:
        connection: in a transaction of the main database.
        name: who.
        groups: all of theirs; None leaves them what they are.
        heard_at: as of when, in seconds since the epoch.

    """
    known, now = heard_of(connection, name), frozenset(groups or ())
    if known is not None and (groups is None or known[0] > heard_at):
        return
    of_dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    new = of_dialect.insert(principal).values(name=name, groups=sorted(now), heard_at=heard_at)
    # Several may hear of the same stranger at once.
    newer = new.on_conflict_do_update(
        index_elements=["name"],
        set_={"groups": new.excluded.groups, "heard_at": new.excluded.heard_at},
        where=principal.c.heard_at <= new.excluded.heard_at,
    )
    connection.execute(newer)
    if known is not None and known[1] != now:
        changed(connection, None)
