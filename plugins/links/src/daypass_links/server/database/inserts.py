"""``Inserts``: rows of one table that many wait for, written together."""

from __future__ import annotations

from concurrent.futures import Future
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any

from sqlalchemy import Engine, Table, insert
from sqlalchemy.exc import DataError, IntegrityError, ResourceClosedError, SQLAlchemyError

__all__ = ["Inserts"]

#: Written at once are so many at most.
_GROUP = 500
#: What is one row's fault, and what is none's; so is what neither is, such as a number that no column takes.
_OF_A_ROW, _OF_ALL = (DataError, IntegrityError), (SQLAlchemyError, OSError)
_Waiting = tuple[dict[str, Any], Future[None]]


class Inserts:
    """Writes rows down: as many as have come while those before them were written, in one transaction.

    Args:
        engine: of the database.
        table: where they go; each row has the same columns.

    """

    def __init__(self, engine: Engine, table: Table) -> None:
        self._engine = engine
        self._insert = insert(table)
        self._waiting: SimpleQueue[_Waiting | None] = SimpleQueue()
        #: Held while a row is added: none comes after the thread has ended.
        self._adding = Lock()
        self._is_closing = False
        self._thread = Thread(target=self._work, name=f"daypass-{table.name}", daemon=True)
        self._thread.start()

    def add(self, row: dict[str, Any]) -> Future[None]:
        """Have a row written; the future is done when it is on the disk, and has an error of SQLAlchemy where it cannot be."""
        written: Future[None] = Future()
        with self._adding:
            if not self._is_closing:
                self._waiting.put((row, written))
                return written
        written.set_exception(ResourceClosedError("the service ends"))
        return written

    def close(self) -> None:
        """Write what is waiting, and let the thread end."""
        with self._adding:
            self._is_closing = True
            self._waiting.put(None)
        self._thread.join(timeout=10)

    def _work(self) -> None:
        while True:
            found = [self._waiting.get()]
            while len(found) < _GROUP and not self._waiting.empty():
                found.append(self._waiting.get())
            rows = [
                one for one in found if one is not None and one[1].set_running_or_notify_cancel()
            ]
            if rows:
                self._write(rows)
            if None in found:
                return

    def _write(self, rows: list[_Waiting]) -> None:
        try:
            with self._engine.begin() as connection:
                connection.execute(self._insert, [row for row, _ in rows])
        except Exception as error:  # noqa: BLE001 - whatever it is, there is no other thread that writes
            if len(rows) > 1 and (isinstance(error, _OF_A_ROW) or not isinstance(error, _OF_ALL)):
                # One that cannot be written is the fault of none of the others.
                for one in rows:
                    self._write([one])
                return
            for _, written in rows:
                written.set_exception(error)
        else:
            for _, written in rows:
                written.set_result(None)
