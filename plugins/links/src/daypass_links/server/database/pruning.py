"""``Pruner``: what nobody asks for any more goes, while the service runs. Events never do, nor do links."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Thread

import structlog
from sqlalchemy import delete, func, select, tuple_
from sqlalchemy.exc import SQLAlchemyError

from daypass_links.server.database.engine import Databases
from daypass_links.server.database.tables import (
    change,
    guess,
    inbox_upload,
    notice,
    session,
    sign_in_code,
    sign_in_state,
    upload,
    use_window,
)

__all__ = ["Pruner", "prune"]

_log = structlog.get_logger("daypass.links")
#: How long after the start, and how often then, in seconds.
_FIRST, _EVERY = 60.0, 3600.0
#: A window or a session that ended so long ago stays ended, whichever way a clock is set, in seconds.
_ENDED = 86_400
#: What has to do with an end that is over: of sign-ins, and of links of which somebody was told.
_ENDING = (session, sign_in_code, sign_in_state, notice)
#: Nobody goes on with an upload so long after it began, in seconds: no part's URL lives a week. Its parts are the bucket's to remove, by a rule of its own.
_FORGOTTEN = 30 * 86_400
#: So many changes stay, for processes that have not read them; who comes later forgets all.
_CHANGES = 10_000
#: So many windows go at once, so that no use waits for long.
_AT_ONCE = 1000


class Pruner:
    """Prunes in a thread; several processes may.

    Args:
        databases: both.
        clock: the time in seconds since the epoch.

    """

    def __init__(self, databases: Databases, clock: Callable[[], float]) -> None:
        self._databases, self._clock = databases, clock
        self._over = Event()
        self._thread = Thread(target=self._work, name="daypass-pruner", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End; what is left goes another time."""
        self._over.set()
        self._thread.join(timeout=10)

    def _work(self) -> None:
        pause = _FIRST
        while not self._over.wait(pause):
            pause = _EVERY
            try:
                prune(self._databases, int(self._clock()))
            except SQLAlchemyError as error:
                _log.warning("the databases could not be pruned", error=type(error).__name__)


def prune(databases: Databases, now: int) -> None:
    """Remove what has ended: windows of uses, tries of a password, sessions, notices; uploads that began long ago, and changes that every process has read.

    Args:
        databases: both.
        now: the clock.

    """
    for table in (use_window, guess):
        key = (table.c.link_id, table.c.client)
        ended = select(*key).where(table.c.until < now - _ENDED).limit(_AT_ONCE)
        removed = _AT_ONCE
        while removed == _AT_ONCE:
            with databases.events.begin() as connection:
                removed = connection.execute(delete(table).where(tuple_(*key).in_(ended))).rowcount
    with databases.main.begin() as connection:
        for begun in (upload, inbox_upload):
            connection.execute(delete(begun).where(begun.c.created_at < now - _FORGOTTEN))
        for table in _ENDING:
            connection.execute(delete(table).where(table.c.ends_at < now - _ENDED))
        newest = connection.scalar(select(func.max(change.c.seq))) or 0
        connection.execute(delete(change).where(change.c.seq <= newest - _CHANGES))
