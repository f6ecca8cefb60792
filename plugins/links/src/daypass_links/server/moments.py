"""Moments as the API tells them."""

from __future__ import annotations

from datetime import UTC, datetime

from daypass.base.times import rfc3339

__all__ = ["told"]


def told(moment: int | None) -> str | None:
    """Write seconds since the epoch as ISO 8601 in UTC."""
    return None if moment is None else rfc3339(datetime.fromtimestamp(moment, UTC))
