"""``Writer``: one hash chain of one process, whose lines a thread writes together."""

from __future__ import annotations

import os
import secrets
import time
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import Future
from threading import Condition, Thread
from typing import Any

import attrs
from sqlalchemy import Connection, Engine, func, insert, select
from sqlalchemy.exc import SQLAlchemyError

from daypass.audit import Chain
from daypass.errors import AuditError
from daypass_links.server.events.tables import EVENTS

__all__ = ["Event", "Writer"]

#: Written at once are so many at most; and nobody's event waits longer, in seconds.
_GROUP, _DELAY = 500, 0.02
#: So many may wait where the database is away; then nothing more happens than can be written down.
_MOST_WAITING = 10_000
#: The longest that somebody waits for events of others, in seconds.
_FLUSH = 1.0
#: The pauses between two tries, in seconds: the first and the longest.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0


@attrs.frozen
class Event:
    """What happened, before it is in a chain."""

    kind: str
    #: Seconds since the epoch.
    time: float
    link_id: str | None
    principal: str | None
    fields: dict[str, Any]


class Writer:
    """Writes events down. They are chained in the order in which they came.

    Args:
        engine: of the database that has the table of events.
        clock: the time in seconds since the epoch.
        first_fields: what the first line says of the process.

    """

    def __init__(
        self, engine: Engine, *, clock: Callable[[], float] = time.time, **first_fields: Any
    ) -> None:
        self._engine = engine
        self._insert = _inserter(engine)
        self._clock = clock
        #: One for each boot of each process: two writers never share one.
        self.chain = f"chn_{secrets.token_urlsafe(12)}"
        self._lines = Chain()
        #: How many events were chained, by their kind.
        self.noted: Counter[str] = Counter()
        self._waiting: deque[tuple[Event, Future[None] | None]] = deque()
        self._rows: list[dict[str, Any]] = []
        self._condition = Condition()
        #: Set under the condition where somebody waits, or a group is full.
        self._urgent = False
        self._closing = False
        self._failure: str | None = None
        self.note("opened", pid=os.getpid(), **first_fields)
        self._thread = Thread(target=self._work, name="daypass-events", daemon=True)
        self._thread.start()

    @property
    def failure(self) -> str | None:
        """Why events cannot be written just now; None where they can."""
        return self._failure

    @property
    def waiting(self) -> int:
        """How many events are not written yet."""
        return len(self._waiting) + len(self._rows)

    def note(
        self,
        kind: str,
        *,
        link_id: str | None = None,
        principal: str | None = None,
        **fields: Any,
    ) -> None:
        """Have an event written within some 20 ms, unless the process dies before.

        Raises:
            AuditError: if events cannot be written just now: what is to be on record must not happen.

        """
        self._add(kind, link_id, principal, fields, None)

    def durable(
        self,
        kind: str,
        *,
        link_id: str | None = None,
        principal: str | None = None,
        **fields: Any,
    ) -> Future[None]:
        """Have an event written at once; the future is done when it is on record.

        Raises:
            AuditError: as for `note`.

        """
        written: Future[None] = Future()
        self._add(kind, link_id, principal, fields, written)
        return written

    def _add(
        self,
        kind: str,
        link_id: str | None,
        principal: str | None,
        fields: dict[str, Any],
        written: Future[None] | None,
    ) -> None:
        if self._failure is not None or len(self._waiting) >= _MOST_WAITING:
            msg = f"the event {kind} cannot be written down: {self._failure or 'too many are waiting'}"
            raise AuditError(msg)
        event = Event(kind, self._clock(), link_id, principal, fields)
        self._waiting.append((event, written))
        # The thread looks by itself; only what somebody waits for, or what fills a group, wakes it.
        if written is not None or len(self._waiting) >= _GROUP:
            self._wake()

    def _wake(self) -> None:
        with self._condition:
            self._urgent = True
            self._condition.notify()

    def flush(self) -> None:
        """Wait until what has happened is written, for some milliseconds: whoever lists events is told of it."""
        end = time.monotonic() + _FLUSH
        while self.waiting and self._failure is None and time.monotonic() < end:
            self._wake()
            time.sleep(0.001)

    def close(self) -> None:
        """Write what is waiting, and that the chain ends here."""
        if self._closing:
            return
        event = Event("closed", self._clock(), None, None, {})
        self._waiting.append((event, None))
        self._closing = True
        self._wake()
        self._thread.join(timeout=10)

    def _work(self) -> None:
        pause = _FIRST_PAUSE
        while True:
            with self._condition:
                if not self._urgent:
                    self._condition.wait(_DELAY)
                self._urgent = False
            waited_for = self._take()
            if self._rows:
                if self._write():
                    self._failure, pause = None, _FIRST_PAUSE
                    _done(waited_for)
                    continue
                _failed(waited_for, self._failure or "")
                if self._closing:
                    return
                time.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
            elif self._closing and not self._waiting:
                return

    def _take(self) -> list[Future[None]]:
        """Chain what is waiting; return who waits for it."""
        waited_for = []
        while self._waiting and len(self._rows) < _GROUP:
            event, written = self._waiting.popleft()
            line = self._lines.line(
                {
                    "chain": self.chain,
                    "kind": event.kind,
                    "link_id": event.link_id,
                    "principal": event.principal,
                    **event.fields,
                },
                event.time,
            )
            self._rows.append(
                {
                    "chain": self.chain,
                    "seq": self._lines.seq,
                    "time": event.time,
                    "kind": event.kind,
                    "link_id": event.link_id,
                    "principal": event.principal,
                    "line": line,
                }
            )
            self.noted[event.kind] += 1
            if written is not None:
                waited_for.append(written)
        return waited_for

    def _write(self) -> bool:
        """Commit the rows; those that a lost answer left written are not written twice."""
        try:
            with self._engine.begin() as connection:
                if self._failure is not None:
                    newest = connection.scalar(
                        select(func.max(EVENTS.c.seq)).where(EVENTS.c.chain == self.chain)
                    )
                    self._rows = [row for row in self._rows if row["seq"] > (newest or 0)]
                if self._rows:
                    self._insert(connection, self._rows)
        except (SQLAlchemyError, OSError) as error:
            self._failure = f"the database of events failed ({type(error).__name__})"
            return False
        self._rows = []
        return True


def _inserter(engine: Engine) -> Callable[[Connection, list[dict[str, Any]]], object]:
    """Return what inserts rows. The statement is written once: values of these types go to the driver as they are."""
    statement = insert(EVENTS).compile(dialect=engine.dialect)
    text, names = str(statement), getattr(statement, "positiontup", None)

    def into(connection: Connection, rows: list[dict[str, Any]]) -> object:
        values: Any = [tuple(row[name] for name in names) for row in rows] if names else rows
        return connection.exec_driver_sql(text, values)

    return into


def _done(waited_for: list[Future[None]]) -> None:
    for written in waited_for:
        if written.set_running_or_notify_cancel():
            written.set_result(None)


def _failed(waited_for: list[Future[None]], why: str) -> None:
    # Whoever waits gives up now: the line stays, and says what was asked and did not happen.
    for written in waited_for:
        if written.set_running_or_notify_cancel():
            written.set_exception(AuditError(f"an event could not be written down: {why}"))
