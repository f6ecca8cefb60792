"""Which installed distributions name a plugin, found without reading what the others say of themselves.

`importlib.metadata.entry_points` parses the entry points of all, which takes longer the more are installed.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import PathFinder
from importlib.metadata import Distribution, PathDistribution
from pathlib import Path

__all__ = ["distributions_with_ours"]

#: How a group of ours begins in a file of entry points, and how far into it is looked.
_OURS, _LONGEST = b"[daypass.", 1 << 20


def distributions_with_ours(path: list[str] | None = None) -> list[Distribution] | None:
    """Return the distributions that have entry points in groups of ours, in the order in which Python finds them.

    Of two with one name the first alone counts, as for `importlib.metadata`.

    Args:
        path: where to look; ``sys.path`` without it.

    Returns:
        None where something is installed that is no plain folder, such as an archive or an egg, or by
        an importer of its own: ask `importlib.metadata` then.

    """
    if any(hasattr(f, "find_distributions") and f is not PathFinder for f in sys.meta_path):
        return None
    earlier: list[str] = []
    found: list[Distribution] = []
    for folder in sys.path if path is None else path:
        names = _names(folder or ".")
        if names is None:
            return None
        for place, name in enumerate(names):
            where = os.path.join(folder or ".", name)  # noqa: PTH118 - a path object takes longer than the file
            if _is_ours(where) and _normal(name) not in map(_normal, earlier + names[:place]):
                found.append(PathDistribution(Path(where)))
        earlier += names
    return found


def _normal(name: str) -> str:
    """Return the name of a distribution as it is compared, of the folder that describes it: what is built today has no other marks in it."""
    return name.rpartition(".")[0].partition("-")[0].replace(".", "_").lower()


def _names(folder: str) -> list[str] | None:
    """Return what in a folder describes a distribution; None where something hides others in it."""
    try:
        names = os.listdir(folder)  # noqa: PTH208 - names are all that is needed
    except NotADirectoryError:
        return None  # an archive
    except OSError:
        return []
    if any(name.endswith(".egg") or name.lower() == "egg-info" for name in names):
        return None
    return [name for name in names if name.endswith((".dist-info", ".egg-info"))]


def _is_ours(where: str) -> bool:
    try:
        descriptor = os.open(f"{where}/entry_points.txt", os.O_RDONLY)
    except OSError:
        return False
    try:
        return _OURS in os.read(descriptor, _LONGEST)
    finally:
        os.close(descriptor)
