"""What a redirect of the links service costs: ``python benchmarks/links.py``.

CPU per request in this process, as the process's own clock has it, so that a busy machine matters little: a real
Version 4 signature, a policy that is asked, and an event that is chained and committed by the writer's thread.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROUNDS, REQUESTS, REDIRECT = 5, 3_000, 307
CONFIG = """
[profiles.maps]
url = "s3://results"
storage_options = { key = "AKEXAMPLE", secret = "made-up", client_kwargs = { region_name = "eu-west-1" } }
[[roots]]
profile = "maps"
[[policy.rules]]
name = "maps"
paths = ["s3://results/**"]
methods = ["GET", "HEAD"]
callers = ["ann", "admin"]
"""
HEADERS = [
    (b"host", b"127.0.0.1:8321"),
    (b"user-agent", b"python-requests/2.32.3"),
    (b"accept-encoding", b"gzip, deflate"),
    (b"accept", b"*/*"),
    (b"connection", b"keep-alive"),
]


def _scope_of(path: str) -> dict[str, Any]:
    return {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": HEADERS,
        "scheme": "http",
        "client": ("127.0.0.1", 4711),
    }


async def _spent(app: Any, service: Any, scopes: list[dict[str, Any]]) -> float:
    """Return the CPU time of a request until its event is on the disk, in microseconds."""
    statuses = set()

    async def send(message: dict[str, Any]) -> None:
        statuses.add(message.get("status"))

    before = time.process_time()
    for scope in scopes:
        await app(scope, None, send)
    while service.events.waiting:  # noqa: ASYNC110 - its thread tells nobody
        await asyncio.sleep(0.002)
    spent = time.process_time() - before
    assert statuses == {REDIRECT, None}, statuses
    return spent / len(scopes) * 1e6


def main() -> None:
    """Measure, with a configuration and databases that go again."""
    with tempfile.TemporaryDirectory() as directory:
        (Path(directory) / "config.toml").write_text(CONFIG)
        os.environ["DAYPASS_CONFIG"] = str(Path(directory) / "config.toml")
        os.environ["XDG_CONFIG_HOME"] = directory
        os.environ["DAYPASS_SERVER__DATABASE"] = f"sqlite:///{directory}/links.db"
        _measure()


def _measure() -> None:
    import daypass
    from daypass_links.server import settings
    from daypass_links.server.app import application
    from daypass_links.server.database.engine import opened
    from daypass_links.server.links.mint import mint
    from daypass_links.server.principals.callers import Caller
    from daypass_links.server.run import prepared
    from daypass_links.server.service import Service

    said = settings.load()
    databases = opened(*said.server.databases)
    prepared(databases, int(time.time()))
    databases.close()
    service = Service.of(said)
    app = application(service)
    caller = Caller(principal="admin", groups=frozenset(), scopes=frozenset({"admin"}))
    kinds = {
        "one object": ({"path": "daypass://maps/a.csv"}, ""),
        "a key below a prefix": ({"path": "daypass://maps/x.zarr/", "prefix": True}, "c/0/{}"),
        "for an address": ({"path": "daypass://maps/a.csv", "ip_range": "127.0.0.0/8"}, ""),
    }
    store = daypass.Store("daypass://maps", caller="admin")
    alone = []
    for _ in range(ROUNDS):
        before = time.process_time()
        for _ in range(REQUESTS):
            store.create_signed_url("a.csv", method="GET", expires_in=60)
        alone.append((time.process_time() - before) / REQUESTS * 1e6)
    print(f"the signature alone: {statistics.median(alone):.1f} us CPU (best {min(alone):.1f})")
    for name, (asked, key) in kinds.items():
        _, url = mint(service, caller, asked)
        path = url.removeprefix(said.server.url)
        scopes = [_scope_of(path + key.format(number)) for number in range(REQUESTS)]
        found = [asyncio.run(_spent(app, service, scopes)) for _ in range(ROUNDS)]
        print(f"warm, {name}: {statistics.median(found):.1f} us CPU (best {min(found):.1f})")
    many = [mint(service, caller, {"path": f"daypass://maps/{n}"})[1] for n in range(300)]
    scopes = [_scope_of(url.removeprefix(said.server.url)) for url in many]
    found = []
    for _ in range(ROUNDS):
        service.links.forget(None)
        found.append(asyncio.run(_spent(app, service, scopes)))
    print(f"cold, one object: {statistics.median(found):.1f} us CPU (best {min(found):.1f})")
    service.close()


if __name__ == "__main__":
    sys.exit(main())
