"""Bring both databases to the newest schema, by alembic's migrations."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from daypass_links.server.database.engine import Databases

__all__ = ["is_current", "is_new", "upgrade"]

#: Of both databases alembic notes the version in a table of its own, since both may be one.
_VERSIONS = "version_{}"


def upgrade(databases: Databases) -> None:
    """Make what is not there yet, and change what is older; what is current stays as it is."""
    for name, engine in _both(databases):
        with engine.begin() as connection:
            if _revision(connection, name) != _newest(name):
                config = _config(name)
                config.attributes["connection"] = connection
                command.upgrade(config, "head")


def is_new(databases: Databases) -> bool:
    """Tell whether nothing is in the main database yet."""
    with databases.reading_main.connect() as connection:
        return _revision(connection, "main") is None


def is_current(databases: Databases) -> bool:
    """Tell whether both have the newest schema."""
    for name, engine in _both(databases):
        with engine.connect() as connection:
            if _revision(connection, name) != _newest(name):
                return False
    return True


def _both(databases: Databases) -> list[tuple[str, Engine]]:
    return [("main", databases.main), ("events", databases.events)]


def _config(name: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("version_locations", str(Path(__file__).parent / "migrations" / name))
    config.set_main_option("path_separator", "newline")
    config.attributes["version_table"] = _VERSIONS.format(name)
    return config


def _newest(name: str) -> str | None:
    return ScriptDirectory.from_config(_config(name)).get_current_head()


def _revision(connection: Connection, name: str) -> str | None:
    options = {"version_table": _VERSIONS.format(name)}
    return MigrationContext.configure(connection, opts=options).get_current_revision()
