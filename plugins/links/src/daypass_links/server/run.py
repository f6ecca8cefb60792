"""From the command to processes that serve: the database is made, the port is ours, and the first key is told once."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from contextlib import closing, suppress
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from tempfile import TemporaryDirectory
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from daypass.errors import ConfigError, StoreError
from daypass_links.server import settings, suspensions, traces
from daypass_links.server.database.engine import Databases, used
from daypass_links.server.database.schema import is_current, is_new, upgrade
from daypass_links.server.events.writer import Writer
from daypass_links.server.keyset import KeySet
from daypass_links.server.principals import codes, keys
from daypass_links.server.quotas import redis_counter
from daypass_links.wire import SCOPES

if TYPE_CHECKING:
    from granian.server import MPServer, MTServer

__all__ = ["lift", "listener", "prepared", "serve", "sign_in", "upgraded"]

#: How often it is asked whether the port answers, in seconds.
_LOOK = 0.02
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
        StoreError: if the port is taken, or the database cannot be used.

    """
    # The processes read the configuration themselves.
    for name, value in (("HOST", host), ("PORT", port)):
        if value is not None:
            os.environ[f"DAYPASS_SERVER__{name}"] = str(value)
    server = settings.load().server
    # What is not installed, or each process would fail by itself.
    if server.traces:
        traces.provider().shutdown()
    if server.redis is not None:
        redis_counter(server.redis).close()
    check_port(server.host, server.port)
    KeySet.made(server.keys)  # or each process would make its own, and the last one stay
    with used(*server.databases) as databases:
        key = prepared(databases, int(time.time()))
        if key is not None:
            say(f"first key: {key}")
            say(f"sign in: {_sign_in_link(server, databases)}")
    over = Event()
    telling = Thread(target=_tell_when_ready, args=(server, say, over), daemon=True)
    processes = listener("daypass_links.server.app:create", server)
    begin: Callable[..., None] = processes.startup

    def begun(*given: Any) -> None:
        """Have a thread only when the processes are forked: the lock of an import that it held then would be held in them for ever."""
        begin(*given)
        telling.start()

    processes.startup = begun  # type: ignore[method-assign]
    with TemporaryDirectory(prefix="daypass-links-", ignore_cleanup_errors=True) as shared:
        if server.workers > 1:
            os.environ[settings.SHARED] = shared
        try:
            processes.serve()
        finally:
            over.set()


def listener(factory: str, server: settings.Server) -> MPServer | MTServer:
    """Return who serves what a factory makes, named as ``module:function``, in as many processes as are configured."""
    from granian import Granian
    from granian.constants import Interfaces

    return Granian(
        factory,
        factory=True,
        address=server.host,
        port=server.port,
        interface=Interfaces.ASGI,
        workers=server.workers,
        websockets=False,
        log_enabled=False,
    )


def _tell_when_ready(server: settings.Server, say: Callable[[str], None], over: Event) -> None:
    """Print where the service listens as soon as it answers."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(server.host, server.host)  # noqa: S104 - to ask, not to bind
    while not over.wait(_LOOK):
        asked = HTTPConnection(host, server.port, timeout=5)
        with suppress(OSError, HTTPException), closing(asked):
            asked.request("GET", "/healthz")
            if asked.getresponse().status == HTTPStatus.OK:
                say(f"listening on {server.own_url}")
                if server.url != server.own_url:
                    say(f"links begin with {server.url}")
                return


def sign_in() -> str:
    """Make a link by which whoever has the first key signs in with a browser, once, and return it.

    Raises:
        ConfigError: if there is no database yet, or it is of another version.

    """
    server = settings.load().server
    msg = "there is no database to sign in to: run daypass serve, which makes one and prints a link"
    if not server.is_there:
        raise ConfigError(msg)
    with used(*server.databases) as databases:
        if is_new(databases):
            raise ConfigError(msg)
        _check_current(databases)
        return _sign_in_link(server, databases)


def _sign_in_link(server: settings.Server, databases: Databases) -> str:
    with databases.main.begin() as connection:
        code = codes.create(connection, _FIRST, int(time.time()))
    return f"{server.url}/auth/once/{code}"


def lift(kind: str, name: str) -> bool:
    """Lift the suspension of a link or of a caller, and tell whether there was one. It is on record when this returns.

    Args:
        kind: `daypass_links.server.suspensions.LINK` or ``CALLER``.
        name: the link's ID or the caller's name.

    Raises:
        ConfigError: if there is no database, or it is of another version.

    """
    server = settings.load().server
    if not server.is_there:
        msg = "there is no database with anybody suspended in it: name the configuration of the service in DAYPASS_CONFIG"
        raise ConfigError(msg)
    with used(*server.databases) as databases:
        _check_current(databases)
        with databases.main.begin() as connection:
            lifted = suspensions.lift(connection, kind, name)
        if lifted:
            what = {"link_id": name} if kind == suspensions.LINK else {"of": name}
            events = Writer(databases.events)
            try:
                events.durable("lift", **what).result()
            finally:
                events.close()
        return lifted


def upgraded() -> None:
    """Bring the configured databases to the newest schema."""
    with used(*settings.load().server.databases) as databases:
        upgrade(databases)


def prepared(databases: Databases, now: int) -> str | None:
    """Make the tables of a new database, and return its first key; None where there is one.

    Raises:
        ConfigError: if the database is of another version.

    """
    if not is_new(databases):
        _check_current(databases)
        return None
    upgrade(databases)
    with databases.main.begin() as connection:
        _, key = keys.create(connection, _FIRST, scopes=SCOPES, groups=(), now=now)
    return key


def _check_current(databases: Databases) -> None:
    if not is_current(databases):
        msg = "the database is of another version of daypass-links: run daypass serve db upgrade, after daypass serve backup"
        raise ConfigError(msg)


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
