"""What is written down of events, as a service's database has it."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Engine, create_engine, text

__all__ = ["events_at", "events_in"]


def events_in(engine: Engine) -> list[dict[str, Any]]:
    """Return what every line says, one chain after the other."""
    with engine.connect() as connection:
        blocks = connection.execute(text("SELECT lines FROM event_block ORDER BY chain, first"))
        return [json.loads(line) for block in blocks.scalars() for line in block.splitlines()]


def events_at(database: str) -> list[dict[str, Any]]:
    """Return what every line of a database says, which is named as SQLAlchemy does."""
    engine = create_engine(database)
    try:
        return events_in(engine)
    finally:
        engine.dispose()
