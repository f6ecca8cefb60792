"""``daypass serve`` as a process, on a database of its own and with the configuration of a test."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

import attrs

import daypass_links
from tests.servers.process import Output, serving

#: The command beside the Python that runs the tests.
DAYPASS = str(Path(sys.executable).with_name("daypass"))


@attrs.frozen
class Service:
    """A running service."""

    #: ``http://127.0.0.1:port``.
    address: str
    #: The first API key, which may do anything.
    key: str = attrs.field(repr=False)
    #: What signs a browser in, once.
    sign_in: str = attrs.field(repr=False)
    #: What it says, logs among it.
    output: Output = attrs.field(repr=False)

    @property
    def signer_options(self) -> dict[str, str]:
        """What the signer ``links`` is told."""
        return {"server": self.address, "key": self.key}

    @property
    def client(self) -> daypass_links.Client:
        """Its API."""
        return daypass_links.Client(self.address, key=self.key)


@contextlib.contextmanager
def links_service(configuration: str, env: Mapping[str, str] | None = None) -> Iterator[Service]:
    """Run a service for as long as the block lasts.

    Args:
        configuration: its file, as TOML.
        env: further variables, such as credentials of a profile.

    """
    with tempfile.TemporaryDirectory(prefix="links-", ignore_cleanup_errors=True) as directory:
        file = Path(directory, "daypass.toml")
        file.write_text(configuration)
        own = {"DAYPASS_CONFIG": str(file), "XDG_DATA_HOME": directory}
        env = {**os.environ, **own, **(env or {})}
        with served(env, Path(directory)) as (output, address):
            key = output.wait_for("first key: ").removeprefix("first key: ")
            link = output.wait_for("sign in: ").removeprefix("sign in: ")
            assert ready(output, address) == 200
            yield Service(address, key, link, output)


@contextlib.contextmanager
def served(env: Mapping[str, str], directory: Path, *words: str) -> Iterator[tuple[Output, str]]:
    """Run ``daypass serve`` in a directory that goes with it; give what it says, and its address."""
    port = free_port()
    directory.mkdir(exist_ok=True)
    with serving([DAYPASS, "serve", "--port", str(port), *words], str(directory), env) as output:
        yield output, f"http://127.0.0.1:{port}"


def ready(output: Output, address: str) -> int:
    """Wait until the service says where it listens, and return what it answers by then."""
    output.wait_for("listening on")
    with urllib.request.urlopen(f"{address}/readyz", timeout=30) as answer:
        status: int = answer.status
        return status


def free_port() -> int:
    """Return a port of loopback where nobody listens."""
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port: int = trial.getsockname()[1]
        return port
