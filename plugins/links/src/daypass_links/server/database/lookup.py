"""``Lookup``: one statement that finds a row by a hash, asked past SQLAlchemy, which takes ten times as long."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import msgspec
from sqlalchemy import JSON, Boolean, Engine, PoolProxiedConnection, Select
from sqlalchemy.exc import DBAPIError

__all__ = ["Lookup"]

_Row = dict[str, Any]


class Lookup:
    """Asks for one row, on a connection of its own, and outside any transaction.

    Args:
        engine: of the database.
        statement: with one parameter; every column has a name of its own.

    """

    def __init__(self, engine: Engine, statement: Select[Any]) -> None:
        compiled = statement.compile(dialect=engine.dialect)
        (name,) = compiled.params
        self._text, self._is_sqlite = str(compiled), engine.dialect.name == "sqlite"
        self._given: Callable[[bytes], Any] = (
            (lambda value: (value,)) if self._is_sqlite else (lambda value: {name: value})
        )
        columns = statement.selected_columns
        self._names = [column.name for column in columns]
        # Drivers of PostgreSQL read these types themselves.
        kinds: list[tuple[Any, Callable[[Any], Any]]] = (
            [(JSON, msgspec.json.decode), (Boolean, bool)] if self._is_sqlite else []
        )
        self._read: list[tuple[int, Callable[[Any], Any]]] = [
            (place, read)
            for place, column in enumerate(columns)
            for kind, read in kinds
            if isinstance(column.type, kind)
        ]
        self._engine = engine
        self._error: type[Exception] = engine.dialect.loaded_dbapi.Error
        self._lock = threading.Lock()
        self._own: PoolProxiedConnection | None = None
        self._execute: Callable[..., Any]

    def first(self, value: bytes) -> _Row | None:
        """Return the row that a value finds, by the names of its columns; None where there is none.

        Raises:
            DBAPIError: if the database cannot be asked.

        """
        with self._lock:
            found = self._ask(value)
        if not found:
            return None
        row = [*found[0]]
        for place, read in self._read:
            if row[place] is not None:
                row[place] = read(row[place])
        return dict(zip(self._names, row, strict=True))

    def _ask(self, value: bytes) -> Any:
        """Ask, on a new connection where the database has let the old one go; to the end, or SQLite would go on reading."""
        if self._own is not None:
            try:
                return self._execute(self._text, self._given(value)).fetchall()
            except self._error:
                self._let_go()
        try:
            self._own = self._engine.raw_connection()  # whose errors are the driver's own
            driver: Any = self._own.driver_connection
            if not self._is_sqlite:
                driver.autocommit = True
            self._execute = driver.cursor().execute
            return self._execute(self._text, self._given(value)).fetchall()
        except self._error as error:
            self._let_go()
            raise DBAPIError(self._text, None, error) from error

    def _let_go(self) -> None:
        if self._own is not None:
            self._own.invalidate()  # not given back: it is set up otherwise
            self._own = None

    def close(self) -> None:
        """Let the connection go."""
        with self._lock:
            self._let_go()
