"""Moments: as the API tells them, and as people read them on pages and in mails."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from daypass.base.times import in_utc, rfc3339

if TYPE_CHECKING:
    from daypass_links.server.languages.words import Words

__all__ = ["away", "left", "shown", "told"]

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def told(moment: int | None) -> str | None:
    """Write seconds since the epoch as ISO 8601 in UTC."""
    return None if moment is None else rfc3339(datetime.fromtimestamp(moment, UTC))


def shown(moment: int) -> str:
    """Write seconds since the epoch for people, in UTC; it is the same in every language.

    >>> shown(1_800_000_000)
    '2027-01-15 08:00:00 UTC'
    """
    return in_utc(datetime.fromtimestamp(moment, UTC))


def left(seconds: float) -> tuple[str, int]:
    """Return a span as people say it: the largest unit of which it has two or more, rounded, and how many.

    >>> left(7 * 86_400 - 5), left(86_400), left(5400), left(59)
    (('days', 7), ('hours', 24), ('hours', 2), ('minute', 1))
    """
    for unit, length in (("days", _DAY), ("hours", _HOUR), ("minutes", _MINUTE)):
        number = round(seconds / length)
        if number > 1:
            return unit, number
    return "minute", 1


def away(moment: int, say: Words, now: int) -> str:
    """Say how far off a moment is, or how long ago it was.

    Args:
        moment: in seconds since the epoch.
        say: the words of whoever is told.
        now: the clock.

    >>> from daypass_links.server.languages.words import WORDS
    >>> away(7200, WORDS["en"], now=0), away(0, WORDS["de"], now=7200)
    ('in 2 hours', 'vor 2 Stunden')

    """
    unit, number = left(abs(moment - now))
    return say("span." + ("in_" if moment > now else "ago_") + unit, n=number)
