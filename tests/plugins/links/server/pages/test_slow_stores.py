"""A store that does not answer keeps nobody waiting who asks it nothing."""

from __future__ import annotations

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from daypass_links.server.pages import looking
from tests.plugins.links.server.pages.conftest import started

#: More than the threads that there are here for all else.
MANY, THREADS = 6, 2


@pytest.fixture
def silent():
    """The address of what takes connections, and says nothing until somebody has it answer."""
    with socket.create_server(("127.0.0.1", 0), backlog=2 * MANY) as server:
        server.setblocking(False)
        yield server


#: What it says in the end.
MISSING = b"HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
FILE = {"name": "a.csv", "size": 1}


async def answer(reader, writer):
    await reader.readuntil(b"\r\n\r\n")
    writer.write(MISSING)
    writer.close()


@pytest.mark.parametrize(
    ("method", "place", "kind"),
    [
        ("GET", "/p/{}", {}),
        ("GET", "/l/{}/", {"prefix": True}),
        ("POST", "/p/{}/uploads", {"inbox": True}),
    ],
)
def test_who_waits_for_a_store_keeps_nobody_from_signing_in(
    tmp_path, silent, monkeypatch, method, place, kind
):
    monkeypatch.setattr(looking, "PATIENCE", 60.0)
    address = f"http://127.0.0.1:{silent.getsockname()[1]}"
    text = f"""
[profiles.slow]
url = "s3://slow"
storage_options = {{ key = "AKEXAMPLE", secret = "made-up", endpoint_url = "{address}" }}
"""

    async def asked(server, method, path):
        transport = httpx.ASGITransport(server.app, client=("203.0.113.9", 4711))
        async with httpx.AsyncClient(
            transport=transport, base_url="http://links.example"
        ) as client:
            body = {"json": FILE} if method == "POST" else {}
            return (await client.request(method, path, **body)).status_code

    async def all_asked(server, path):
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS))
        waiting = [asyncio.ensure_future(asked(server, method, path)) for _ in range(MANY)]
        # Until one is on its way.
        connection, _ = await asyncio.get_running_loop().sock_accept(silent)
        signing_in = asyncio.ensure_future(asked(server, "GET", "/auth/sign-in"))
        done, _ = await asyncio.wait([*waiting, signing_in], return_when="FIRST_COMPLETED")
        await asyncio.get_running_loop().sock_sendall(connection, MISSING)
        connection.close()
        async with await asyncio.start_server(answer, sock=silent):
            await asyncio.gather(*waiting)
        return [one.result() for one in done if one is signing_in]

    with started(tmp_path, text) as server:
        link = server.link("daypass://slow/a/" if kind else "daypass://slow/a.csv", **kind)
        token = link["url"].rstrip("/").rpartition("/")[2]
        assert asyncio.run(all_asked(server, place.format(token))) == [200]
