"""How cards say a size, a moment and a type: exactly, and in words."""

from __future__ import annotations

from datetime import UTC, datetime

from daypass.base import sizes
from daypass.base.media_types import guessed
from daypass.base.times import in_utc, span

__all__ = ["end", "exact", "has_ended", "name_of", "size", "type_of"]


def now() -> datetime:
    """Return the clock that words are said by: a card is read later than it is drawn, and so says when that was."""
    return datetime.now(UTC)


def has_ended(moment: datetime) -> bool:
    """Tell whether a link is of no use any more."""
    return moment <= now()


def end(moment: datetime) -> list[str]:
    """Say an end: exactly, and how far off it is from the moment at which the card is drawn."""
    clock = now()
    left = (moment - clock).total_seconds()
    words = f"{span(left)} after" if left > 0 else f"{span(-left)} before"
    return [in_utc(moment), f"{words} this card was drawn ({in_utc(clock)})"]


def exact(moment: datetime | None) -> str | None:
    """Say a moment."""
    return None if moment is None else in_utc(moment)


def size(count: int | None) -> str | None:
    """Say a number of bytes.

    >>> size(2_000_000_000), size(1)
    ('2.0 GB (2,000,000,000 bytes)', '1 byte')
    """
    if count is None:
        return None
    words = sizes.size(count)
    return words if words.startswith(f"{count} ") else f"{words} ({count:,} bytes)"


def name_of(path: str) -> str:
    """Return what a path is called: its last part.

    >>> name_of("s3://maps/2026/europe.tif"), name_of("az://maps/2026/"), name_of("s3://maps")
    ('europe.tif', '2026/', 'maps')
    """
    folder = "/" if path.endswith("/") else ""
    return path.rstrip("/").rpartition("/")[2] + folder or path


def type_of(path: str, known: str | None = None) -> str | None:
    """Say a media type: as the store knows it, or by the name of the object."""
    if known is not None:
        return known
    kind, packed = guessed(path)
    if kind is None:
        return None
    return f"{kind}, by its name" + (f", packed by {packed}" if packed else "")
