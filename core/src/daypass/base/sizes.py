"""A number of bytes as people write and read it."""

from __future__ import annotations

import re

__all__ = ["byte_count", "size"]

_UNITS = {
    "": 1,
    **{f"{unit}B": 1000**power for power, unit in enumerate(("k", "M", "G", "T"), 1)},
    **{f"{unit}iB": 1024**power for power, unit in enumerate(("K", "M", "G", "T"), 1)},
}
#: From one SI prefix to the next, and from where on a number would be shown as that.
_STEP, _SHOWN_AS_STEP = 1000, 999.95


def byte_count(text: str) -> int | None:
    """Read a number of bytes: digits, or with a unit such as MiB or MB; None for anything else.

    >>> byte_count("2GB"), byte_count("16 MiB"), byte_count("5"), byte_count("many")
    (2000000000, 16777216, 5, None)
    """
    match = re.fullmatch(r"(\d{1,18})\s?([kKMGT]i?B)?", text, re.ASCII)
    unit = None if match is None else _UNITS.get(match[2] or "")
    return None if match is None or unit is None else int(match[1]) * unit


def size(count: int) -> str:
    """Say a number of bytes.

    >>> size(1), size(2_500_000)
    ('1 byte', '2.5 MB')
    """
    if count < _STEP:
        return f"{count} byte" + ("s" if count != 1 else "")
    amount = count / _STEP
    unit, *larger = "kB", "MB", "GB", "TB", "PB"
    while larger and amount >= _SHOWN_AS_STEP:
        amount /= _STEP
        unit, *larger = larger
    return f"{amount:.1f} {unit}"
