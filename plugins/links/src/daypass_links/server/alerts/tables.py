"""The table of spans of time that somebody has looked at, so that of several processes one tells of each."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Table

from daypass_links.server.events.tables import METADATA

__all__ = ["WATCHED"]

WATCHED = Table(
    "watched",
    METADATA,
    #: Its start, in seconds since the epoch.
    Column("start", BigInteger, primary_key=True, autoincrement=False),
)
