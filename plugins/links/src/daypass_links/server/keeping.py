"""Copies of the databases, made while the service runs, and put back where there is none."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import make_url

from daypass.errors import ConfigError, InvalidRequestError
from daypass_links.server.settings import Server

__all__ = ["back_up", "restore"]

#: What a copy consists of, by its name there.
_MAIN, _EVENTS, _KEYS = "links.db", "events.db", "server.key"


def back_up(server: Server, directory: Path) -> list[Path]:
    """Copy both databases and the server's keys into a new directory that its owner alone may read; return the files.

    Each database is as it was at one moment; the events a moment later, so that they tell of every link in the copy.

    Raises:
        ConfigError: if the databases are none of SQLite, or not there.
        InvalidRequestError: if the directory is there already.

    """
    files = _files(server)
    for file in files.values():
        if not file.exists():
            msg = f"there is nothing to copy: {file} is not there"
            raise ConfigError(msg, file=str(file))
    try:
        directory.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        msg = f"{directory} is there already: name a new directory, so that no copy is written over"
        raise InvalidRequestError(msg, option="directory") from None
    for name in (_MAIN, _EVENTS):
        _copy(files[name], directory / name)
    _copy_keys(files[_KEYS], directory / _KEYS)
    return [directory / name for name in files]


def restore(server: Server, directory: Path) -> list[Path]:
    """Put a copy where the configuration says that the databases are, and return the files.

    Raises:
        ConfigError: if the databases are none of SQLite, or one is there already.
        InvalidRequestError: if the directory holds no copy.

    """
    files = _files(server)
    for name, file in files.items():
        if file.exists():
            msg = f"{file} is there already: stop the service and move it away, so that nothing is written over"
            raise ConfigError(msg, file=str(file))
        if not (directory / name).is_file():
            msg = (
                f"{directory} holds no {name}: name a directory that daypass serve backup has made"
            )
            raise InvalidRequestError(msg, option="directory")
    for name in (_MAIN, _EVENTS):
        files[name].parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _copy(directory / name, files[name])
    _copy_keys(directory / _KEYS, files[_KEYS])
    return [*files.values()]


def _files(server: Server) -> dict[str, Path]:
    found = {}
    for name, text in zip((_MAIN, _EVENTS), server.databases, strict=True):
        url = make_url(text)
        if url.get_backend_name() != "sqlite" or not url.database:
            msg = "backup and restore are for SQLite: of PostgreSQL, pg_dump and pg_restore make and read copies"
            raise ConfigError(msg)
        found[name] = Path(url.database)
    return {**found, _KEYS: server.keys}


def _copy(source: Path, target: Path) -> None:
    """Copy a database that others may be writing."""
    target.touch(mode=0o600, exist_ok=False)
    with closing(sqlite3.connect(source)) as read, closing(sqlite3.connect(target)) as written:
        read.backup(written)


def _copy_keys(source: Path, target: Path) -> None:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    target.touch(mode=0o600, exist_ok=False)
    shutil.copyfile(source, target)
