"""``UPath("daypass://NAME/path")``: found by its entry point, where universal_pathlib is installed."""

from __future__ import annotations

from upath import UPath

__all__ = ["DaypassPath"]


class DaypassPath(UPath):
    """A path of a profile, as `pathlib` has paths; without it UPath warns of a protocol that it does not know."""

    __slots__ = ()
