"""Spans of time, as people choose and read them."""

from __future__ import annotations

from daypass_links.server.settings import Links

__all__ = ["left", "offered"]

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def offered(links: Links) -> list[int]:
    """Return the lifetimes that a form offers, in seconds: the usual one, and others up to the longest."""
    others = (days * _DAY for days in (1, 7, 30, 90, 365))
    return sorted({links.default_ends_in, *(span for span in others if span <= links.max_ends_in)})


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
