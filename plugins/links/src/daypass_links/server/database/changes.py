"""``Changes``: which links other processes have changed since this one looked."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select, text
from sqlalchemy.exc import DBAPIError

from daypass_links.server.database.engine import Databases
from daypass_links.server.database.notices import CHANNEL, Notices
from daypass_links.server.database.tables import change

__all__ = ["Changes", "changed"]

#: How often SQLite is asked whether there are any, which it knows without reading them, in seconds.
_EVERY_OF_SQLITE = 0.01
#: How long what was read of PostgreSQL is believed, in seconds: while it tells of changes, and while nobody hears it.
_NET, _EVERY = 5.0, 0.5
#: How often the files of secrets are looked at, in seconds.
_EVERY_OF_SECRETS = 5.0

_NEWEST = select(func.coalesce(func.max(change.c.seq), 0))
_SINCE = (
    select(change.c.seq, change.c.link_id)
    .where(change.c.seq >= bindparam("seq"))
    .order_by(change.c.seq)
)


class Changes:
    """Tells a cache what to forget. What it holds is believed for a time; then a request has to look, or fails.

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
        self._engine = databases.looking
        self._forget = forget
        self._renewed = renewed
        self._renew = 0.0
        self._version = 0
        #: Until when nobody has to look.
        self._next = 0.0
        with self._engine.connect() as connection:
            self._seq: int = connection.scalar(_NEWEST) or 0
        self._notices: Notices | None = None
        if self._engine.dialect.name == "sqlite":
            self._own = databases.main.raw_connection()
            raw = self._own.driver_connection
            assert raw is not None  # noqa: S101 - it is connected
            self._ask = raw.execute  # a cursor of its own each time: threads may look at once
            self._since = str(_SINCE.compile(dialect=self._engine.dialect))
        else:
            self._silence = databases.silence
            # By connections of its own: it tries where nobody else does.
            self._notices = Notices(
                databases.reading_main, self._begin, self._read, self._lost, every=_NET / 2
            )

    @property
    def is_told(self) -> bool:
        """Whether the database itself says at once what has changed."""
        return self._notices is None or self._notices.is_heard

    def look(self) -> None:
        """Forget what another process has changed; cheap enough for every request.

        Raises:
            SQLAlchemyError: if nobody can know what has changed.

        """
        now = time.monotonic()
        # First, since on PostgreSQL a thread sees to it that nobody has to look.
        if now >= self._renew:
            self._renew = now + _EVERY_OF_SECRETS
            if self._renewed():
                self._forget(None)
        if now < self._next:
            return
        if self._notices is not None:
            self.read()
            return
        try:
            # Of all other connections, and of none of those to the events' database.
            version = self._ask("PRAGMA data_version").fetchone()[0]
            if version != self._version:
                # Past SQLAlchemy, which takes ten times as long: while links are made, there is a new version each time.
                self._forget_all(self._ask(self._since, (self._seq,)).fetchall())
                self._version = version
        except sqlite3.Error as error:
            raise DBAPIError(self._since, None, error) from error
        self._next = now + _EVERY_OF_SQLITE

    def read(self) -> None:
        """Forget what has been changed since the last time."""
        with self._engine.connect() as connection:
            self._read(connection)

    def _read(self, connection: Connection) -> None:
        # Two threads may read the same, and forget it twice; none waits for another, whose connection may hang.
        begun = time.monotonic()
        self._forget_all(connection.execute(_SINCE, {"seq": self._seq}).all())
        if self._notices is not None:
            self._silence.end()
            self._next = begun + (_NET if self._notices.is_heard else _EVERY)

    def _forget_all(self, rows: Sequence[Any]) -> None:
        """Forget what was changed: the numbers of changes and the IDs of links, in order, from the last on that was read before."""
        known = self._seq
        if rows and rows[0][0] > max(known, 1):
            self._forget(None)  # some may have been pruned before this process came to read them
        for seq, link_id in rows:
            if seq == known:
                continue  # read before: it tells that nothing between is gone, which no number that is missing does
            self._forget(link_id)
            self._seq = max(self._seq, seq)

    def _begin(self, connection: Connection) -> None:
        """Begin anew: what came while nobody listened is not looked for one by one, nor is it asked whether it is the same database still."""
        self._seq = connection.scalar(_NEWEST) or 0
        self._forget(None)

    def _lost(self) -> None:
        """Have the next request look."""
        self._next = 0.0

    def close(self) -> None:
        """Let the connection go."""
        if self._notices is None:
            self._own.close()
        else:
            self._notices.close()


def changed(connection: Connection, link_id: str | None) -> None:
    """Write down, in the transaction that changes it, that a link is another one now; None for many."""
    is_sqlite = connection.dialect.name == "sqlite"
    if not is_sqlite:
        # Numbers are given out before they are seen, so that a reader would pass one by; SQLite has one writer.
        connection.execute(text("LOCK TABLE change IN EXCLUSIVE MODE"))
    connection.execute(insert(change).values(link_id=link_id))
    if not is_sqlite:
        connection.execute(text(f"NOTIFY {CHANNEL}"))  # told when the transaction commits
