"""The service in this process, on databases, a clock and a configuration of the test's own."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from pathlib import Path
from typing import Any
from uuid import uuid4

import attrs
import httpx
import pytest
from sqlalchemy import create_engine

from daypass import config
from daypass_links.server import settings
from daypass_links.server.app import application
from daypass_links.server.database import changes
from daypass_links.server.database.engine import opened
from daypass_links.server.links import slow
from daypass_links.server.run import prepared
from daypass_links.server.service import Service
from tests.plugins.links.server.listener import Listener
from tests.plugins.links.server.provider import running
from tests.servers.links import links_service

#: Between two whole seconds.
NOW = 1_796_000_000.5
PROFILES = """
[profiles.maps]
url = "s3://results"
storage_options = { key = "AKEXAMPLE", secret = "made-up", client_kwargs = { region_name = "eu-west-1" } }
"""

MAIL = """
[notices]
smtp = "smtp://127.0.0.1:{port}"
sender = "daypass <links@example.org>"
addresses = {{ admin = "ops@example.org" }}
"""
POLICY = """
[policy]
[[policy.rules]]
name = "read"
paths = ["s3://results/**"]
methods = ["GET", "HEAD"]
per_caller = { urls_per_minute = %s }
"""


@attrs.define
class Clock:
    """A clock that stands until it is told to go."""

    now: float = NOW

    def __call__(self) -> float:
        return self.now


@attrs.define(eq=False)
class Running:
    """A service, and a way to ask it as a client would, without a network."""

    service: Service
    app: Any
    key: str
    clock: Clock

    def ask(
        self,
        method: str,
        path: str,
        *,
        key: str | None = None,
        peer: str = "203.0.113.9",
        scheme: str = "http",
        **more: Any,
    ) -> httpx.Response:
        """Send one request; to the API with the first key, unless another is given."""
        headers = dict(more.pop("headers", {}))
        if path.startswith("/v1"):
            headers.setdefault("authorization", f"Bearer {self.key if key is None else key}")
        headers.setdefault("user-agent", "reader/1")

        async def asked() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, client=(peer, 4711))
            async with httpx.AsyncClient(
                transport=transport, base_url=f"{scheme}://anything.example"
            ) as client:
                return await client.request(method, path, headers=headers, **more)

        return asyncio.run(asked())

    def raw(self, method: str, path: bytes) -> tuple[int, Any]:
        """Send a path just as it stands, and return the status and what JSON says."""
        said: list[dict[str, Any]] = []

        async def send(message: dict[str, Any]) -> None:
            said.append(message)

        scope = {
            "type": "http",
            "method": method,
            "path": path.decode("latin-1"),
            "raw_path": path,
            "query_string": b"",
            "headers": [],
            "scheme": "http",
            "client": ("203.0.113.9", 4711),
        }
        asyncio.run(self.app(scope, None, send))
        return said[0]["status"], json.loads(said[1]["body"] or "null")

    def link(self, path: str = "daypass://maps/a.csv", **asked: Any) -> dict[str, Any]:
        """Make a link."""
        answer = self.ask("POST", "/v1/links", json={"path": path, **asked})
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def use(self, link: dict[str, Any], key: str = "", method: str = "GET", **more: Any) -> Any:
        """Use a link."""
        return self.ask(method, link["url"].removeprefix("http://127.0.0.1:8321") + key, **more)

    def new_key(self, principal: str, **asked: Any) -> str:
        """Make an API key."""
        asked = {"scopes": ["links:read", "links:write", "sign"], **asked}
        answer = self.ask("POST", "/v1/keys", json={"principal": principal, **asked})
        assert answer.status_code == 201, answer.text
        key: str = answer.json()["key"]
        return key

    def events(self, link: dict[str, Any]) -> list[str]:
        """Return what happened to a link, when all is written that is to be."""
        self.service.events.durable("seen").result()
        answer = self.ask("GET", f"/v1/links/{link['link_id']}/events")
        return [one["kind"] for one in answer.json()["items"]]


def problem(answer, status, code):
    """Return what a problem says, of this status and code."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    found = answer.json()
    assert (answer.status_code, found["status"], found["code"]) == (status, status, code), found
    return found


@pytest.fixture
def configure(tmp_path, monkeypatch):
    """Write the configuration of the process, which policy and profiles are read from."""
    file = tmp_path / "config.toml"
    monkeypatch.setenv("DAYPASS_CONFIG", str(file))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "nothing"))

    def write(text: str) -> None:
        file.write_text(PROFILES + text)
        config._loaded.clear()

    write("")
    yield write
    config._loaded.clear()


@pytest.fixture(scope="session")
def new_databases(tmp_path_factory):
    """The directory of databases that nobody has used, and their first key: to make them takes longer than most tests."""
    directory = tmp_path_factory.mktemp("new")
    url = f"sqlite:///{directory / 'links.db'}"
    databases = opened(*settings.Server(database=url).databases)
    key = prepared(databases, int(NOW))
    databases.close()
    return directory, key


@pytest.fixture
def serving(tmp_path, configure, monkeypatch, new_databases):
    """Make services that share their databases, each as a process of its own would."""
    # A test does not wait until a process looks for what others have changed.
    monkeypatch.setattr(changes, "_EVERY_OF_SQLITE", 0.0)
    monkeypatch.setattr(changes, "_EVERY_OF_SECRETS", 0.0)
    # What was slow in another test is not in this one.
    monkeypatch.setattr(slow, "_since", {})
    running: list[Running] = []
    clock = Clock()
    new, key = new_databases

    def serve(text: str = "", directory: Path = tmp_path) -> Running:
        configure(text)
        said = settings.load()
        server = attrs.evolve(said.server, database=f"sqlite:///{directory / 'links.db'}")
        said = attrs.evolve(said, server=server)
        if not (directory / "links.db").exists():
            shutil.copytree(new, directory, dirs_exist_ok=True)
        service = Service.of(said, clock)
        running.append(Running(service, application(service), key, clock))
        return running[-1]

    yield serve
    for one in running:
        one.service.close()


@pytest.fixture
def server(serving):
    """The service with its defaults."""
    return serving()


@pytest.fixture(scope="session")
def kit(servers):
    """A client of LocalStack, and its bucket that the service as a process leads to."""
    bucket = f"b{uuid4().hex[:12]}"
    servers("localstack").client.create_bucket(Bucket=bucket)
    return servers("localstack").client, bucket


@pytest.fixture(scope="session")
def process(servers, kit):
    """The service as a process: what lies below ``in/`` of the bucket may be shared."""
    text = f'[profiles.kit]\nurl = "s3://{kit[1]}"\n[[roots]]\nprofile = "kit"\npaths = ["in/**"]\n'
    options = json.dumps(servers("localstack").storage_options)
    with links_service(text, {"DAYPASS_PROFILES__KIT__STORAGE_OPTIONS": options}) as running:
        yield running


@pytest.fixture
def provider():
    """An OpenID provider."""
    with running() as found:
        yield found


@pytest.fixture
def listener():
    """Who is told by a webhook."""
    found = Listener()
    yield found
    found.close()


@pytest.fixture(scope="module")
def store(servers):
    """A bucket with an object in a real store."""
    server = servers("localstack")
    server.client.create_bucket(Bucket="links-results")
    server.client.put_object(Bucket="links-results", Key="x.zarr/c/0 0", Body=b"chunk")
    server.client.put_object(Bucket="links-results", Key="a.csv", Body=b"a,b\n1,2\n")
    return server


@pytest.fixture
def configured(tmp_path, store):
    """A configuration with a profile for the store, and an environment that names it."""
    options = json.dumps(
        {
            "key": store.access_key,
            "secret": store.secret,
            "endpoint_url": store.endpoint,
        }
    )
    file = tmp_path / "daypass.toml"
    file.write_text('[profiles.results]\nurl = "s3://links-results"\n')
    return {
        **os.environ,
        "DAYPASS_CONFIG": str(file),
        "DAYPASS_PROFILES__RESULTS__STORAGE_OPTIONS": options,
        "XDG_DATA_HOME": str(tmp_path / "data"),
    }


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request, tmp_path, servers):
    """An empty database of each kind."""
    url = f"sqlite:///{tmp_path / 'links.db'}"
    made = create_engine(url if request.param == "sqlite" else servers("postgres").database())
    yield made
    made.dispose()
