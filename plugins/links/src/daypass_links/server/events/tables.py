"""The tables of events and checkpoints; on SQLite they have a file of their own, so that a use empties no cache of links."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

__all__ = ["BLOCKS", "CHECKPOINTS", "LINK_BLOCKS", "METADATA", "USE_DAYS"]

METADATA = MetaData()

#: The lines of one commit, as they were hashed, one after the other; the other columns are copies to search by, and prove nothing.
BLOCKS = Table(
    "event_block",
    METADATA,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("chain", String(40), nullable=False),
    #: The numbers of its first and last event.
    Column("first", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),
    #: When its oldest and its newest event were, in seconds since the epoch.
    Column("oldest", Float, nullable=False),
    Column("newest", Float, nullable=False),
    Column("lines", LargeBinary, nullable=False),
    Index("event_block_place", "chain", "first", unique=True),
    Index("event_block_newest", "newest"),
)

#: Which blocks hold events of a link, in the order in which they are told.
LINK_BLOCKS = Table(
    "link_block",
    METADATA,
    Column("link_id", String(40), primary_key=True),
    #: Of the block.
    Column("oldest", Float, primary_key=True),
    Column("block", BigInteger, primary_key=True),
    sqlite_with_rowid=False,  # one tree less to write
)

#: How often a link was used on each day in UTC, and when last: written with the events, so that nobody has to count them. One row
#: for each chain, since two that write the same would wait for each other. `used` reads it.
USE_DAYS = Table(
    "use_day",
    METADATA,
    Column("link_id", String(40), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("chain", String(40), primary_key=True),
    Column("uses", BigInteger, nullable=False),
    #: Seconds since the epoch.
    Column("last_at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
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
