"""Engines for both databases: SQLite that waits for the disk and for other processes, or PostgreSQL."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from daypass.errors import InvalidRequestError

__all__ = ["Databases", "opened"]

#: How long a writer of SQLite waits for another, in milliseconds.
_PATIENCE = 5000
#: Marks the engines that only read.
_READS = "daypass_reads"


@attrs.frozen
class Databases:
    """Both databases. A transaction of ``main`` or ``events`` may write; the others only read, and wait for nobody."""

    main: Engine
    events: Engine
    reading_main: Engine = attrs.field(init=False)
    reading_events: Engine = attrs.field(init=False)

    @reading_main.default
    def _read_main(self) -> Engine:
        return self.main.execution_options(**{_READS: True})

    @reading_events.default
    def _read_events(self) -> Engine:
        return self.events.execution_options(**{_READS: True})

    def close(self) -> None:
        """Close all connections."""
        self.main.dispose()
        self.events.dispose()


def opened(main: str, events: str) -> Databases:
    """Open both; a file of SQLite and its directory are made where they are not there.

    Args:
        main: where links and keys are, as SQLAlchemy writes it.
        events: where events are; it may be the same of PostgreSQL.

    Raises:
        InvalidRequestError: for what is no such text.

    """
    return Databases(_engine(main), _engine(events))


def _engine(text: str) -> Engine:
    try:
        url = make_url(text)
    except ArgumentError:
        msg = "a database is written as SQLAlchemy does: sqlite:////var/lib/daypass/links.db or postgresql+psycopg://host/name"
        raise InvalidRequestError(msg, option="database") from None
    if url.get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True)
    if not url.database or url.database == ":memory:":
        msg = "a database of SQLite is a file, since other processes and a restart must find it"
        raise InvalidRequestError(msg, option="database")
    path = Path(url.database)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.touch(mode=0o600)
    engine = create_engine(url)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # BEGIN is ours: see `_begin`
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",  # a use or a revocation that was acknowledged survives a power cut
        "foreign_keys=ON",
        f"busy_timeout={_PATIENCE}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Any) -> None:
    # A transaction that reads first and then writes would fail where another process wrote in between; and what only
    # reads asks one thing at a time, for which SQLite needs none.
    if _READS not in connection.get_execution_options():
        connection.exec_driver_sql("BEGIN IMMEDIATE")
