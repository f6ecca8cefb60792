"""``Writer``: one hash chain of one process, whose lines a thread chains and writes together."""

from __future__ import annotations

import os
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from functools import lru_cache
from itertools import chain
from threading import Condition, Lock, Thread
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine, func, select

from daypass.audit import Chain
from daypass.errors import AuditError
from daypass_links.server.events.tables import BLOCKS, LINK_BLOCKS, USE_DAYS
from daypass_links.server.logs import log, reason

__all__ = ["Writer"]

#: Written at once are so many at most; and nobody's event waits longer, in seconds.
_GROUP, _DELAY = 500, 0.02
#: So many may wait where the database is away; then nothing more happens than can be written down.
_MOST_WAITING = 10_000
#: The longest that somebody waits for events of others, in seconds.
_FLUSH = 1.0
#: The pauses between two tries, in seconds: the first and the longest.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0


_BLOCK = ("chain", "first", "last", "oldest", "newest", "lines")
_OF_LINK = ("link_id", "oldest", "block")
_COUNTED = ("link_id", "day", "chain", "uses", "last_at")
#: How many rows one statement inserts, the most first.
_TOGETHER = (100, 10, 1)
_DAY = 86_400
#: Of a link that one chain has uses of on the same day already, to add to.
_ADDED = (
    f" ON CONFLICT (link_id, day, chain) DO UPDATE SET uses = {USE_DAYS.name}.uses + excluded.uses,"
    f" last_at = CASE WHEN {USE_DAYS.name}.last_at > excluded.last_at THEN {USE_DAYS.name}.last_at ELSE excluded.last_at END"
)
#: What a driver of SQLite, and one of PostgreSQL, writes for a value.
_MARKS = {"qmark": "?", "pyformat": "%s"}
_encode = msgspec.json.Encoder().encode


#: What a line will say, as the inside of an object of JSON; when that was, by the clock, its kind and its link; and what is done
#: when it is written, where somebody waits for that. No class: every redirect makes one.
_Event = tuple[str, float, str, str | None, Future[None] | None]
#: The same as a line of the chain.
_Line = tuple[bytes, float, str, str | None]


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
        mark = _MARKS[engine.dialect.paramstyle]
        ((_, self._insert),) = _statements(mark, BLOCKS.name, _BLOCK, " RETURNING id", (1,))
        self._links = _statements(mark, LINK_BLOCKS.name, _OF_LINK)
        self._counts = _statements(mark, USE_DAYS.name, _COUNTED, _ADDED)
        self._clock = clock
        #: One for each boot of each process: two writers never share one.
        self.chain = f"chn_{secrets.token_urlsafe(12)}"
        self._lines = Chain()
        #: How many events went to the database, by their kind.
        self.noted: Counter[str] = Counter()
        #: Held while an event takes its place: none comes behind the one that ends the chain.
        self._placing = Lock()
        self._waiting: list[_Event] = []
        #: What is being written, and the number of the first of it.
        self._group: list[_Line] = []
        self._first = 1
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
        return len(self._waiting) + len(self._group)

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
        self._add(kind, link_id, self._text(kind, link_id, principal, fields), None)

    def note_text(self, kind: str, link_id: str, text: str) -> None:
        """Do as `note`, where the fields are written already: the inside of an object of JSON, on one line.

        Raises:
            AuditError: as for `note`.

        """
        said = (
            f'"chain":"{self.chain}","kind":"{kind}","link_id":"{link_id}","principal":null,{text}'
        )
        self._add(kind, link_id, said, None)

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
        self._add(kind, link_id, self._text(kind, link_id, principal, fields), written)
        return written

    def _add(self, kind: str, link_id: str | None, text: str, written: Future[None] | None) -> None:
        with self._placing:
            if self._failure is not None or self._closing or len(self._waiting) >= _MOST_WAITING:
                why = self._failure
                why = why or ("the service ends" if self._closing else "too many are waiting")
                msg = f"the event {kind} cannot be written down: {why}"
                raise AuditError(msg)
            # Its thread chains them, many in a row, in less time than each would take between two redirects.
            self._waiting.append((text, self._clock(), kind, link_id, written))
            count = len(self._waiting)  # after it: what the thread takes meanwhile, it sees
        if written is not None or count >= _GROUP:
            self._wake()
        elif count == 1:
            self._begin()

    def _text(
        self, kind: str, link_id: str | None, principal: str | None, fields: dict[str, Any]
    ) -> str:
        """Return what a line says, as the inside of an object of JSON."""
        said = {
            "chain": self.chain,
            "kind": kind,
            "link_id": link_id,
            "principal": principal,
            **fields,
        }
        return _encode(said)[1:-1].decode()

    def _wake(self) -> None:
        with self._condition:
            self._urgent = True
            self._condition.notify()

    def _begin(self) -> None:
        """Let the thread know that there is something, to write in a while."""
        with self._condition:
            self._condition.notify()

    def flush(self) -> None:
        """Wait until what has happened is written, for some milliseconds: whoever lists events is told of it."""
        end = time.monotonic() + _FLUSH
        while self.waiting and self._failure is None and time.monotonic() < end:
            self._wake()
            time.sleep(0.001)

    def close(self) -> None:
        """Write what is waiting, and that the chain ends here."""
        with self._placing:
            if self._closing:
                return
            self._closing = True
            text = self._text("closed", None, None, {})
            self._waiting.append((text, self._clock(), "closed", None, None))
        self._wake()
        self._thread.join(timeout=10)

    def _work(self) -> None:
        pause = _FIRST_PAUSE
        while True:
            with self._condition:
                while not (self.waiting or self._urgent or self._closing):
                    self._condition.wait()
                if not (self._urgent or self._closing):
                    self._condition.wait(_DELAY)
                self._urgent = False
            waited_for = self._take()
            if self._group:
                # Only what fails after that is given up: whoever closes waits for one try at least.
                ends = self._closing
                if self._write():
                    self._failure, pause = None, _FIRST_PAUSE
                    _done(waited_for)
                    continue
                # Those too whose turn has not come: who waits is not to wait until the database is back.
                waited_for += [written for *_, written in self._waiting.copy() if written]
                _failed(waited_for, self._failure or "")
                if ends:
                    return
                time.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
            elif self._closing and not self._waiting:
                return

    def _take(self) -> list[Future[None]]:
        """Chain what is waiting, in its order, and add it to the group; return who waits for it."""
        taken = self._waiting[: _GROUP - len(self._group)]
        line_of = self._lines.line_of
        self._group += [
            (line_of(text, now), now, kind, link_id) for text, now, kind, link_id, _ in taken
        ]
        # Last: whoever counts what is waiting counts it twice rather than not.
        del self._waiting[: len(taken)]
        self.noted.update([kind for _, _, kind, _, _ in taken])
        return [written for *_, written in taken if written is not None]

    def _write(self) -> bool:
        """Commit the group; what a lost answer left written is not written twice."""
        try:
            with self._engine.begin() as connection:
                if self._failure is not None:
                    self._forget_written(connection)
                if self._group:
                    self._insert_block(connection)
                    self._count_uses(connection)
        except Exception as error:  # noqa: BLE001 - whatever it is, there is no other thread that writes
            if self._failure is None:
                log.error("events cannot be written, and links answer 503", error=reason(error))
            self._failure = f"the database of events failed ({type(error).__name__})"
            return False
        if self._failure is not None:
            log.info("events can be written again")
        self._first += len(self._group)
        self._group = []
        return True

    def _forget_written(self, connection: Connection) -> None:
        newest = connection.scalar(
            select(func.max(BLOCKS.c.last)).where(BLOCKS.c.chain == self.chain)
        )
        written = max((newest or 0) + 1 - self._first, 0)
        self._group = self._group[written:]
        self._first += written

    def _insert_block(self, connection: Connection) -> None:
        times = [moment for _, moment, _, _ in self._group]
        last, oldest = self._first + len(self._group) - 1, min(times)
        lines = b"".join([line for line, *_ in self._group])
        row = (self.chain, self._first, last, oldest, max(times), lines)
        block = connection.exec_driver_sql(self._insert, row).scalar_one()
        links = {link_id for *_, link_id in self._group if link_id is not None}
        _insert_all(connection, self._links, [(link_id, oldest, block) for link_id in links])

    def _count_uses(self, connection: Connection) -> None:
        # By the second first, which is counted quickly: a group is of few, and mostly of few links.
        seconds = Counter(
            [
                (link_id, int(moment))
                for _, moment, kind, link_id in self._group
                if kind == "use" and link_id is not None
            ]
        )
        known: dict[tuple[str, int], tuple[int, int]] = {}
        for (link_id, second), number in seconds.items():
            key = link_id, second // _DAY
            uses, last = known.get(key, (0, second))
            # Of a clock that is put back now and then.
            known[key] = uses + number, max(second, last)
        counted: list[tuple[Any, ...]] = [
            (link_id, _date(day), self.chain, uses, last)
            for (link_id, day), (uses, last) in known.items()
        ]
        _insert_all(connection, self._counts, counted)


@lru_cache(maxsize=4)
def _date(day: int) -> str:
    """Write a day, counted since the epoch, as databases do."""
    return datetime.fromtimestamp(day * _DAY, UTC).date().isoformat()


def _statements(
    mark: str,
    table: str,
    columns: Sequence[str],
    more: str = "",
    together: Sequence[int] = _TOGETHER,
) -> list[tuple[int, str]]:
    """Return statements by how many rows they insert; values of these types go to the driver as they are, for a third of the time."""
    row = f"({', '.join([mark] * len(columns))})"
    start = f"INSERT INTO {table} ({', '.join(columns)}) VALUES "  # noqa: S608 - no value
    return [(rows, f"{start}{', '.join([row] * rows)}{more}") for rows in together]


def _insert_all(
    connection: Connection, statements: list[tuple[int, str]], rows: list[tuple[Any, ...]]
) -> None:
    """Insert rows with few statements: after each the thread that serves may have to be waited for."""
    place = 0
    for size, statement in statements:
        while len(rows) - place >= size:
            some = rows[place : place + size]
            connection.exec_driver_sql(statement, tuple(chain.from_iterable(some)))
            place += size


def _done(waited_for: list[Future[None]]) -> None:
    for written in _unanswered(waited_for):
        written.set_result(None)


def _failed(waited_for: list[Future[None]], why: str) -> None:
    # Whoever waits gives up now: the line stays, and says what was asked and did not happen.
    for written in _unanswered(waited_for):
        written.set_exception(AuditError(f"an event could not be written down: {why}"))


def _unanswered(waited_for: list[Future[None]]) -> Iterator[Future[None]]:
    """Yield those who wait still: some went away, and some were told while their event had to wait."""
    for written in waited_for:
        if not written.done() and written.set_running_or_notify_cancel():
            yield written
