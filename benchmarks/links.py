"""What the links service costs, each with its mark: ``python benchmarks/links.py``, or with names of parts.

Needs ``wrk`` and PostgreSQL beside the package with its extra ``server`` (Debian: ``apt-get install wrk postgresql``), and
the repository, whose tests start PostgreSQL. What is CPU time is that of the process itself, so that a busy machine matters
less, and rounds take turns: what the machine does otherwise falls on all of them. Requests a second are those of one worker
on the machine as it is, beside a plain ASGI function on the same server.

* ``warm``: a redirect with a real Version 4 signature, a policy that is asked, and an event that is chained and committed.
* ``http``: the same by HTTP.
* ``cold``: the first use of a link in a process, on SQLite and on PostgreSQL.
* ``mint``: links made by HTTP with an API key, on record before they are told.
* ``memory``: a process that has 100,000 links at hand.
* ``pages``: pages for people, with all that a store is asked for them; the time of the store, and of the fork that reads Parquet, is
  not in them.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path
from typing import Any

# A script's own directory comes first, and files beside this one have the names of SDKs' packages.
sys.path[0] = str(Path(__file__).parents[1])

ROUNDS, REQUESTS, COLD, MANY, REDIRECT = 9, 2_000, 300, 100_000, 307
SECONDS, CONNECTIONS = 4, 32
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
HELLO = """
def create():
    async def hello(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
        await send({"type": "http.response.body", "body": b"hello"})
    return hello
"""
SERVE = """
import sys
from daypass_links.server.run import listener
from daypass_links.server.settings import Server
listener(sys.argv[1], Server(port=int(sys.argv[2]))).serve()
"""
HEADERS = [
    (b"host", b"127.0.0.1:8321"),
    (b"user-agent", b"python-requests/2.32.3"),
    (b"accept-encoding", b"gzip, deflate"),
    (b"accept", b"*/*"),
    (b"connection", b"keep-alive"),
]


def told(what: str, found: list[float], unit: str, mark: str = "", *, digits: int = 1) -> None:
    """Print the median of some rounds, and the best of them."""
    best = max(found) if "/s" in unit else min(found)
    beside = f"  [{mark}]" if mark else ""
    median = statistics.median(found)
    print(f"{what}: {median:,.{digits}f} {unit} (best {best:,.{digits}f}){beside}", flush=True)


@contextmanager
def a_service(database: str) -> Iterator[tuple[Any, str]]:
    """Open a service of this process on a new database; with its first key."""
    import attrs

    from daypass_links.server import settings
    from daypass_links.server.database.engine import opened
    from daypass_links.server.run import prepared
    from daypass_links.server.service import Service

    said = settings.load()
    said = attrs.evolve(said, server=attrs.evolve(said.server, database=database))
    databases = opened(*said.server.databases)
    key = prepared(databases, int(time.time()))
    databases.close()
    service = Service.of(said)
    try:
        yield service, str(key)
    finally:
        service.close()


def new_link(service: Any, **asked: Any) -> str:
    """Make a link and return its path."""
    from daypass_links.server.links.mint import mint
    from daypass_links.server.principals.callers import Caller

    caller = Caller(principal="admin", groups=frozenset(), scopes=frozenset({"admin"}))
    _, url = mint(service, caller, {"path": "daypass://maps/a.csv", **asked})
    return url.removeprefix(service.settings.server.url)


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


async def _spent(app: Any, service: Any, paths: list[str]) -> float:
    """Return the CPU time of a request until its event is on the disk, in microseconds."""
    scopes, statuses = [_scope_of(path) for path in paths], set()

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


def warm(directory: str) -> None:
    """Measure redirects in this process, and the signature alone between them."""
    import daypass
    from daypass_links.server.app import application

    with a_service(f"sqlite:///{directory}/warm.db") as (service, _):
        app = application(service)
        below = new_link(service, path="daypass://maps/x.zarr/", prefix=True)
        kinds = {
            "one object": [new_link(service)] * REQUESTS,
            "a key below a prefix": [f"{below}c/0/{number}" for number in range(REQUESTS)],
            "for an address": [new_link(service, ip_range="127.0.0.0/8")] * REQUESTS,
        }
        store = daypass.Store("daypass://maps", caller="admin")
        found: dict[str, list[float]] = {name: [] for name in kinds}
        alone = []
        for _ in range(ROUNDS):
            before = time.process_time()
            for _ in range(REQUESTS):
                store.create_signed_url("a.csv", method="GET", expires_in=60)
            alone.append((time.process_time() - before) / REQUESTS * 1e6)
            for name, paths in kinds.items():
                found[name].append(asyncio.run(_spent(app, service, paths)))
        told("warm: the signature alone, with its policy", alone, "us CPU")
        for name, times in found.items():
            told(f"warm: {name}", times, "us CPU", "at most 35" if name == "one object" else "")


def cold(directory: str) -> None:
    """Measure the first use of links, on both databases; and for comparison their second."""
    from daypass_links.server.app import application
    from tests.servers.postgres import postgres

    with ExitStack() as stack:
        urls = {"SQLite": f"sqlite:///{directory}/cold.db"}
        urls["PostgreSQL"] = stack.enter_context(postgres()).database()
        services = {name: stack.enter_context(a_service(url))[0] for name, url in urls.items()}
        paths = {
            name: [new_link(service, path=f"daypass://maps/{n}") for n in range(COLD)]
            for name, service in services.items()
        }
        apps = {name: application(service) for name, service in services.items()}
        found: dict[str, list[float]] = {name: [] for name in urls}
        for _ in range(ROUNDS):
            for name, service in services.items():
                service.links.forget(None)
                found[name].append(asyncio.run(_spent(apps[name], service, paths[name])))
        for name, mark in (("SQLite", "at most 150"), ("PostgreSQL", "at most 300")):
            told(f"cold: {name}", found[name], "us CPU", mark)


def memory(directory: str) -> None:
    """Measure what a process has that knows many links, made by another."""
    from daypass_links.server.app import application

    database = f"sqlite:///{directory}/memory.db"
    made = get_context("spawn").Process(target=_make_many, args=(database,))
    made.start()
    made.join()
    with a_service(database) as (service, _):
        app, before = application(service), _resident()
        for first in range(0, MANY, REQUESTS):
            paths = [f"/l/{_token(number)}" for number in range(first, first + REQUESTS)]
            asyncio.run(_spent(app, service, paths))
        assert len(service.links.known) == MANY
        told("memory: before the first use", [before], "MiB RSS")
        told(f"memory: {MANY:,} warm links", [_resident()], "MiB RSS", "at most 250")


def _token(number: int) -> str:
    return urlsafe_b64encode(sha256(str(number).encode()).digest()[:16]).decode().rstrip("=")


def _make_many(database: str) -> None:
    """Make links, all alike but for their tokens, IDs and paths."""
    from sqlalchemy import insert, select

    from daypass_links.server.database.tables import link

    with a_service(database) as (service, _):
        new_link(service)
        with service.databases.main.begin() as connection:
            like = {**connection.execute(select(link)).mappings().one()}
            del like["n"]
            rows = [
                {
                    **like,
                    "id": f"lnk_{number:020x}",
                    "hash": sha256(_token(number).encode()).digest(),
                    "path": f"daypass://maps/2026/{number:08}.csv",
                }
                for number in range(MANY)
            ]
            connection.execute(insert(link), rows)


def _resident() -> float:
    found = re.search(r"VmRSS:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) / 1024


@contextmanager
def _listening(factory: str, directory: str) -> Iterator[tuple[str, int]]:
    """Serve with one worker; give its address and its process."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    environment = {**os.environ, "PYTHONPATH": directory}
    command = [sys.executable, "-c", SERVE, factory, str(port)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        for _ in range(600):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.05)
        else:
            msg = f"{factory} did not listen within 30 s"
            raise TimeoutError(msg)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        yield f"http://127.0.0.1:{port}", max(map(int, children))
    finally:
        process.terminate()
        process.wait()


def _used(process: int) -> float:
    """Return the CPU time that a process has used, in seconds."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _wrk(url: str, process: int, *more: str) -> tuple[float, float]:
    """Ask for some seconds; return the requests a second, and the CPU time of one in the server, in microseconds."""
    before = _used(process)
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", *more, url]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Non-2xx" not in said, said
    figures = re.search(r"(\d+) requests in.*Requests/sec:\s+([\d.]+)", said, re.DOTALL)
    assert figures is not None, said
    requests, rate = map(float, figures.groups())
    assert requests, said
    return rate, (_used(process) - before) / requests * 1e6


def http(directory: str) -> None:
    """Measure redirects by HTTP beside a plain ASGI function, by turns."""
    (Path(directory) / "hello.py").write_text(HELLO)
    database = os.environ["DAYPASS_SERVER__DATABASE"] = f"sqlite:///{directory}/http.db"
    with a_service(database) as (service, _):
        path = new_link(service)
    rates: list[tuple[float, float]] = []
    costs: list[tuple[float, float]] = []
    with (
        _listening("hello:create", directory) as (hello, first),
        _listening("daypass_links.server.app:create", directory) as (links, second),
    ):
        for _ in range(5):
            plain, ours = _wrk(hello, first), _wrk(links + path, second)
            rates.append((plain[0], ours[0]))
            costs.append((plain[1], ours[1]))
    told("http: a plain ASGI function", [plain for plain, _ in rates], "requests/s")
    told("http: redirects", [ours for _, ours in rates], "requests/s", "8,000 on an idle core")
    told(
        "http: redirects beside the function",
        [b / a for a, b in rates],
        "times its requests/s",
        "at least 0.5",
        digits=2,
    )
    told("http: CPU of the function's process", [plain for plain, _ in costs], "us")
    told("http: CPU of the redirect's process", [ours for _, ours in costs], "us")


def mint(directory: str) -> None:
    """Measure links made by HTTP."""
    database = os.environ["DAYPASS_SERVER__DATABASE"] = f"sqlite:///{directory}/mint.db"
    with a_service(database) as (_, key):
        pass
    script = Path(directory) / "mint.lua"
    body = json.dumps(json.dumps({"path": "daypass://maps/a.csv", "expires_in": "30d"}))
    script.write_text(
        f'wrk.method = "POST"\nwrk.body = {body}\n'
        f'wrk.headers["authorization"] = "Bearer {key}"\nwrk.headers["content-type"] = "application/json"\n'
    )
    with _listening("daypass_links.server.app:create", directory) as (links, process):
        found = [_wrk(f"{links}/v1/links", process, "-s", str(script)) for _ in range(3)]
    told("mint: by API key", [rate for rate, _ in found], "links/s", "at least 1,000")
    told("mint: CPU of the process", [cost for _, cost in found], "us")


def pages(directory: str) -> None:
    """Measure pages before a store of another process, and say how large the largest is."""
    import fsspec
    import pyarrow as pa
    import pyarrow.parquet as pq

    from daypass.demo.server import make_bucket, swift
    from daypass_links.server.app import application
    from daypass_links.server.principals import sessions

    config = Path(os.environ["DAYPASS_CONFIG"])
    config.write_text(CONFIG.replace('"HEAD"]', '"HEAD", "LIST", "PUT"]'))
    with swift() as store:
        make_bucket(store, "results")
        files = fsspec.filesystem("s3", **store.storage_options)
        table = pa.table({f"c{n}": range(100_000) for n in range(5)})
        with files.open("results/t.parquet", "wb") as file:
            pq.write_table(table, file)
        for name, text in (("a.csv", b"a,b\n1,2\n" * 9_000), ("t.txt", b"A line.\n" * 9_000)):
            files.pipe_file(f"results/{name}", text)
        for n in range(100):
            files.pipe_file(f"results/many/{n}.csv", b"a,b\n")
        os.environ["DAYPASS_PROFILES__MAPS__STORAGE_OPTIONS"] = json.dumps(store.storage_options)
        with a_service(f"sqlite:///{directory}/pages.db") as (service, _):
            kinds: dict[str, dict[str, Any]] = {
                "one object": {},
                "a table": {"preview": True},
                "a text": {"path": "daypass://maps/t.txt", "preview": True},
                "a file of Parquet": {"path": "daypass://maps/t.parquet", "preview": True},
                "a folder": {"path": "daypass://maps/many/", "prefix": True},
                "a password": {"password": "correct horse"},
                "an inbox": {"path": "daypass://maps/in/", "inbox": True},
                "another network": {"ip_range": "192.0.2.0/24"},
            }
            asked = {
                name: new_link(service, **said).rstrip("/").replace("/l/", "/p/")
                for name, said in kinds.items()
            }
            for _ in range(50):
                new_link(service)
            with service.databases.main.begin() as connection:
                secret, _ = sessions.begin(
                    connection, "admin", scopes={"admin"}, now=int(service.clock())
                )
            asked |= {"no link": "/p/none", "sign in": "/auth/sign-in", "links": "/ui/links"}
            asked |= {"a new link": "/ui/new", "events": "/ui/admin/events"}
            app, largest = application(service), 0
            for name, path in asked.items():
                asyncio.run(_page(app, path, secret))
                found = [asyncio.run(_page(app, path, secret)) for _ in range(ROUNDS)]
                largest = max(largest, *(size for _, size in found))
                told(f"pages: {name}", [spent for spent, _ in found], "ms CPU", "at most 100")
            told("pages: the largest", [largest / 1000], "kB", "at most 150")


async def _page(app: Any, path: str, secret: str) -> tuple[float, int]:
    """Return the CPU time of a page, in milliseconds, and its size in bytes."""
    said: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        said.append(message)

    wants = [
        (b"host", b"127.0.0.1:8321"),
        (b"accept", b"text/html"),
    ]
    if path.startswith("/ui"):  # the others are for whoever has not signed in
        wants.append((b"cookie", b"daypass-session=" + secret.encode()))
    before = time.process_time()
    await app({**_scope_of(path), "headers": wants}, receive, send)
    spent = time.process_time() - before
    assert said[0]["status"] in (200, 403, 404), said
    return spent * 1e3, sum(len(message.get("body", b"")) for message in said)


PARTS: dict[str, Callable[[str], None]] = {
    "warm": warm,
    "http": http,
    "cold": cold,
    "mint": mint,
    "memory": memory,
    "pages": pages,
}


def main(names: list[str]) -> None:
    """Measure each part in a process of its own, with a configuration and databases that go again."""
    if len(names) == 1:
        with tempfile.TemporaryDirectory() as directory:
            (Path(directory) / "config.toml").write_text(CONFIG)
            os.environ["DAYPASS_CONFIG"] = str(Path(directory) / "config.toml")
            os.environ["XDG_CONFIG_HOME"] = directory
            PARTS[names[0]](directory)
        return
    for name in names or PARTS:
        subprocess.run([sys.executable, __file__, name], check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
