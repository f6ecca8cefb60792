"""``daypass ls``: what lies in a folder, or matches a pattern."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from daypass.base.sizes import size
from daypass.cli import exits, options
from daypass.cli.completing import complete_path
from daypass.cli.output import json_option, on_terminal, say, say_json, say_table, warn
from daypass.model.metadata import ObjectMetadata
from daypass.model.paths import is_pattern
from daypass.store.listing import matching, within, within_or_itself
from daypass.store.prepared import root_for
from daypass.store.root import Root

__all__ = ["found"]

#: What is told of each.
_TOLD = ("path", "size", "etag", "last_modified", "storage_class")


def _ls(path: str, *, as_json: bool, recursive: bool, **values: Any) -> int:
    """List what lies in a folder, or the object that PATH is, read from the store with your own credentials.

    A PATH with a * is a pattern: * and ? match no slash, ** matches folders of any depth. On a terminal each line has
    the size, the last change and the path; otherwise the path alone, as daypass sign --from - takes it,
    or with --json an object. A folder ends in a slash.
    """
    entries = found(path, recursive=recursive, in_folder=within_or_itself, **values)
    if on_terminal() and not as_json:
        say_table(["size", "last changed (UTC)", "path"], map(_row, entries))
        return 0
    if as_json:
        for entry in entries:
            told = entry.to_dict()
            say_json({name: told[name] for name in _TOLD})
        return 0
    # Who reads lines would take the rest of such a path for another, which whoever named the object has chosen.
    paths = [entry.path for entry in entries]
    lines = [path for path in paths if "\n" not in path and not path.endswith("\r")]
    for line in lines:
        say(line)
    if left := len(paths) - len(lines):
        which = "1 path with a line break in it" if left == 1 else f"{left} paths with a line break in them"  # fmt: skip
        warn(f"{which} left out: --json tells all")
        return exits.FAILED
    return 0


def found(
    path: str,
    *,
    recursive: bool,
    no_glob: bool = False,
    in_folder: Callable[..., list[ObjectMetadata]] = within,
    **place: Any,
) -> list[ObjectMetadata]:
    """Return what a path of the command leads to: all that a pattern matches, or what a folder holds.

    Raises:
        ObjectNotFoundError: if that is nothing.
        DaypassError: another of the tree in `daypass.errors`.

    """
    store, key = _placed(path, **place)
    if is_pattern(key) and not no_glob:
        return matching(store, key)
    return in_folder(store, key, recursive=recursive)


def _placed(path: str, *, root: str | None, caller: str | None, **place: Any) -> tuple[Root, str]:
    if root is not None:
        return Root.of(root, caller=caller, **place), path
    return root_for(path, fs=None, caller=caller, **place)


def _row(entry: ObjectMetadata) -> list[str]:
    changed = "" if entry.last_modified is None else f"{entry.last_modified:%Y-%m-%d %H:%M:%S}"
    return ["" if entry.size is None else size(entry.size), changed, entry.path]


command = click.Command(
    "ls",
    callback=_ls,
    help=_ls.__doc__,
    epilog=exits.EPILOG,
    params=[
        click.Argument(["path"], shell_complete=complete_path),
        options.ROOT,
        click.Option(
            ["--recursive", "-r"], is_flag=True, help="List what lies in folders below, too."
        ),
        options.NO_GLOB,
        options.STORAGE,
        options.CALLER,
        json_option,
    ],
)
