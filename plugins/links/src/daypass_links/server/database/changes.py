"""``Changes``: which links other processes have changed since this one looked."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from sqlalchemy import Connection, func, insert, select, text

from daypass_links.server.database.engine import Databases
from daypass_links.server.database.tables import change

__all__ = ["Changes", "changed"]

#: How often they are looked for, in seconds: SQLite says whether there are any without reading them.
_EVERY, _EVERY_OF_SQLITE = 0.5, 0.01
#: How often the files of secrets are looked at, in seconds.
_EVERY_OF_SECRETS = 5.0


class Changes:
    """Tells a cache what to forget.

    Args:
        databases: where it is written what has changed.
        forget: is given the ID of a link, or None for all of them.
        renewed: tells whether all have to be looked at anew, since what stores are made of has changed.

    """

    def __init__(
        self,
        databases: Databases,
        forget: Callable[[str | None], None],
        renewed: Callable[[], bool],
    ) -> None:
        self._engine = databases.reading_main
        self._forget = forget
        self._renewed = renewed
        self._renew = 0.0
        self._lock = threading.Lock()
        self._version = 0
        self._next = 0.0
        self._is_sqlite = self._engine.dialect.name == "sqlite"
        if self._is_sqlite:
            self._own = databases.main.raw_connection()
            raw = self._own.driver_connection
            assert raw is not None  # noqa: S101 - it is connected
            self._ask = raw.execute  # a cursor of its own each time: threads may look at once
        with self._engine.connect() as connection:
            newest = select(func.coalesce(func.max(change.c.seq), 0))
            self._seq: int = connection.scalar(newest) or 0

    def look(self) -> None:
        """Forget what another process has changed; cheap enough for every request."""
        now = time.monotonic()
        if now < self._next:
            return
        if now >= self._renew:
            self._renew = now + _EVERY_OF_SECRETS
            if self._renewed():
                self._forget(None)
        if not self._is_sqlite:
            self._next = now + _EVERY
            self.read()
            return
        self._next = now + _EVERY_OF_SQLITE
        # Of all other connections, and of none of those to the events' database.
        version = self._ask("PRAGMA data_version").fetchone()[0]
        if version != self._version:
            self._version = version
            self.read()

    def read(self) -> None:
        """Forget what has been changed since the last time."""
        with self._lock:
            statement = select(change.c.seq, change.c.link_id).where(change.c.seq > self._seq)
            with self._engine.connect() as connection:
                rows = connection.execute(statement.order_by(change.c.seq)).all()
            for seq, link_id in rows:
                self._forget(link_id)
                self._seq = seq

    def close(self) -> None:
        """Let the connection go."""
        if self._is_sqlite:
            self._own.close()


def changed(connection: Connection, link_id: str | None) -> None:
    """Write down, in the transaction that changes it, that a link is another one now; None for many."""
    if connection.dialect.name != "sqlite":
        # Numbers are given out before they are seen, so that a reader would pass one by; SQLite has one writer.
        connection.execute(text("LOCK TABLE change IN EXCLUSIVE MODE"))
    connection.execute(insert(change).values(link_id=link_id))
