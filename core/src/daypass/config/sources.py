"""Which files say how daypass is configured, and what they say: found, bounded, read as TOML."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import Any, Literal

import attrs

from daypass.errors import ConfigError

__all__ = ["ENVIRONMENT", "Source", "find", "of_others", "read", "user_file"]

#: What messages call the layer of environment variables.
ENVIRONMENT = "the environment"
#: The project's file, in the working directory or above it.
PROJECT_FILE = "daypass.toml"
#: The largest file that is read, in bytes.
LARGEST = 1_048_576
#: How deep tables and arrays may nest.
DEEPEST = 32
#: A key of more parts than that: Python's parser takes the square of their number in memory.
_LONG_KEY = rf"""(?<![\w.-])(?:(?:[\w-]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*){{{DEEPEST + 1}}}"""


@attrs.frozen
class Source:
    """One file of the configuration. Only a ``project``'s was found by itself, and is trusted less."""

    file: str
    kind: Literal["user", "project", "named"]
    values: dict[str, Any] = attrs.field(factory=dict, repr=False)

    @property
    def path(self) -> Path:
        """The file's path."""
        return Path(self.file)


def user_file() -> Path:
    """Return the path of the user's own file, whether it exists or not."""
    from platformdirs import user_config_path

    return user_config_path("daypass", appauthor=False) / "config.toml"


def find() -> list[Source]:
    """Find the files, in the order in which later ones win; none is read.

    The project's file is searched from the working directory upward. The search ends at the first
    file, at a directory that holds ``.git``, below the home directory, and at the root.
    """
    found = [Source(str(user_file()), "user")]
    named = os.environ.get("DAYPASS_CONFIG")
    project = _project_file()
    # A file that the user names is trusted, wherever it lies.
    if project is not None and not (named and _same(project, Path(named))):
        found.append(Source(str(project), "project"))
    if named:
        found.append(Source(str(Path(named).absolute()), "named"))
    return [
        source
        for source in found
        # What the user has, or names, and cannot be read is an error: it may hold a policy.
        if source.kind != "user" or _there(source.path, hidden=True)
    ]


def _project_file() -> Path | None:
    try:
        start = Path.cwd()
    except OSError:  # the directory has been removed
        return None
    try:
        home = Path.home()
    except RuntimeError:
        home = None
    for directory in (start, *start.parents):
        if directory == home and directory != start:
            break
        if _there(directory / PROJECT_FILE):
            return directory / PROJECT_FILE
        if _there(directory / ".git"):
            break
    return None


def of_others(source: Source) -> str | None:
    """Say why a project's file is somebody else's, so that it is not read; None where it is the user's own.

    Others must be able to write neither it nor its directory, where they could put another in its
    place. A group that is the user's own counts as the user; the administrator is trusted.
    """
    if source.kind != "project" or not hasattr(os, "geteuid"):
        return None
    try:
        named, file = source.path.lstat(), source.path.stat()
        directory = source.path.parent.stat()
    except OSError:
        return None  # told when it is read
    if not {named.st_uid, file.st_uid, directory.st_uid} <= {os.geteuid(), 0}:
        return "it, or its directory, belongs to another user"
    for what, found in (("it", file), ("its directory", directory)):
        writers = stat.S_IWOTH | (0 if found.st_gid == os.getegid() else stat.S_IWGRP)
        if found.st_mode & writers:
            return f"others can write to {what}"
    return None


def _there(path: Path, *, hidden: bool = False) -> bool:
    """Tell whether there is anything of this name; ``hidden`` is the answer where nobody may look."""
    try:
        path.lstat()
    except PermissionError:
        return hidden
    except (OSError, ValueError):
        return False
    return True


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def read(source: Source) -> Source:
    """Read one file.

    Raises:
        ConfigError: naming the file and what keeps it from being read; never a line of it.

    """
    import tomllib  # only where there is a file

    file = source.file
    try:
        if not stat.S_ISREG(source.path.stat().st_mode):
            msg = f"{file}: the configuration is not a regular file"
            raise ConfigError(msg, file=file)
        with source.path.open("rb") as opened:
            data = opened.read(LARGEST + 1)
    except OSError as error:
        msg = f"{file}: the configuration cannot be read: {error.strerror}"
        raise ConfigError(msg, file=file) from error
    if len(data) > LARGEST:
        msg = f"{file}: the configuration is larger than {LARGEST} bytes"
        raise ConfigError(msg, file=file)
    values: dict[str, Any] | None = None
    try:
        text = data.decode("utf-8-sig")
        if not re.search(_LONG_KEY, text):
            values = tomllib.loads(text)
    except UnicodeDecodeError as error:
        msg = f"{file}: the configuration is not UTF-8, from byte {error.start} on"
        raise ConfigError(msg, file=file) from None
    except (tomllib.TOMLDecodeError, ValueError) as error:
        # The cause would carry the whole text, secrets included.
        why = str(error) if isinstance(error, tomllib.TOMLDecodeError) else type(error).__name__
        msg = f"{file}: the configuration is not TOML: {why}"
        raise ConfigError(msg, file=file) from None
    except RecursionError:
        pass
    if values is None or _too_deep(values):
        msg = f"{file}: the configuration is nested more than {DEEPEST} tables deep"
        raise ConfigError(msg, file=file)
    return attrs.evolve(source, values=values)


def _too_deep(values: object) -> bool:
    """Tell whether tables are nested deeper than anybody means; without recursion."""
    level: list[Any] = [values]
    for _ in range(DEEPEST):
        level = [
            item
            for table in level
            for item in (table.values() if isinstance(table, dict) else table)
            if isinstance(item, (dict, list))
        ]
    return bool(level)
