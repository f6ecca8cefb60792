"""Engines for both databases: SQLite that waits for the disk and for other processes, or PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from daypass.errors import InvalidRequestError, PluginError, StoreError
from daypass_links.server.database import searching
from daypass_links.server.database.silence import Silence, connecting

__all__ = ["Databases", "opened", "reading", "used"]

#: How long a writer waits for another, in milliseconds.
_PATIENCE = 5000
#: Who does nothing for so long in the middle of a transaction was stopped, in milliseconds.
_STALLED = 30_000
#: How long PostgreSQL may take to be reached, in seconds, and to take what it is sent, in milliseconds.
_BOUNDS = {"connect_timeout": 5, "tcp_user_timeout": 10_000}
#: How long a service waits for a PostgreSQL that says nothing, in seconds: for what the event loop has to know, for what a use
#: writes, which may wait for a lock, and for all else, such as taking back a million links. Commands wait as long as who gave them does.
_LOOKING, _USING, _ANYTHING = 2, 6, 30
#: Whoever listens for changes tries to reach it all the time; for so long the event loop does not, in seconds.
_SPARED = 10.0
#: Marks the engines that only read.
_READS = "daypass_reads"


@attrs.frozen
class Databases:
    """Both databases. A transaction of ``main`` or ``events`` may write; the others only read, and wait for nobody."""

    main: Engine
    events: Engine
    #: For what the event loop has to know of ``main``: with connections of its own, since it cannot wait until threads give theirs back.
    looking: Engine
    #: Whether it is known of ``looking`` that the server says nothing.
    silence: Silence
    reading_main: Engine = attrs.field(init=False)
    reading_events: Engine = attrs.field(init=False)

    @reading_main.default
    def _read_main(self) -> Engine:
        return reading(self.main)

    @reading_events.default
    def _read_events(self) -> Engine:
        return reading(self.events)

    def close(self) -> None:
        """Close all connections."""
        self.main.dispose()
        self.events.dispose()
        self.looking.dispose()


def opened(main: str, events: str) -> Databases:
    """Open both for a service; a file of SQLite and its directory are made where they are not there.

    Args:
        main: where links and keys are, as SQLAlchemy writes it.
        events: where events are; it may be the same of PostgreSQL.

    Raises:
        InvalidRequestError: for what is no such text.
        PluginError: if the driver of PostgreSQL is not installed.
        StoreError: if the file cannot be made.

    """
    silence = Silence(_SPARED)
    writing = _patient(_engine(events), _USING)
    if writing.dialect.name == "postgresql":
        event.listen(writing, "begin", _be_patient)
    looking = _patient(_engine(main), _LOOKING, silence, connect_timeout=_LOOKING)
    return Databases(_patient(_engine(main), _ANYTHING), writing, reading(looking), silence)


@contextmanager
def used(main: str, events: str) -> Iterator[Databases]:
    """Open both for a command, and close them at its end.

    Args:
        main: as `opened` takes it.
        events: likewise.

    Raises:
        StoreError: in the database's own words, if it cannot be reached or refuses.

    """
    looking = reading(_engine(main))
    databases = Databases(_engine(main), _engine(events), looking, Silence())
    try:
        yield databases
    except DBAPIError as error:
        raise StoreError(_words(error, main, events)) from error
    finally:
        databases.close()


def reading(engine: Engine) -> Engine:
    """Return an engine that only reads, and begins no transaction of its own where it is SQLite."""
    return engine.execution_options(**{_READS: True})


def _patient(engine: Engine, seconds: int, silence: Silence | None = None, **more: Any) -> Engine:
    """Have a service wait no longer for what PostgreSQL says."""
    if engine.dialect.name == "postgresql":
        connect = connecting(seconds, silence or Silence())
        event.listen(
            engine, "do_connect", lambda _, __, args, said: connect(*args, **{**said, **more})
        )
    return engine


def _be_patient(connection: Connection) -> None:
    """Wait longer for what only reads, of which there may be much."""
    driver: Any = connection.connection.driver_connection
    reads = _READS in connection.get_execution_options()
    driver.patience = _ANYTHING if reads else _USING


def _words(error: DBAPIError, main: str, events: str) -> str:
    """Return what the database says, without any password, and what to do."""
    said = " ".join(str(error.orig).split())
    for url in map(make_url, {main, events}):
        if url.password:
            said = said.replace(str(url.password), "***")
    name = make_url(main).render_as_string(hide_password=True)
    return f"{name} cannot be used ({said}): see that it can be reached, and that the role and the database are there and may be written"


def _engine(text: str) -> Engine:
    try:
        url = make_url(text)
    except ArgumentError:
        msg = "a database is written as SQLAlchemy does: sqlite:////var/lib/daypass/links.db or postgresql+psycopg://host/name"
        raise InvalidRequestError(msg, option="database") from None
    if url.get_backend_name() == "postgresql" and url.get_driver_name() == "psycopg":
        try:
            engine = create_engine(
                url,
                pool_pre_ping=True,
                pool_timeout=_PATIENCE / 1000,
                connect_args={**_BOUNDS, **url.query},
            )
        except ImportError as error:
            msg = "a database of PostgreSQL needs psycopg: pip install 'psycopg[binary]'"
            raise PluginError(msg, plugin="daypass_links") from error
        event.listen(engine, "connect", _bound)
        return engine
    if url.get_backend_name() != "sqlite":
        msg = f"a database is one of SQLite, or of PostgreSQL by psycopg, and not {url.drivername}: write postgresql+psycopg://host/name"
        raise InvalidRequestError(msg, option="database")
    if not url.database or url.database == ":memory:":
        msg = "a database of SQLite is a file, since other processes and a restart must find it"
        raise InvalidRequestError(msg, option="database")
    path = Path(url.database)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
    except OSError as error:
        msg = f"{path} cannot be made: {error.strerror}: name a place that the service's user may write as database"
        raise StoreError(msg) from error
    engine = create_engine(url)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _bound(connection: Any, _: Any) -> None:
    # No process waits for ever for what another one holds that was stopped or cut off in the middle.
    connection.execute(f"SET lock_timeout = {_PATIENCE}")
    connection.execute(f"SET idle_in_transaction_session_timeout = {_STALLED}")
    connection.commit()


def _prepare(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # BEGIN is ours: see `_begin`
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",  # a use or a revocation that was acknowledged survives a power cut
        "foreign_keys=ON",
        f"busy_timeout={_PATIENCE}",
    ):
        connection.execute(f"PRAGMA {pragma}")
    searching.prepare(connection)


def _begin(connection: Any) -> None:
    # A transaction that reads first and then writes would fail where another process wrote in between; and what only
    # reads asks one thing at a time, for which SQLite needs none.
    if _READS not in connection.get_execution_options():
        connection.exec_driver_sql("BEGIN IMMEDIATE")
