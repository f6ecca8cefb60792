"""A real PostgreSQL for tests: on 127.0.0.1, on a free port, ended at the end."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import attrs

from tests.servers.install import postgres_programs
from tests.servers.process import ServerEndedError, serving

#: What Debian's package makes; the server refuses to run as root.
_USER = "postgres"


@attrs.frozen
class PostgresServer:
    port: int

    def database(self) -> str:
        """Make an empty database of its own; return SQLAlchemy's URL of it."""
        name = f"d{uuid4().hex[:12]}"
        import psycopg

        with psycopg.connect(self._address("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return f"postgresql+psycopg://{_USER}@127.0.0.1:{self.port}/{name}"

    def _address(self, database: str) -> str:
        return f"host=127.0.0.1 port={self.port} user={_USER} dbname={database}"


@contextlib.contextmanager
def postgres(*settings: str) -> Iterator[PostgresServer]:
    """Start a server with further settings, such as ``max_connections=20``."""
    with contextlib.ExitStack() as stack:
        for attempt in range(5):
            port = _free_port()
            try:
                stack.enter_context(_start(port, settings))
                break
            except ServerEndedError:  # another process may have taken the port
                if attempt == 4:
                    raise
        yield PostgresServer(port)


@contextlib.contextmanager
def _start(port: int, settings: tuple[str, ...]) -> Iterator[None]:
    programs = postgres_programs()
    with TemporaryDirectory(prefix="postgres-", ignore_cleanup_errors=True) as directory:
        data = Path(directory, "data")
        as_user = []
        if os.geteuid() == 0:
            shutil.chown(directory, _USER, _USER)
            as_user = ["setpriv", f"--reuid={_USER}", f"--regid={_USER}", "--clear-groups"]
        made = [*as_user, str(programs / "initdb"), "-D", str(data), "-U", _USER, "-A", "trust"]
        made += ["--no-sync", "-E", "UTF8", "--locale=C"]
        done = subprocess.run(
            made, cwd=directory, capture_output=True, text=True, check=False, timeout=120
        )
        if done.returncode:
            raise RuntimeError(done.stderr)
        lines = ("listen_addresses=127.0.0.1", f"port={port}", "unix_socket_directories=")
        options = [word for line in (*lines, *settings) for word in ("-c", line)]
        command = [*as_user, str(programs / "postgres"), "-D", str(data), *options]
        with serving(command, directory) as output:
            output.wait_for("database system is ready to accept connections")
            yield


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port
