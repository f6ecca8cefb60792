"""A number of bytes as people write and read it."""

from __future__ import annotations

import re

__all__ = ["byte_count", "size"]

_UNITS = {
    "": 1,
    **{f"{unit}B": 1000**power for power, unit in enumerate(("k", "M", "G", "T"), 1)},
    **{f"{unit}iB": 1024**power for power, unit in enumerate(("K", "M", "G", "T"), 1)},
}


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
    if count < 1000:  # noqa: PLR2004 - the first step of SI prefixes
        return f"{count} byte" + ("s" if count != 1 else "")
    amount = float(count)
    unit = "B"
    for unit in ("kB", "MB", "GB", "TB", "PB"):  # noqa: B007 - the last unit is used below
        amount /= 1000
        if amount < 999.95:  # noqa: PLR2004 - what would be shown as 1000.0
            break
    return f"{amount:.1f} {unit}"
