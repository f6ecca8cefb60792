"""Spans of time, as people choose them."""

from __future__ import annotations

from daypass_links.server.settings import Links

__all__ = ["offered"]

_DAY = 86_400


def offered(links: Links) -> list[int]:
    """Return the lifetimes that a form offers, in seconds: the usual one, and others up to the longest."""
    others = (days * _DAY for days in (1, 7, 30, 90, 365))
    return sorted({links.default_ends_in, *(span for span in others if span <= links.max_ends_in)})
