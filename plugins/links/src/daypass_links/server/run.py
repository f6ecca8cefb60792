"""From the command to processes that serve: the database is made, the port is ours, and the first key is told once."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable

from daypass.errors import ConfigError, StoreError
from daypass_links.server import settings
from daypass_links.server.database.engine import Databases, opened
from daypass_links.server.database.schema import is_current, is_new, upgrade
from daypass_links.server.keyset import KeySet
from daypass_links.server.principals import keys
from daypass_links.wire import SCOPES

__all__ = ["prepared", "serve", "upgraded"]

#: Of whom the first key is.
_FIRST = "admin"


def serve(host: str | None, port: int | None, say: Callable[[str], None]) -> None:
    """Serve until the process is told to stop.

    Args:
        host: the address to listen on, in place of the configured one.
        port: the port, in place of the configured one.
        say: prints a line.

    Raises:
        ConfigError: if the configuration is wrong, or the database has another schema.
        StoreError: if the port is taken.

    """
    from granian import Granian
    from granian.constants import Interfaces

    # The processes read the configuration themselves.
    for name, value in (("HOST", host), ("PORT", port)):
        if value is not None:
            os.environ[f"DAYPASS_SERVER__{name}"] = str(value)
    server = settings.load().server
    check_port(server.host, server.port)
    KeySet.made(server.keys)  # or each process would make its own, and the last one stay
    databases = opened(*server.databases)
    try:
        key = prepared(databases, int(time.time()))
    finally:
        databases.close()
    if key is not None:
        say(f"first key: {key}")
    say(f"listening on {server.url}")
    Granian(
        "daypass_links.server.app:create",
        factory=True,
        address=server.host,
        port=server.port,
        interface=Interfaces.ASGI,
        workers=server.workers,
        websockets=False,
        log_enabled=False,
    ).serve()


def upgraded() -> None:
    """Bring the configured databases to the newest schema."""
    databases = opened(*settings.load().server.databases)
    try:
        upgrade(databases)
    finally:
        databases.close()


def prepared(databases: Databases, now: int) -> str | None:
    """Make the tables of a new database, and return its first key; None where there is one.

    Raises:
        ConfigError: if the database is of another version.

    """
    if not is_new(databases):
        if not is_current(databases):
            msg = "the database is of another version of daypass-links: run daypass serve db upgrade, after daypass serve backup"
            raise ConfigError(msg)
        return None
    upgrade(databases)
    with databases.main.begin() as connection:
        _, key = keys.create(connection, _FIRST, scopes=SCOPES, groups=(), now=now)
    return key


def check_port(host: str, port: int) -> None:
    """Raise where somebody listens already: the server would share the port with them, silently.

    Raises:
        StoreError: saying what to do.

    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OSError as error:
            msg = f"cannot listen on {host} port {port}: {error.strerror}: stop what does, or choose another with --port"
            raise StoreError(msg) from error
