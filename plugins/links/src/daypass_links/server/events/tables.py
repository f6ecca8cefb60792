"""The tables of events and checkpoints; on SQLite they have a file of their own, so that a use empties no cache of links."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

__all__ = ["CHECKPOINTS", "EVENTS", "METADATA"]

METADATA = MetaData()

#: A line for each event, as it was hashed; the other columns are copies to search by, and prove nothing.
EVENTS = Table(
    "event",
    METADATA,
    Column("chain", String(40), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    #: Seconds since the epoch.
    Column("time", Float, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("link_id", String(40)),
    Column("principal", Text),
    Column("line", LargeBinary, nullable=False),
    Index("event_of_link", "link_id", "time"),
    sqlite_with_rowid=False,  # one tree less to write
)

#: What the heads of all chains were at a moment, and a signature.
CHECKPOINTS = Table(
    "checkpoint",
    METADATA,
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("body", Text, nullable=False),
    Column("kid", String(40), nullable=False),
    Column("signature", LargeBinary, nullable=False),
)
