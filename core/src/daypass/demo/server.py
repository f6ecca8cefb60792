"""A real, strict S3 server for demos and tests: OpenStack Swift with its S3 API, on loopback.

::

    from daypass.demo.server import make_bucket, swift

    with swift() as server:
        make_bucket(server, "demo")
        daypass.create_signed_url("s3://demo/key", storage_options=server.storage_options)

It checks signatures by a verifier of its own (SigV4 and SigV2 in the query), dates, headers and
bodies. One child process holds all of it, listens on 127.0.0.1 on a free port, keeps its data in a
temporary directory, and dies with the process that started it, however that one ends.
"""

from __future__ import annotations

import http.client
import importlib.util
import json
import os
import re
import selectors
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import attrs

__all__ = ["Server", "ServerError", "ServerMissingError", "make_bucket", "swift"]

#: What to do where Swift or the S3 backend is not installed: one command for both.
MISSING = "the demo needs OpenStack Swift and the S3 backend: pip install 'daypass[demo]'"
#: Between two looks at whether the server is ready, in seconds.
_POLL = 0.02


class ServerError(RuntimeError):
    """The server did not start; the message says why in one sentence."""


class ServerMissingError(ServerError):
    """OpenStack Swift is not installed."""


@attrs.frozen
class Server:
    """A running server, and all that a client needs to know of it."""

    #: ``http://127.0.0.1:port``.
    endpoint: str
    #: Account and user, such as ``test:tester``: it holds a colon.
    access_key: str
    #: The secret key.
    secret: str = attrs.field(repr=False)
    #: The only region whose signatures it accepts.
    region: str
    #: Below this name (and the endpoint's port) buckets are hosts: ``bucket.localhost:port``.
    domain: str
    #: The process that serves.
    pid: int
    #: Where it keeps its data until it ends.
    directory: Path

    @property
    def storage_options(self) -> dict[str, Any]:
        """Options with which ``s3fs`` and daypass reach the server, and nothing beyond it.

        The credentials are explicit, so that no SDK asks a metadata service for others, and there
        is no proxy on the way to loopback.
        """
        return {
            "key": self.access_key,
            "secret": self.secret,
            "endpoint_url": self.endpoint,
            "client_kwargs": {"region_name": self.region},
            "config_kwargs": {"proxies": {}, "s3": {"addressing_style": "path"}},
        }


@contextmanager
def swift(
    *,
    access_key: str = "test:tester",
    secret: str = "testing",  # noqa: S107 - a made-up secret of a server that only loopback reaches
    region: str = "us-east-1",
    domain: str = "localhost",
    versioning: bool = True,
    start_timeout: float = 30.0,
) -> Iterator[Server]:
    """Run OpenStack Swift with its S3 API for the length of a ``with`` block.

    Args:
        access_key: ``account:user``, one colon.
        secret: the secret key, printable ASCII without spaces and percent signs.
        region: the only region whose signatures it accepts.
        domain: the name below which buckets are virtual hosts.
        versioning: let clients switch on versioning for a bucket.
        start_timeout: seconds until it must be ready; it usually takes one.

    Raises:
        ServerMissingError: if Swift is not installed.
        ServerError: if it does not start, or the temporary directory cannot hold its data.
        ValueError: for an access key or secret that Swift could not be told.

    """
    account, colon, user = access_key.partition(":")
    if not (account and colon and user) or ":" in user:
        msg = "access_key must be account:user, with one colon"
        raise ValueError(msg)
    if not re.fullmatch("[!-$&-~]+", secret):
        msg = "secret must be printable ASCII without spaces and percent signs"
        raise ValueError(msg)
    if importlib.util.find_spec("swift") is None:
        raise ServerMissingError(MISSING)
    with tempfile.TemporaryDirectory(prefix="daypass-", ignore_cleanup_errors=True) as name:
        directory = Path(name).resolve()
        _check_attributes(directory)
        settings = {
            "directory": str(directory),
            "account": account,
            "user": user,
            "secret": secret,
            "region": region,
            "domain": domain,
            "versioning": versioning,
        }
        with _child(settings, directory / "log", time.monotonic() + start_timeout) as (pid, port):
            yield Server(
                f"http://127.0.0.1:{port}", access_key, secret, region, domain, pid, directory
            )


def make_bucket(server: Server, name: str) -> None:
    """Create a bucket, with ``s3fs``.

    Raises:
        OSError: as ``s3fs`` raises it, such as FileExistsError for a bucket that exists.
        ServerError: if the server cannot be reached.

    """
    import fsspec

    fs = fsspec.filesystem("s3", **server.storage_options, skip_instance_cache=True)
    try:
        fs.mkdir(name)
    except OSError:
        raise
    except Exception as error:  # the SDK's own kinds
        msg = f"{server.endpoint} could not create the bucket {name}: {type(error).__name__}"
        raise ServerError(msg) from error


def _check_attributes(directory: Path) -> None:
    """Raise where files cannot have extended attributes, in which Swift keeps all metadata."""
    if not hasattr(os, "setxattr"):
        return  # not Linux: Swift has its own way, and its own error
    try:
        os.setxattr(directory, "user.daypass", b"1")
    except OSError as error:
        msg = (
            f"files below {directory.parent} cannot have extended attributes ({error.strerror}), "
            "which Swift needs: set TMPDIR to a directory on ext4, xfs or btrfs"
        )
        raise ServerError(msg) from error


@contextmanager
def _child(settings: dict[str, Any], log: Path, deadline: float) -> Iterator[tuple[int, int]]:
    """Run the server as a child; yield its process id and its port once it is ready."""
    with (
        log.open("wb") as errors,
        subprocess.Popen(
            # -P: a directory named swift where the user stands is not the package.
            [sys.executable, "-P", "-m", "daypass.demo.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            # A Ctrl-C in the terminal is for the parent, which ends the child in good order.
            process_group=0,
        ) as process,
    ):
        try:
            port = _start(process, settings, deadline)
            if port is None or not _is_ready(process, port, deadline):
                msg = f"OpenStack Swift did not start: {_last_line(log)}"
                raise ServerError(msg)
            yield process.pid, port
        finally:
            _end(process)


def _start(
    process: subprocess.Popen[bytes], settings: dict[str, Any], deadline: float
) -> int | None:
    """Hand over the settings and wait for the port; None where the child ends or says nothing."""
    assert process.stdin is not None  # noqa: S101 - both are pipes
    assert process.stdout is not None  # noqa: S101
    try:
        # By a pipe and not by arguments, which every user of the machine can read. The pipe stays
        # open: its end is what tells the child that this process is gone.
        process.stdin.write(json.dumps(settings).encode() + b"\n")
        process.stdin.flush()
    except BrokenPipeError:
        return None
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        if not selector.select(max(0.0, deadline - time.monotonic())):
            return None
    line = process.stdout.readline()
    return int(line) if line else None


def _is_ready(process: subprocess.Popen[bytes], port: int, deadline: float) -> bool:
    while process.poll() is None and time.monotonic() < deadline:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        try:
            connection.request("GET", "/healthcheck")
            if connection.getresponse().status == http.client.OK:
                return True
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()
        time.sleep(_POLL)
    return False


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the child: it goes when its stdin ends, and is killed where it does not."""
    if process.stdin is not None:
        with suppress(BrokenPipeError):  # what was still to be said finds nobody
            process.stdin.close()
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
