"""``daypass serve`` as a process, on a database of its own and with the configuration of a test."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import tempfile
import urllib.error
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
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port = trial.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="links-", ignore_cleanup_errors=True) as directory:
        file = Path(directory, "daypass.toml")
        file.write_text(configuration)
        own = {"DAYPASS_CONFIG": str(file), "XDG_DATA_HOME": directory}
        command = [DAYPASS, "serve", "--port", str(port)]
        with serving(command, directory, {**os.environ, **own, **(env or {})}) as output:
            key = output.wait_for("first key: ").removeprefix("first key: ")
            service = Service(f"http://127.0.0.1:{port}", key)
            wait_until_ready(output, service.address)
            yield service


def wait_until_ready(output: Output, address: str) -> None:
    """Wait until somebody answers: a service says where it listens a moment before its processes do."""
    output.wait_for("listening on")
    while True:
        try:
            with urllib.request.urlopen(f"{address}/readyz", timeout=10):
                return
        except urllib.error.URLError as error:
            if not isinstance(error.reason, ConnectionRefusedError):
                raise
