"""What a filesystem lists below a folder; a folder that may not be read is an error, and not an empty one."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

from daypass.backends.filesystems import fs_path
from daypass.errors import AccessDeniedError
from daypass.model.paths import LOCAL

if TYPE_CHECKING:
    from daypass.model.locations import Location

__all__ = ["found_below"]

#: What a filesystem says of one object or folder.
Entry = dict[str, Any]


def found_below(location: Location, depth: int | None, *, folders: bool) -> list[Entry]:
    """Return what lies below a folder, as the filesystem describes it; nothing where there is no such folder.

    fsspec's ``find`` leaves out what cannot be listed. Here only what is gone is left out.

    Args:
        location: of the folder.
        depth: how many levels; None for all.
        folders: list folders, too.

    Raises:
        AccessDeniedError: for the folder, or one below it, that may not be listed, and a link behind which nobody may look.
        Exception: whatever else the filesystem raises.

    """
    fs: Any = location.fs
    path = fs_path(location)
    if depth is None and _lists_at_once(fs):
        try:
            found = fs.find(path, withdirs=folders, detail=True)
        except FileNotFoundError:
            return []
        except PermissionError as error:
            raise _denied(location, f"list {location.path}") from error
        if isinstance(found, dict):  # adlfs answers a list where an object has the folder's name
            return [{**entry, "name": name} for name, entry in found.items()]
    return _walked(location, path, depth, folders=folders)


def _lists_at_once(fs: Any) -> bool:
    """Tell whether a filesystem has a way of its own to list all that lies below a folder."""
    from fsspec import AbstractFileSystem
    from fsspec.asyn import AsyncFileSystem

    kind: Any = type(fs)
    if isinstance(fs, AsyncFileSystem):
        return kind._find is not AsyncFileSystem._find  # noqa: SLF001 - its find, awaited
    return kind.find is not AbstractFileSystem.find


def _walked(location: Location, path: str, depth: int | None, *, folders: bool) -> list[Entry]:
    """List a folder, and each folder in it, level by level."""
    found: list[Entry] = []
    level = [path]
    while level and depth != 0:
        depth = None if depth is None else depth - 1
        entries = [entry for folder in level for entry in _in(location, path, folder)]
        level = [entry["name"].rstrip("/") for entry in entries if entry["type"] == "directory"]
        if location.protocol in LOCAL:
            entries = [seen for entry in entries if (seen := _led_to(location, entry)) is not None]
        found += [entry for entry in entries if folders or entry["type"] != "directory"]
    return found


def _in(location: Location, path: str, folder: str) -> list[Entry]:
    """Return what lies in a folder; nothing where it is gone, or is none."""
    try:
        found: list[Entry] = location.fs.ls(folder, detail=True)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except PermissionError as error:
        below = folder.removeprefix(path).strip("/")
        place = f"{location.path}{below}/" if below else location.path
        raise _denied(location, f"list {place}") from error
    return [
        entry
        for entry in found
        if entry["type"] != "directory" or entry["name"].rstrip("/") != folder  # itself
    ]


def _denied(location: Location, what: str) -> AccessDeniedError:
    who = "the user of this process" if location.protocol in LOCAL else "the credential"
    return AccessDeniedError(f"{who} may not {what}: ask for the right, or list another folder")


def _led_to(location: Location, entry: Entry) -> Entry | None:
    """Return a local entry as what its symbolic link leads to; None where that is neither an object nor a folder.

    A folder that a link leads to is listed by its name alone: what lies in it has another path, and may lie anywhere.

    Raises:
        AccessDeniedError: where nobody can tell which of these it is.

    """
    if entry["type"] in ("file", "directory"):
        return entry
    try:
        led = Path(entry["name"]).stat()
    except PermissionError as error:
        raise _denied(location, f"see what {entry['name']} leads to") from error
    except OSError:  # it leads nowhere, or in a circle
        return None
    if stat.S_ISDIR(led.st_mode):
        return {**entry, "type": "directory"}
    if not stat.S_ISREG(led.st_mode):  # a socket, say, from which nothing is to be read
        return None
    return {**entry, "type": "file", "size": led.st_size, "mtime": led.st_mtime}
