"""LocalStack, an emulator of S3 in Python, as a server for tests.

It installs itself with pip into an environment of its own, which git ignores, listens on the
loopback only and on a free port, and enforces what Swift's S3 does not have: the conditions of POST
policies, CORS, and more of multipart uploads. It recomputes the signatures of URLs with botocore, so
that it cannot show a mistake that botocore makes too, and never checks the signature of a POST form.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import urllib.request
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: Every package with its version; 4.13 is the last LocalStack whose S3 runs on Python 3.11.
_REQUIREMENTS = Path(__file__).with_name("localstack.txt")
#: One environment for each Python, since tests of several may share a directory.
_HOME = Path(__file__).parent / "python" / f"localstack-{sys.version_info[0]}.{sys.version_info[1]}"
#: As it was before the tests cleaned it: pip may need a proxy, and its own settings at home.
_ENVIRONMENT = dict(os.environ)
#: Its server takes the port of GATEWAY_LISTEN and listens on every address of the machine.
_PROGRAM = """
import functools
from twisted.internet import endpoints
endpoints.TCP4ServerEndpoint = functools.partial(endpoints.TCP4ServerEndpoint, interface="127.0.0.1")
from localstack.runtime.main import main
main()
"""
#: Seconds until a server that has not said that it is ready is given up.
_PATIENCE = 120


@dataclass(frozen=True)
class LocalStack:
    """A running server."""

    #: ``http://127.0.0.1:port``.
    endpoint: str
    #: Any access key is good; the secret is always this one.
    access_key: str = "test"
    secret: str = "test"
    region: str = "us-east-1"

    @property
    def storage_options(self) -> dict[str, Any]:
        """Options with which ``s3fs`` and daypass reach the server, and nothing beyond it."""
        return {
            "key": self.access_key,
            "secret": self.secret,
            "endpoint_url": self.endpoint,
            "client_kwargs": {"region_name": self.region},
            "config_kwargs": {"proxies": {}, "s3": {"addressing_style": "path"}},
        }

    def client(self) -> Any:
        """Return boto3's client, with which a test prepares and looks."""
        import boto3
        from botocore.config import Config

        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name=self.region,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret,
            config=Config(proxies={}, s3={"addressing_style": "path"}),
        )


def install() -> Path:
    """Return the Python of LocalStack's environment, which is made first where it is not there."""
    python = _HOME / "bin" / "python"
    _HOME.mkdir(parents=True, exist_ok=True)
    (_HOME.parent / ".gitignore").write_text("*\n")
    version = hashlib.sha256(_REQUIREMENTS.read_bytes()).hexdigest()
    with (_HOME.parent / f"{_HOME.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several test processes may start at once
        mark = _HOME / ".installed"
        if not mark.exists() or mark.read_text() != version:
            shutil.rmtree(_HOME)
            pip = ("-m", "pip", "install", "-q", "--disable-pip-version-check")
            for command in (
                [sys.executable, "-m", "venv", str(_HOME)],
                [str(python), *pip, "-r", str(_REQUIREMENTS)],
            ):
                subprocess.run(command, check=True, env=_ENVIRONMENT, timeout=900)
            mark.write_text(version)
    return python


@contextlib.contextmanager
def localstack() -> Iterator[LocalStack]:
    """Run a server with its S3 alone, for as long as the block lasts."""
    python = install()
    with tempfile.TemporaryDirectory(prefix="localstack-", ignore_cleanup_errors=True) as directory:
        for _ in range(3):  # somebody else may take the port before the server does
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                port = probe.getsockname()[1]
            with _server(python, port, directory) as server:
                output = _Output(server)
                if output.is_ready():
                    _check_health(port)
                    yield LocalStack(f"http://127.0.0.1:{port}")
                    return
    msg = f"LocalStack did not start: {output.last_lines()}"
    raise RuntimeError(msg)


@contextlib.contextmanager
def _server(python: Path, port: int, directory: str) -> Iterator[subprocess.Popen[str]]:
    own = {
        "PATH": os.environ.get("PATH", os.defpath),
        # All that it writes goes below the directory.
        **dict.fromkeys(("HOME", "TMPDIR"), directory),
        "SERVICES": "s3",
        "STRICT_SERVICE_LOADING": "1",
        "EAGER_SERVICE_LOADING": "1",
        "S3_SKIP_SIGNATURE_VALIDATION": "0",
        "GATEWAY_LISTEN": f"127.0.0.1:{port}",
        "LOCALSTACK_HOST": f"127.0.0.1:{port}",
        "USE_SSL": "0",
        # It asks nobody beyond this machine: no telemetry, no certificate, no names.
        "DISABLE_EVENTS": "1",
        "SKIP_SSL_CERT_DOWNLOAD": "1",
        "DNS_ADDRESS": "0",
    }
    server = subprocess.Popen(
        [str(python), "-c", _PROGRAM],
        cwd=directory,
        env=own,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield server
    finally:
        server.terminate()
        try:
            server.wait(timeout=30)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        if server.stdout is not None:
            server.stdout.close()


class _Output:
    """What a server says, read all the time so that its pipe never fills."""

    def __init__(self, server: subprocess.Popen[str]) -> None:
        self._server = server
        self._lines: deque[str] = deque(maxlen=20)
        self._told = threading.Event()
        self._ready = False
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        with contextlib.suppress(ValueError):  # closed while it is read
            for line in self._server.stdout or ():
                self._lines.append(line)
                if line.strip() == "Ready.":
                    self._ready = True
                    self._told.set()
        self._told.set()

    def is_ready(self) -> bool:
        """Wait for the server's own word that it listens; False where it ends without."""
        return self._told.wait(_PATIENCE) and self._ready

    def last_lines(self) -> str:
        return " ".join("".join(self._lines).split()) or "it said nothing"


def _check_health(port: int) -> None:
    """Raise unless S3 is there: LocalStack is ready, too, without the services it lacks."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"http://127.0.0.1:{port}/_localstack/health", timeout=30) as answer:
        health = answer.read()
    if b'"s3": "running"' not in health and b'"s3": "available"' not in health:
        msg = f"LocalStack runs without S3: {health!r}"
        raise RuntimeError(msg)
