"""What ``daypass demo`` goes on to where the service is installed: a link that is made, used, counted, taken back, refused."""

from __future__ import annotations

import http.client
import importlib.util
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from urllib.parse import urlsplit

from daypass.base.times import in_utc
from daypass.base.urls import mask_url
from daypass.demo.server import Server, ServerError
from daypass.demo.story import PATH, Step
from daypass.errors import DaypassError
from daypass_links.client import Client

__all__ = ["tell"]

#: Of the extra [server]; without them there is no service.
_NEEDED = ("granian", "litestar", "sqlalchemy")
#: How long the service may take to start and to end, and between two looks whether it has started, in seconds.
_START, _END, _POLL = 60.0, 10.0, 0.05
#: The command, which ends when whoever started it does, however that one ends.
_SERVE = """
import os, signal, sys, threading
def leave():
    while os.read(0, 1):  # sys.stdin has a lock, which those that are forked would wait for
        pass
    os.kill(os.getpid(), signal.SIGTERM)
threading.Thread(target=leave, daemon=True).start()
from daypass.cli import main
sys.argv = ["daypass", "serve", "--port", os.environ["DAYPASS_SERVER__PORT"]]
sys.exit(main())
"""


def tell(server: Server) -> Iterator[Step]:
    """Do the steps one by one against a service of their own, and yield each when it is done; none without the extra [server]."""
    if any(importlib.util.find_spec(name) is None for name in _NEEDED):
        return
    try:
        with _served(server) as client:
            yield from _story(client)
    except (DaypassError, ServerError, OSError, http.client.HTTPException) as error:
        said = f"{type(error).__name__}: {error}"
        yield Step("Links that can be taken back", good=False, lines=[said])


def _story(client: Client) -> Iterator[Step]:
    bucket, _, key = PATH.removeprefix("s3://").partition("/")
    link = client.create(f"daypass://{bucket}/{key}", expires_in="30d", max_uses=5)
    url = link.url or ""
    shown = [f"GET {mask_url(url)}", f"ends {in_utc(link.expires_at)}"]
    yield Step("Make a link that can be taken back", good=link.state == "alive", lines=shown)

    status, place = _ask(url)
    answer, _ = _ask(place) if place else (status, "")
    yield Step(
        "Use it: it leads to a URL that is signed now",
        good=(status, answer) == (HTTPStatus.TEMPORARY_REDIRECT, HTTPStatus.OK),
        lines=[
            f"answer: {_said(status)}, to {mask_url(place)}",
            f"answer of the store: {_said(answer)}",
        ],
        status=answer,
    )

    # Of a limited link both are on the disk before anybody is led on.
    uses = client.show(link.link_id).uses
    kinds = [event.kind for event in client.events(link.link_id)]
    lines = [f"uses: {uses} of {link.max_uses}", f"on record: {', '.join(kinds)}"]
    yield Step("Count its uses", good=(uses, kinds) == (1, ["mint", "use"]), lines=lines)

    revoked = client.revoke(link.link_id)
    state = client.show(link.link_id).state
    yield Step(
        "Take it back",
        good=(revoked, state) == (1, "revoked"),
        lines=[f"it is {state} from now on"],
    )

    status, _ = _ask(url)
    yield Step(
        "Refused: a link that was taken back",
        good=status == HTTPStatus.GONE,
        lines=[f"GET {mask_url(url)}", f"answer: {_said(status)}"],
        status=status,
    )


def _said(status: int) -> str:
    return f"{status} {HTTPStatus(status).phrase}"


def _ask(url: str) -> tuple[int, str]:
    """Ask for a URL on loopback, and return the status and where the answer leads."""
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.netloc, timeout=30)
    try:
        connection.request("GET", f"{place.path}?{place.query}" if place.query else place.path)
        answer = connection.getresponse()
        answer.read()
        return answer.status, answer.headers.get("location", "")
    finally:
        connection.close()


@contextmanager
def _served(server: Server) -> Iterator[Client]:
    """Run a service for the length of a ``with`` block, whose data go with the store's."""
    directory = server.directory / "links"
    directory.mkdir()
    port = _free_port()
    bucket = PATH.removeprefix("s3://").partition("/")[0]
    file = directory / "daypass.toml"
    file.write_text(f'[profiles.{bucket}]\nurl = "s3://{bucket}"\n')
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("DAYPASS_") or name == "DAYPASS_PLUGINS"
    }
    own = {
        "DAYPASS_CONFIG": str(file),
        f"DAYPASS_PROFILES__{bucket.upper()}__STORAGE_OPTIONS": json.dumps(server.storage_options),
        "DAYPASS_SERVER__DATABASE": f"sqlite:///{directory / 'links.db'}",
        "DAYPASS_SERVER__PORT": str(port),
        "PYTHONUNBUFFERED": "1",
    }
    with subprocess.Popen(  # noqa: S603 - this very Python, and a text of ours
        [sys.executable, "-P", "-c", _SERVE],
        env={**kept, **own},
        cwd=directory,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            client = Client(f"http://127.0.0.1:{port}", key=_first_key(process))
            _wait_for(client, process)
            yield client
        finally:
            assert process.stdin is not None  # noqa: S101 - it is a pipe
            process.stdin.close()
            try:
                process.wait(_END)
            except subprocess.TimeoutExpired:
                process.kill()


def _free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port: int = trial.getsockname()[1]
        return port


def _first_key(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    for line in process.stdout:
        if line.startswith("first key: "):
            return line.removeprefix("first key: ").strip()
    msg = "the links service did not start: daypass serve says why"
    raise ServerError(msg)


def _wait_for(client: Client, process: subprocess.Popen[str]) -> None:
    end = time.monotonic() + _START
    while True:
        try:
            client.list(limit=1)
        except DaypassError:
            if process.poll() is not None or time.monotonic() > end:
                raise
            time.sleep(_POLL)
        else:
            return
