"""A store that has to ask somebody before it signs keeps nobody waiting but those who follow its links."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import httpx
import pytest

from daypass_links.server.links import slow as slow_stores

#: Keys that end so soon that the SDK asks for new ones before each signature.
SOON = timedelta(minutes=5)


class Gate(NamedTuple):
    """A program that can be made to wait."""

    shut: Callable[[], None]
    #: Whether the program waits.
    is_asked: Callable[[], bool]
    open: Callable[[], None]


@pytest.fixture
def gate(tmp_path, monkeypatch):
    """A profile whose program for credentials, when it is shut, says nothing until somebody opens the pipe that it reads."""
    pipe, shut, asked, keys = (tmp_path / name for name in ("pipe", "shut", "asked", "keys.json"))
    os.mkfifo(pipe)
    end = (datetime.now(UTC) + SOON).isoformat()
    said = {"Version": 1, "AccessKeyId": "AKSLOW", "SecretAccessKey": "made-up", "Expiration": end}
    keys.write_text(json.dumps({**said, "SessionToken": "token"}))
    program = tmp_path / "program"
    program.write_text(
        f"#!/bin/sh\ntest -e {shut} && touch {asked} && head -c 1 {pipe} > {tmp_path}/read\nexec cat {keys}\n"
    )
    program.chmod(0o700)
    config = tmp_path / "aws"
    config.write_text(f"[profile slow]\ncredential_process = {shlex.quote(str(program))}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))

    def open_it():
        shut.unlink()
        os.write(pipe_ends, b"!")

    pipe_ends = os.open(pipe, os.O_RDWR)  # which waits for nobody
    yield Gate(shut.touch, asked.exists, open_it)
    os.close(pipe_ends)


@pytest.fixture
def slow(serving, gate):
    """A service with a profile of such keys."""
    return serving(
        "[profiles.slow]\nurl = 's3://slow'\n"
        "storage_options = { profile = 'slow', client_kwargs = { region_name = 'eu-west-1' } }\n"
    )


def asked(server, gate, first, second):
    """Send two requests in one loop, the second when the first waits for the program, and return both answers."""

    async def send():
        transport = httpx.ASGITransport(server.app, client=("203.0.113.9", 4711))
        key = {"authorization": f"Bearer {server.key}", "user-agent": "reader/1"}
        async with httpx.AsyncClient(transport=transport, base_url=server_url, headers=key) as http:
            waiting = asyncio.create_task(http.request(*first[:2], **first[2]))
            while not (gate.is_asked() or waiting.done()):  # noqa: ASYNC110 - a program that says so with a file
                await asyncio.sleep(0.001)
            quick = await http.request(*second[:2], **second[2])
            assert not waiting.done()
            gate.open()
            return await waiting, quick

    server_url = "http://127.0.0.1:8321"
    return asyncio.run(send())


@pytest.mark.parametrize("limit", [None, 1])
def test_a_slow_signer_delays_no_other_link(slow, gate, limit):
    made, other = slow.link("daypass://slow/a.csv", max_uses=limit), slow.link(max_uses=limit)
    gate.shut()
    late, quick = asked(slow, gate, ("GET", made["url"], {}), ("GET", other["url"], {}))
    assert (late.status_code, quick.status_code) == (307, 307)
    assert late.headers["location"].startswith("https://slow.s3.eu-west-1.amazonaws.com/a.csv?")
    assert slow.events(made) == slow.events(other) == ["mint", "use"]


def test_a_slow_signer_of_a_new_link_delays_no_other(slow, gate):
    other = slow.link()
    gate.shut()
    new = ("POST", "/v1/links", {"json": {"path": "daypass://slow/a.csv", "methods": ["PUT"]}})
    late, quick = asked(slow, gate, new, ("GET", other["url"], {}))
    assert (late.status_code, quick.status_code) == (201, 307)


def test_a_link_that_is_revoked_while_it_is_signed_leads_nowhere(slow, gate):
    made = slow.link("daypass://slow/a.csv")
    gate.shut()
    revoke = ("DELETE", f"/v1/links/{made['link_id']}", {})
    late, revoked = asked(slow, gate, ("GET", made["url"], {}), revoke)
    assert (late.status_code, revoked.status_code) == (410, 200)
    assert slow.events(made) == ["mint", "revoke"]


def test_a_store_that_is_slow_no_more_is_signed_for_at_once_again(slow, gate, monkeypatch):
    made = slow.link("daypass://slow/a.csv")
    assert slow.use(made).status_code == 307
    monkeypatch.setattr(slow_stores, "_REMEMBERED", 0.0)
    assert slow.use(made).status_code == 307
