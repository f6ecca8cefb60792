"""Which installed distributions name a plugin, found without reading what the others say of themselves.

`importlib.metadata.entry_points` parses the entry points of all, which takes longer the more are installed.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import PathFinder
from importlib.metadata import Distribution, PathDistribution
from pathlib import Path

from daypass.backends.folders import Folder, Kept

__all__ = ["distributions_with_ours"]

#: How a group of ours begins in a file of entry points, and how far into it is looked.
_OURS, _LONGEST = b"[daypass.", 1 << 20


def distributions_with_ours(path: list[str] | None = None) -> list[Distribution] | None:
    """Return the distributions that have entry points in groups of ours, in the order in which Python finds them.

    Of two with one name the first alone counts, as for `importlib.metadata`. What has been found in a folder
    of many is kept, until the folder changes.

    Args:
        path: where to look; ``sys.path`` without it.

    Returns:
        None where something is installed that is no plain folder, such as an archive or an egg, or by
        an importer of its own: ask `importlib.metadata` then.

    """
    if any(map(_may_find_more, sys.meta_path)):
        return None
    kept = Kept()
    earlier: list[str] = []
    found: list[Distribution] = []
    for place in sys.path if path is None else path:
        folder = kept.get(place)
        if folder is None or not all(_is_ours(place, name) for name in folder.ours):
            folder = _look(place)
            if folder is None:
                return None
            kept.note(place, folder)
        if folder.ours:
            taken = {*map(_normal, earlier)}
            new = [name for name in folder.ours if _normal(name) not in taken]
            found += [PathDistribution(Path(place, name)) for name in new]
        earlier += folder.names
    kept.keep()
    return found


def _may_find_more(importer: object) -> bool:
    """Tell whether an importer finds distributions of its own; the backport's looks where Python's does, in its place."""
    is_known = importer is PathFinder or type(importer).__module__ == "importlib_metadata"
    return hasattr(importer, "find_distributions") and not is_known


def _look(place: str) -> Folder | None:
    """Look into a folder; return None where something hides others in it."""
    try:
        there = os.listdir(place or ".")  # noqa: PTH208 - names are all that is needed
    except NotADirectoryError:
        return None  # an archive
    except OSError:
        return Folder([], [])
    if any(name.endswith(".egg") or name.lower() == "egg-info" for name in there):
        return None
    names: dict[str, str] = {}
    for name in there:
        if name.endswith((".dist-info", ".egg-info")):
            names.setdefault(_normal(name), name)
    ours = [name for name in names.values() if _is_ours(place, name)]
    settled = not any(name.endswith(".egg-info") or " " in name for name in names.values())
    return Folder([*names.values()], ours, settled=settled)


def _normal(name: str) -> str:
    """Return the name of a distribution as it is compared, of the folder that describes it: what is built today has no other marks in it."""
    return name.rpartition(".")[0].partition("-")[0].replace(".", "_").lower()


def _is_ours(place: str, name: str) -> bool:
    where = os.path.join(place or ".", name, "entry_points.txt")  # noqa: PTH118 - a path object takes longer than the file
    try:
        descriptor = os.open(where, os.O_RDONLY)
    except OSError:
        return False
    try:
        return _OURS in os.read(descriptor, _LONGEST)
    finally:
        os.close(descriptor)
