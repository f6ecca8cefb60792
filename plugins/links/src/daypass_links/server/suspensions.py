"""Suspensions: links that lead nowhere, and callers who may make none, until an ``admin`` lifts them."""

from __future__ import annotations

import threading
from typing import Any

from sqlalchemy import Connection, Engine, delete, insert, select
from sqlalchemy.exc import IntegrityError

from daypass.errors import RefusedError
from daypass_links.server.database.changes import changed
from daypass_links.server.database.tables import suspension
from daypass_links.server.moments import told

__all__ = ["CALLER", "LINK", "SuspendedError", "Suspensions", "lift", "listed", "suspend"]

#: What can be suspended.
LINK, CALLER = "link", "caller"


class SuspendedError(RefusedError):
    """A link or a caller is suspended."""

    code = "suspended"


class Suspensions:
    """Knows who and what is suspended, until something changes.

    Args:
        engine: of the main database; it only reads.

    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._forgotten = 0
        self._known: dict[tuple[str, str], tuple[str, int]] | None = None

    def forget(self) -> None:
        """Look anew when somebody asks."""
        with self._lock:
            self._forgotten += 1
            self._known = None

    def all(self) -> dict[tuple[str, str], tuple[str, int]]:
        """Return what is suspended, by its kind and its ID or name: for what, and since when."""
        known = self._known
        if known is None:
            before = self._forgotten
            with self._engine.connect() as connection:
                rows = connection.execute(select(suspension)).all()
            known = {(row.kind, row.name): (row.what, row.since) for row in rows}
            with self._lock:
                if before == self._forgotten:
                    self._known = known
        return known

    def holds(self, link_id: str, owner: str) -> bool:
        """Tell whether a link is suspended, or whose it is."""
        found = self.all()
        return (LINK, link_id) in found or (CALLER, owner) in found

    def check_link(self, link_id: str, owner: str) -> None:
        """Raise where a link leads nowhere.

        Raises:
            SuspendedError: in words for who holds it.

        """
        if self.holds(link_id, owner):
            msg = "the link is suspended, since it was used in an unusual way: ask who sent it"
            raise SuspendedError(msg)

    def check_caller(self, principal: str) -> None:
        """Raise where a caller may make nothing.

        Raises:
            SuspendedError: saying for what, since when, and who can help.

        """
        found = self.all().get((CALLER, principal))
        if found is not None:
            what, since = found
            msg = f"you are suspended since {told(since)} for unusually many {what}: ask who runs the service to lift it"
            raise SuspendedError(msg)


def suspend(connection: Connection, kind: str, name: str, what: str, now: int) -> bool:
    """Suspend a link or a caller, and tell whether they were not.

    Args:
        connection: in a transaction of the main database.
        kind: `LINK` or `CALLER`.
        name: the link's ID or the caller's name.
        what: what was unusual.
        now: the clock.

    """
    try:
        with connection.begin_nested():
            row = {"kind": kind, "name": name, "what": what, "since": now}
            connection.execute(insert(suspension).values(**row))
    except IntegrityError:
        return False
    changed(connection, name if kind == LINK else None)
    return True


def lift(connection: Connection, kind: str, name: str) -> bool:
    """Lift a suspension, and tell whether there was one."""
    which = delete(suspension).where(suspension.c.kind == kind, suspension.c.name == name)
    if not connection.execute(which).rowcount:
        return False
    changed(connection, name if kind == LINK else None)
    return True


def listed(connection: Connection) -> list[dict[str, Any]]:
    """Return all that is suspended, in order of time."""
    rows = connection.execute(select(suspension).order_by(suspension.c.since, suspension.c.name))
    return [dict(row) for row in rows.mappings()]
