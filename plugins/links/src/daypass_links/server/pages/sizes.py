"""Sizes, as people read them."""

from __future__ import annotations

__all__ = ["counted", "sized"]

_UNITS = (("TB", 10**12), ("GB", 10**9), ("MB", 10**6), ("kB", 10**3))
#: From here on a digit behind the point says nothing.
_WHOLE = 10


def sized(size: int) -> tuple[str, str]:
    """Return a number of bytes in the largest unit of which there is one, and that.

    >>> sized(1_234_567), sized(25_000), sized(12)
    (('1.2', 'MB'), ('25', 'kB'), ('12', 'B'))
    """
    for unit, length in _UNITS:
        if size >= length:
            number = size / length
            return f"{number:.0f}" if number >= _WHOLE else f"{number:.1f}", unit
    return str(size), "B"


def counted(number: int) -> str:
    """Return a number with thin spaces between its thousands, which is right in every language (ISO 80000-1).

    >>> counted(1_234_567).split()
    ['1', '234', '567']
    """
    return f"{number:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")
