"""An INSERT that can say what to do about a row that is there: of which no standard tells, but SQLite and PostgreSQL alike."""

from __future__ import annotations

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

__all__ = ["insert"]


def insert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """Return the INSERT of a connection's dialect, with ``on_conflict_do_update`` and ``on_conflict_do_nothing``."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table)
    return postgresql.insert(table)
