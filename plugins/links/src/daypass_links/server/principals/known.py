"""Who is known, and in which groups they were when they were last heard of."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, select, update

from daypass_links.server.database.changes import changed
from daypass_links.server.database.tables import principal
from daypass_links.server.database.upserts import insert

__all__ = ["heard_of", "reach", "remember"]


def heard_of(
    connection: Connection, name: str, *, locks: bool = False
) -> tuple[int, frozenset[str]] | None:
    """Return when somebody was last heard of, in seconds since the epoch, and their groups; None of who is not known.

    Args:
        connection: to the main database.
        name: who.
        locks: whether nobody else writes of them until the end of the transaction.

    """
    which = select(principal).where(principal.c.name == name)
    row = connection.execute(which.with_for_update() if locks else which).first()
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
    # Locked, or whoever writes at the same time would compare with what is over; SQLite has one writer.
    known, now = heard_of(connection, name, locks=True), frozenset(groups or ())
    if known is not None and (groups is None or known[0] > heard_at):
        return
    new = insert(connection, principal).values(name=name, groups=sorted(now), heard_at=heard_at)
    # Several may hear of the same stranger at once.
    newer = new.on_conflict_do_update(
        index_elements=["name"],
        set_={"groups": new.excluded.groups, "heard_at": new.excluded.heard_at},
        where=principal.c.heard_at <= new.excluded.heard_at,
    )
    connection.execute(newer)
    if known is not None and known[1] != now:
        changed(connection, None)


def reach(connection: Connection, name: str, email: str) -> None:
    """Write down where mail reaches somebody who is known.

    Args:
        connection: in a transaction of the main database.
        name: who.
        email: as the provider has verified it.

    """
    connection.execute(update(principal).where(principal.c.name == name).values(email=email))
