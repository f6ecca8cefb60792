"""What folders of installed distributions were found to hold, kept between processes: to read what each says takes longer.

Whoever can write what is kept can hide a plugin from this user, as whoever sets where Python looks for it can.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from daypass.base.files import check_own, whole
from daypass.errors import DaypassError

__all__ = ["Folder", "Kept"]

#: From how many distributions on a folder is kept, and how many folders are.
_MANY, _MOST = 32, 16
#: How long a folder must have been left alone, in seconds: the clocks of some file systems are coarse.
_STILL = 2
#: Longer than what any is kept in.
_LONGEST = 1 << 22
_NO_LINKS = getattr(os, "O_NOFOLLOW", 0)


class Folder(NamedTuple):
    """A folder in which distributions are installed."""

    #: The folders in it that describe them.
    names: list[str]
    #: Those of them that name a plugin.
    ours: list[str]
    #: Whether each of them changes where what it says does: in the folder of a source (``.egg-info``) files are
    #: written anew in place, and package managers replace them.
    settled: bool = True


class Kept:
    """The folders that are kept, read when the first is asked for."""

    def __init__(self) -> None:
        self._read: dict[str, list[str]] | None = None
        self._new: dict[str, list[str]] = {}

    def get(self, place: str) -> Folder | None:
        """Return what a folder holds; None where it is not kept, or is another one since."""
        if self._read is None:
            self._read = _read()
        fields = self._read.get(place)
        if fields is None:
            return None
        known, names, ours = fields
        state = _state(place, names.split())
        if state is None or state.text != known:
            return None
        return Folder(names.split(), ours.split())

    def note(self, place: str, folder: Folder) -> None:
        """Note what a folder holds, where it is worth it."""
        if not folder.settled or len(folder.names) < _MANY:
            return
        if (state := _state(place, folder.names)) is None:
            return
        fields = [state.text, " ".join(folder.names), " ".join(folder.ours)]
        is_plain = place.isprintable() and "".join(fields).isprintable()
        if time.time() - state.changed > _STILL and is_plain:
            self._new[place] = fields

    def keep(self) -> None:
        """Write what was noted; where that cannot be, the next process looks for itself."""
        if not self._new:
            return
        kept = {**(self._read or {}), **self._new}
        lines = ["\t".join([place, *fields]) for place, fields in kept.items()][-_MOST:]
        with suppress(OSError, DaypassError):
            target = _place()
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with whole(target) as file:
                if hasattr(os, "fchmod"):  # Windows has none
                    os.fchmod(file.fileno(), 0o600)
                file.write("".join(f"{line}\n" for line in lines).encode())


class _State(NamedTuple):
    #: Another as soon as something comes into the folder or leaves it, or is replaced in what describes a distribution.
    text: str
    #: When that was last, in seconds since the epoch.
    changed: float


def _state(place: str, names: list[str]) -> _State | None:
    if not os.path.isabs(place):  # noqa: PTH117 - a path object takes longer
        return None
    stat = os.stat
    try:
        found = stat(place)
        # dpkg replaces the files of a distribution, and leaves the folder above as it is.
        inner = max([stat(f"{place}/{name}").st_ctime_ns for name in names], default=0)
    except OSError:
        return None
    text = f"{found.st_dev} {found.st_ino} {found.st_mtime_ns} {found.st_ctime_ns} {inner}"
    return _State(text, max(found.st_mtime, found.st_ctime, inner / 1e9))


def _place() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("daypass", appauthor=False) / "plugins.tsv"


def _read() -> dict[str, list[str]]:
    """Read the folders that are kept; none where the file is missing, somebody else's or not to be understood."""
    place = _place()
    try:
        descriptor = os.open(place, os.O_RDONLY | _NO_LINKS)
    except OSError:
        return {}
    try:
        check_own(descriptor, str(place))
        lines = os.read(descriptor, _LONGEST).decode().splitlines()
    except (OSError, DaypassError, ValueError):
        return {}
    finally:
        os.close(descriptor)
    found = {}
    for line in lines:
        path, *fields = line.split("\t")
        if len(fields) == len(Folder._fields):
            found[path] = fields
    return found
