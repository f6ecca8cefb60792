"""What lies below a root: all of a folder, or what a pattern matches; read from the store and never from a cache."""

from __future__ import annotations

import re
from typing import Any

import attrs

from daypass.backends.filesystems import fs_path
from daypass.backends.generic import normalise
from daypass.base.messages import shown
from daypass.errors import InvalidPathError, InvalidRequestError, ObjectNotFoundError
from daypass.gate.doors import head_metadata
from daypass.gate.listing import listed, rehearse_listing
from daypass.model.metadata import ObjectMetadata
from daypass.model.paths import LOCAL, check_below
from daypass.model.requests import make_reading
from daypass.policy.decisions import Rehearsal
from daypass.store.root import Root

__all__ = ["check_either", "matching", "rehearsed", "within", "within_or_itself"]

#: What is special in a pattern.
_MAGIC = re.compile(r"[*?\[]")


def matching(root: Root, pattern: str) -> list[ObjectMetadata]:
    """Return the objects below a root whose keys a pattern matches, in the order of their keys.

    ``*`` and ``?`` match no slash, and ``**`` matches folders of any depth, as in fsspec's ``glob``.

    Raises:
        ObjectNotFoundError: if it matches none.
        DaypassError: if it cannot be, a policy refuses, or the store cannot be listed.

    """
    from fsspec.utils import glob_translate

    if not isinstance(pattern, str) or not pattern:
        msg = f"glob is a pattern of keys such as '2026/*.parquet', not {shown(pattern)}"
        raise InvalidPathError(msg, option="glob")
    if not {"*", "?"}.isdisjoint(root.location.bucket):
        msg = f"a pattern is of keys, and one stands in the bucket's name, {shown(root.location.bucket)}: name the bucket"
        raise InvalidPathError(msg, option="glob")
    folder = _folder_of(pattern)
    rest = pattern[len(folder) :]
    depth = None if "**" in rest else rest.count("/") + 1
    fits = re.compile(glob_translate(pattern))
    found = [one for key, one in _below(root, folder, depth).items() if fits.match(key)]
    if not found:
        msg = f"no object matches {root.at(pattern).path}: look with daypass ls at what is there"
        raise ObjectNotFoundError(msg)
    return found


def rehearsed(root: Root, path: str, *, pattern: bool) -> tuple[str, Rehearsal]:
    """Say whether the policies let a folder, or that of a pattern, be listed; nothing is asked of the store.

    Args:
        root: where it lies.
        path: the folder's key, or the pattern.
        pattern: whether it is a pattern.

    Returns:
        The path of the folder, and what they say.

    """
    folder = _folder_of(path) if pattern else path
    if folder and not folder.endswith("/"):
        folder += "/"
    place = root.at(folder, whole=True)
    return place.path, rehearse_listing(root.backend, place, caller=root.caller)


def _folder_of(pattern: str) -> str:
    """Return the folder that is listed for a pattern: up to the last slash before anything special."""
    special = _MAGIC.search(pattern)
    return pattern[: pattern.rfind("/", 0, special and special.start()) + 1]


def within(root: Root, folder: str, *, recursive: bool) -> list[ObjectMetadata]:
    """Return the objects in a folder below a root, in the order of their keys; all that lie below it, or those that lie in it.

    Where not all are wanted, a folder in it is one entry without a size, whose path ends in a slash.

    Raises:
        ObjectNotFoundError: if there are none.
        DaypassError: if a policy refuses, or the store cannot be listed.

    """
    if folder and not folder.endswith("/"):
        folder += "/"
    found = list(_below(root, folder, None if recursive else 1, folders=not recursive).values())
    if not found:
        place = root.at(folder, whole=True)
        hint = (
            "a folder is what keys have in front of a slash, and of one object daypass head tells"
            if place.key
            else "look whether it is spelled so, since a bucket that does not exist looks the same"
        )
        msg = f"there is no object in {place.path}: {hint}"
        raise ObjectNotFoundError(msg)
    return found


def within_or_itself(root: Root, key: str, *, recursive: bool) -> list[ObjectMetadata]:
    """Return the objects in a folder as `within` does, or, where there are none, the object of that name.

    Raises:
        ObjectNotFoundError: if there is neither.
        DaypassError: if a policy refuses, or the store cannot be asked.

    """
    try:
        return within(root, key, recursive=recursive)
    except ObjectNotFoundError:
        if not key or key.endswith("/"):
            raise
    reader, location = root.reading(key, make_reading({}))
    try:
        found = head_metadata(reader, location)
    except ObjectNotFoundError:
        msg = f"there is no object {location.path}, and none in a folder of that name: see what is there by listing the folder above"
        raise ObjectNotFoundError(msg) from None
    return [attrs.evolve(found, path=root.path_of(location), key=key)]


def _below(
    root: Root, folder: str, depth: int | None, *, folders: bool = False
) -> dict[str, ObjectMetadata]:
    """Return what the filesystem lists below a folder, by the key below the root."""
    # A whole path of this machine has no root that it could leave.
    if root.location.key or root.location.protocol not in LOCAL:
        check_below(folder, f"the store {root.location.path}")
    place = root.at(folder, whole=True)
    entries = listed(root.backend, place, depth, folders=folders, caller=root.caller)
    # Of local files the folder's, since their root is taken for where the process is; of all others the root's, since a
    # folder's loses its empty segments.
    is_local = place.protocol in LOCAL
    base = place if is_local else root.at("", whole=True)
    start = fs_path(base).rstrip("/")
    objects: dict[str, ObjectMetadata] = {}
    for info in entries:
        name: str = info["name"]
        is_folder = info.get("type") == "directory"
        if not name.startswith(start) or (is_folder and not folders):
            continue
        rest = name[len(start) :]
        at_folder = is_local and folder != ""
        key = f"{folder.rstrip('/')}{rest}" if at_folder else rest.removeprefix("/")
        key = f"{key.rstrip('/')}/" if is_folder else key
        # The folder itself, what it is kept as, and an object of its name, which some list.
        inside = key.startswith(folder) and key not in ("", "/", folder)
        if not inside or (key[-1] == "/") != is_folder:
            continue
        objects[key] = _entry(root, key, {} if is_folder else info)
    return dict(sorted(objects.items()))


def _entry(root: Root, key: str, info: dict[str, Any]) -> ObjectMetadata:
    """Return what a listing says of one key, by the path that leads to it."""
    location = root.at(key)
    return attrs.evolve(normalise(location, info), path=root.path_of(location), key=key)


def check_either(paths: object, glob: object) -> None:
    """Raise unless many paths are given in one way: as such, or as a pattern.

    Raises:
        InvalidPathError: if there are none.
        InvalidRequestError: if they are given twice.

    """
    if paths is None and glob is None:
        msg = "give the paths as an iterable of text, or glob= with a pattern such as '2026/*.parquet'"
        raise InvalidPathError(msg, option="path")
    if paths is not None and glob is not None:
        msg = "give the paths, or glob= with a pattern such as '2026/*.parquet', and not both"
        raise InvalidRequestError(msg, option="glob")
