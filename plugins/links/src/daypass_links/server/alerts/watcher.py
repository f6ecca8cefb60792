"""``Watcher``: looks for unusual rates when a window of time is over, in a thread that no request waits for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

import structlog
from sqlalchemy import delete, func, insert, select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from daypass.errors import AuditError
from daypass_links.server.alerts.rates import Subject, Unusual, unusual
from daypass_links.server.alerts.tables import WATCHED
from daypass_links.server.alerts.webhook import Webhook
from daypass_links.server.database.engine import Databases
from daypass_links.server.events.writer import Writer
from daypass_links.server.moments import told
from daypass_links.server.settings import Alerts
from daypass_links.server.suspensions import CALLER, LINK, suspend

__all__ = ["Watcher"]

_log = structlog.get_logger("daypass.links")

#: How long after a window the events of all processes are there, in seconds.
_LAG = 2
#: How often it is looked whether a window is over, in parts of one.
_PARTS = 20


@contextmanager
def _on_record() -> Iterator[None]:
    """Tell the log where the events cannot be told."""
    try:
        yield
    except AuditError as error:
        _log.warning("an alert could not be written down", why=str(error))


class Watcher:
    """Watches the events of all processes. Several may: whoever comes second to a window leaves it.

    Args:
        databases: where events and links are.
        events: where alerts are put on record.
        alerts: what is unusual.
        webhook: who is told.
        clock: the time in seconds since the epoch.

    """

    def __init__(
        self,
        databases: Databases,
        events: Writer,
        alerts: Alerts,
        webhook: Webhook | None,
        *,
        clock: Callable[[], float],
    ) -> None:
        self._databases, self._events, self._alerts = databases, events, alerts
        self._webhook, self._clock = webhook, clock
        self._last = 0
        #: Whom the database kept from being suspended.
        self._late: list[Subject] = []
        self._over = Event()
        self._thread = Thread(target=self._work, name="daypass-alerts", daemon=True)
        self._thread.start()

    def look(self) -> list[Unusual]:
        """Look at the last window that is over, unless somebody has; return what was unusual, which is told by then."""
        late, self._late = self._late, []
        for subject in late:
            self._suspend(subject)
        window = self._alerts.window
        start = (int(self._clock()) - _LAG) // window * window - window
        if start <= self._last or self._is_taken(start):
            return []
        databases = self._databases
        # Before the window is ours: one that cannot be counted is left to whoever can.
        found = unusual(databases.reading_main, databases.reading_events, start, self._alerts)
        is_ours = self._is_ours(start)
        self._last = start
        if not is_ours:
            return []
        for one in found:
            self._tell(one, start)
        return found

    def close(self) -> None:
        """End, and tell what waits to be told."""
        self._over.set()
        self._thread.join(timeout=10)
        if self._webhook is not None:
            self._webhook.close()

    def _work(self) -> None:
        while not self._over.wait(self._alerts.window / _PARTS):
            try:
                self.look()
            except SQLAlchemyError as error:
                _log.warning("nobody looked for unusual rates", error=type(error).__name__)

    def _is_taken(self, start: int) -> bool:
        with self._databases.reading_events.connect() as connection:
            newest = connection.scalar(select(func.max(WATCHED.c.start)))
        return newest is not None and newest >= start

    def _is_ours(self, start: int) -> bool:
        try:
            with self._databases.events.begin() as connection:
                connection.execute(insert(WATCHED).values(start=start))
                connection.execute(delete(WATCHED).where(WATCHED.c.start < start))
                # Who was stopped for so long that a later one is taken comes after somebody who has told of this.
                newest = connection.scalar(select(func.max(WATCHED.c.start)))
        except IntegrityError:
            return False
        return bool(newest == start)

    def _suspend(self, subject: Subject) -> bool:
        """Suspend a link or a caller, at the next look if not now, and put that on record; tell whether they were not suspended, and are."""
        link_id, caller = subject.link_id, subject.principal
        kind, name = (LINK, link_id or "") if caller is None else (CALLER, caller)
        try:
            with self._databases.main.begin() as connection:
                is_new = suspend(connection, kind, name, subject.what, int(self._clock()))
        except SQLAlchemyError as error:
            self._late.append(subject)
            _log.warning("nobody could be suspended", error=type(error).__name__)
            return False
        if is_new:
            of = {} if caller is None else {"of": caller}
            with _on_record():
                self._events.note("suspend", link_id=link_id, what=subject.what, **of)
        return is_new

    def _tell(self, one: Unusual, start: int) -> None:
        subject = one.subject
        said: dict[str, Any] = {
            "what": subject.what,
            "count": one.count,
            "usual": one.usual,
            "window": {"start": told(start), "seconds": self._alerts.window},
        }
        if subject.what in self._alerts.suspend and self._suspend(subject):
            said["suspended"] = True
        who = {"link_id": subject.link_id, "principal": subject.principal}
        with _on_record():
            self._events.note("alert", **who, **said)
        _log.warning("unusual rate", **who, **said)
        if self._webhook is not None:
            self._webhook.tell({"type": "alert", "time": told(int(self._clock())), **who, **said})
