"""One server of each kind for a whole run, started when a test first asks for it.

The pytest that was started owns them: with xdist that is the controller, which runs no test and
outlives its workers, those that crash too. A worker asks it over the loopback, so that nobody counts
who still needs a server. When the owner ends, however it ends, the servers do.
"""

from __future__ import annotations

import importlib
import pickle
import socket
import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import attrs
import pytest

#: Where each kind is started, and how. No text may show Swift's secret.
KINDS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "swift": ("daypass.demo.server", "swift", {"secret": "opensesame-7f3a"}),
    "nanio": ("tests.servers.small_stores", "nanio", {}),
    "ministack": ("tests.servers.small_stores", "ministack", {}),
    "ministack-iam": ("tests.servers.small_stores", "ministack", {"holds_policies": True}),
    "localstack": ("tests.servers.localstack", "localstack", {}),
    "azurite": ("tests.servers.azurite", "azurite", {}),
    "postgres": ("tests.servers.postgres", "postgres", {}),
    "openid": ("tests.servers.openid", "openid", {}),
    "azurite-https": ("tests.servers.azurite", "azurite", {"https": True}),
}
#: Seconds until a worker no longer waits for a server that another one has asked for, too.
_PATIENCE = 300


@attrs.frozen
class _Failure:
    reason: str


class _Owner:
    """The servers of this run."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._starting = {kind: threading.Lock() for kind in KINDS}
        self._running: dict[str, object] = {}
        self._port: int | None = None

    def listen(self) -> int:
        """Answer workers from now on; return the port."""
        if self._port is None:
            from socketserver import StreamRequestHandler, ThreadingTCPServer

            owner = self

            class Handler(StreamRequestHandler):
                def handle(self) -> None:
                    kind = self.rfile.readline().decode().strip()
                    self.wfile.write(pickle.dumps(owner.answer(kind)))

            class Listener(ThreadingTCPServer):
                daemon_threads = True

            listener = self._stack.enter_context(Listener(("127.0.0.1", 0), Handler))
            threading.Thread(target=listener.serve_forever, args=(0.1,), daemon=True).start()
            self._stack.callback(listener.shutdown)
            self._port = listener.server_address[1]
        return self._port

    def answer(self, kind: str) -> object:
        """Return a running server, or a failure that says why there is none."""
        with self._starting[kind]:
            try:
                if kind not in self._running:
                    module, name, options = KINDS[kind]
                    start = getattr(importlib.import_module(module), name)
                    self._running[kind] = self._stack.enter_context(start(**options))
            except Exception as error:  # noqa: BLE001 - the tests that need the server tell it
                return _Failure(str(error))
            return self._running[kind]

    def close(self) -> None:
        """End all that was started."""
        self._stack.close()


def _ask(port: int, kind: str) -> object:
    with (
        socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE) as connection,
        connection.makefile("rwb") as file,
    ):
        file.write(f"{kind}\n".encode())
        file.flush()
        return pickle.load(file)


_OWNER = pytest.StashKey[_Owner]()


def pytest_configure(config: pytest.Config) -> None:
    """Let every process but xdist's workers own servers."""
    if not hasattr(config, "workerinput"):
        config.stash[_OWNER] = _Owner()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker whom to ask."""
    node.workerinput["servers"] = node.config.stash[_OWNER].listen()


def pytest_unconfigure(config: pytest.Config) -> None:
    """End what the run has started."""
    if owner := config.stash.get(_OWNER, None):
        owner.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that need a server, so that a run may leave them out."""
    for item in items:
        if "servers" in getattr(item, "fixturenames", ()):
            item.add_marker("servers")


@pytest.fixture(scope="session")
def servers(pytestconfig: pytest.Config) -> Callable[[str], Any]:
    """Return a running server by its kind: swift, nanio, ministack, localstack, azurite, azurite-https or postgres."""

    def get(kind: str) -> Any:
        if owner := pytestconfig.stash.get(_OWNER, None):
            found = owner.answer(kind)
        else:
            found = _ask(pytestconfig.workerinput["servers"], kind)  # type: ignore[attr-defined]
        if isinstance(found, _Failure):
            pytest.fail(found.reason, pytrace=False)
        return found

    return get
