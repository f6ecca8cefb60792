"""``Notices``: a thread that PostgreSQL tells of each change, by ``LISTEN`` and ``NOTIFY``."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from threading import Event, Thread
from typing import Any

import structlog
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

__all__ = ["CHANNEL", "Notices"]

_log = structlog.get_logger("daypass.links")

#: What is listened to, in the one database.
CHANNEL = "daypass_change"
#: Between two tries to listen, in seconds.
_PAUSE = 0.25


class Notices:
    """Listens, on a connection of its own, for as long as there is one.

    Args:
        engine: of PostgreSQL, by `connecting`.
        begin: is called with the connection each time that it begins to listen.
        read: is called with the connection after that, after each notice, and every so often.
        lost: is called when it listens no longer.
        every: how often, in seconds, where there is none: one may be lost, and so may the connection.

    """

    def __init__(
        self,
        engine: Engine,
        begin: Callable[[Connection], None],
        read: Callable[[Connection], None],
        lost: Callable[[], None],
        *,
        every: float,
    ) -> None:
        self._engine, self._every = engine, every
        self._begin, self._read, self._lost = begin, read, lost
        driver: Any = engine.dialect.dbapi
        self._failures = (SQLAlchemyError, driver.Error, OSError)
        #: Whether somebody listens.
        self.is_heard = False
        self._over = Event()
        self._thread = Thread(target=self._work, name="daypass-notices", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End. All other listeners hear of it too, and read once for nothing."""
        self._over.set()
        with contextlib.suppress(*self._failures), self._engine.connect() as connection:
            connection.execute(text(f"NOTIFY {CHANNEL}"))
            connection.commit()
        self._thread.join(timeout=self._every)

    def _work(self) -> None:
        is_told = False
        while not self._over.is_set():
            try:
                with self._engine.connect() as connection:
                    self._listen(connection)
            except self._failures as error:
                if self.is_heard or not is_told:
                    _log.warning(
                        "nobody tells of changes: requests look", error=type(error).__name__
                    )
                    is_told = True
            self.is_heard = False
            self._lost()
            self._over.wait(_PAUSE)

    def _listen(self, connection: Connection) -> None:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        driver: Any = connection.connection.driver_connection
        connection.detach()  # nobody else is to have one that listens
        driver.patience = self._every  # for by then requests look themselves
        connection.execute(text(f"LISTEN {CHANNEL}"))
        self._begin(connection)
        self.is_heard = True
        while not self._over.is_set():
            self._read(connection)
            for _ in driver.notifies(timeout=self._every, stop_after=1):
                pass
