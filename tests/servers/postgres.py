"""A real PostgreSQL for tests: on 127.0.0.1, on a free port, ended at the end."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
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


@attrs.define(eq=False)
class StoppingPostgres(PostgresServer):
    """A server that can be stopped, as a machine that fails does, and started again with what it has on its disk."""

    _data: Path
    _running: contextlib.ExitStack = attrs.field(factory=contextlib.ExitStack)

    def start(self) -> None:
        """Start it, and return when it takes connections."""
        self._running.enter_context(_running(self._data, self.port, ()))

    def stop(self) -> None:
        """Kill it."""
        self._running.close()

    @contextlib.contextmanager
    def silent(self) -> Iterator[None]:
        """Have it say nothing for as long as the block lasts: the kernel still takes what it is sent, and new connections too."""
        pids = [int(self._data.joinpath("postmaster.pid").read_text().split()[0])]
        os.kill(pids[0], signal.SIGSTOP)
        pids += map(int, Path(f"/proc/{pids[0]}/task/{pids[0]}/children").read_text().split())
        for pid in pids[1:]:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)


@contextlib.contextmanager
def stopping_postgres() -> Iterator[StoppingPostgres]:
    """Start a server that can be stopped, on a port of its own."""
    with _made() as data:
        found = StoppingPostgres(_free_port(), data)
        found.start()
        try:
            yield found
        finally:
            found.stop()


@contextlib.contextmanager
def _start(port: int, settings: tuple[str, ...]) -> Iterator[None]:
    with _made() as data, _running(data, port, settings):
        yield


@contextlib.contextmanager
def _made() -> Iterator[Path]:
    """Make the directory of a server."""
    with TemporaryDirectory(prefix="postgres-", ignore_cleanup_errors=True) as directory:
        data = Path(directory, "data")
        if os.geteuid() == 0:
            shutil.chown(directory, _USER, _USER)
        made = [*_as_user(), str(postgres_programs() / "initdb"), "-D", str(data), "-U", _USER]
        made += ["-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C"]
        done = subprocess.run(
            made, cwd=directory, capture_output=True, text=True, check=False, timeout=120
        )
        if done.returncode:
            raise RuntimeError(done.stderr)
        yield data


@contextlib.contextmanager
def _running(data: Path, port: int, settings: tuple[str, ...]) -> Iterator[None]:
    lines = ("listen_addresses=127.0.0.1", f"port={port}", "unix_socket_directories=")
    options = [word for line in (*lines, *settings) for word in ("-c", line)]
    command = [*_as_user(), str(postgres_programs() / "postgres"), "-D", str(data), *options]
    with (
        # It goes with the server, and the data stays.
        TemporaryDirectory(prefix="postgres-", ignore_cleanup_errors=True) as directory,
        serving(command, directory) as output,
    ):
        output.wait_for("database system is ready to accept connections")
        yield


def _as_user() -> list[str]:
    if os.geteuid() != 0:
        return []
    return ["setpriv", f"--reuid={_USER}", f"--regid={_USER}", "--clear-groups"]


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port
