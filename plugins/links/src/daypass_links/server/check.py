"""``daypass serve check``: everything that the service needs, tried without serving."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import attrs
from sqlalchemy.exc import SQLAlchemyError

import daypass
from daypass import config
from daypass.errors import AccessDeniedError, ConfigError, DaypassError
from daypass_links.server import settings
from daypass_links.server.database.engine import opened
from daypass_links.server.database.schema import is_current, is_new
from daypass_links.server.keyset import KeySet
from daypass_links.server.settings import Root, Settings

__all__ = ["Finding", "check"]

#: An object that nobody has: whether the store answers is all that is asked.
_NOBODYS = "daypass-serve-check"


@attrs.frozen
class Finding:
    """What was tried, and what is wrong with it; None where nothing is."""

    what: str
    wrong: str | None = None


def check() -> Iterator[Finding]:
    """Try the configuration, the databases, the keys, and whether the store of each root can be reached."""
    _, _, faults = config.check()
    if faults:
        yield from (Finding("configuration", str(fault)) for fault in faults)
        return
    try:
        told = settings.load()
    except DaypassError as error:
        yield Finding("configuration", str(error))
        return
    yield Finding("configuration")
    yield _tried("database", lambda: _database(told))
    yield _tried("keys", lambda: _keys(told))
    for root in told.roots:
        yield _tried(f"store of {root.path}", lambda root=root: _reach(root))  # type: ignore[misc]


def _tried(what: str, trial: Callable[[], None]) -> Finding:
    try:
        trial()
    except (DaypassError, SQLAlchemyError, OSError) as error:
        of_driver = isinstance(
            error, SQLAlchemyError
        )  # whose words may hold the database's password
        return Finding(what, type(error).__name__ if of_driver else str(error))
    return Finding(what)


def _database(told: Settings) -> None:
    if not told.server.is_there:
        return  # daypass serve makes it
    databases = opened(*told.server.databases)
    try:
        if not is_new(databases) and not is_current(databases):
            msg = "it is of another version of daypass-links: run daypass serve db upgrade"
            raise ConfigError(msg)
    finally:
        databases.close()


def _keys(told: Settings) -> None:
    if told.server.keys.exists():
        KeySet.read(told.server.keys)


def _reach(root: Root) -> None:
    try:
        daypass.Store(root.path).head_metadata(_NOBODYS, missing_ok=True)
    except AccessDeniedError:
        return  # it has answered; what the credential may, each root's links show
