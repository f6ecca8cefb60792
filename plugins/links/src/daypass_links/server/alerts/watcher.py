"""``Watcher``: looks for unusual rates when a window of time is over, in a thread that no request waits for."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Thread
from typing import Any

import structlog
from sqlalchemy import delete, insert
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from daypass.errors import AuditError
from daypass_links.server.alerts.rates import Unusual, unusual
from daypass_links.server.alerts.tables import WATCHED
from daypass_links.server.alerts.webhook import Webhook
from daypass_links.server.database.engine import Databases
from daypass_links.server.events.writer import Writer
from daypass_links.server.moments import told
from daypass_links.server.settings import Alerts

__all__ = ["Watcher"]

_log = structlog.get_logger("daypass.links")

#: How long after a window the events of all processes are there, in seconds.
_LAG = 2
#: How often it is looked whether a window is over, in parts of one.
_PARTS = 20


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
        self._over = Event()
        self._thread = Thread(target=self._work, name="daypass-alerts", daemon=True)
        self._thread.start()

    def look(self) -> list[Unusual]:
        """Look at the last window that is over, unless somebody has; return what was unusual, which is told by then."""
        window = self._alerts.window
        start = (int(self._clock()) - _LAG) // window * window - window
        if start <= self._last:
            return []
        self._last = start
        if not self._is_ours(start):
            return []
        databases = self._databases
        found = unusual(databases.reading_main, databases.reading_events, start, self._alerts)
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

    def _is_ours(self, start: int) -> bool:
        try:
            with self._databases.events.begin() as connection:
                connection.execute(insert(WATCHED).values(start=start))
                connection.execute(delete(WATCHED).where(WATCHED.c.start < start))
        except IntegrityError:
            return False
        return True

    def _tell(self, one: Unusual, start: int) -> None:
        subject = one.subject
        said: dict[str, Any] = {
            "what": subject.what,
            "count": one.count,
            "usual": one.usual,
            "window": {"start": told(start), "seconds": self._alerts.window},
        }
        who = {"link_id": subject.link_id, "principal": subject.principal}
        try:
            self._events.note("alert", **who, **said)
        except AuditError as error:
            _log.warning("an alert could not be written down", why=str(error))
        _log.warning("unusual rate", **who, **said)
        if self._webhook is not None:
            self._webhook.tell({"type": "alert", "time": told(int(self._clock())), **who, **said})
