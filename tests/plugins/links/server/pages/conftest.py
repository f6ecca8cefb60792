"""People in front of the pages, with a browser and without one."""

from __future__ import annotations

import asyncio
import re
from contextlib import contextmanager
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import attrs
import httpx
import pytest
from sqlalchemy import insert

from daypass import config
from daypass_links.server import settings
from daypass_links.server.app import application
from daypass_links.server.database.engine import opened
from daypass_links.server.database.tables import link as table
from daypass_links.server.principals import codes, sessions
from daypass_links.server.principals.known import remember
from daypass_links.server.run import prepared
from daypass_links.server.service import Service
from tests.plugins.links.server.conftest import PROFILES, Clock, Running
from tests.plugins.links.server.pages import watched
from tests.plugins.links.server.provider import NOW, running

OIDC = """
[oidc]
issuer = "{issuer}"
audience = "daypass"
client_id = "pages"
client_secret = "made up: + &"
admin_groups = ["staff"]
"""
#: As the provider publishes it.
PLACES = {
    "authorization_endpoint": "{}/authorize",
    "token_endpoint": "{}/token",
    "userinfo_endpoint": "{}/me",
    "end_session_endpoint": "{}/leave",
    "scopes_supported": ["openid", "groups"],
}
_CSRF = re.compile(r'name="csrf" value="([^"]+)"')


@attrs.define(eq=False)
class Person:
    """Somebody with a browser that keeps cookies."""

    server: Any
    scheme: str = "http"
    language: str = "en"
    cookies: httpx.Cookies = attrs.field(factory=httpx.Cookies)
    #: What was seen last.
    answer: httpx.Response | None = None

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Send one request, and follow nothing."""
        headers = {"accept-language": self.language, **more.pop("headers", {})}

        async def asked() -> httpx.Response:
            transport = httpx.ASGITransport(self.server.app, client=("203.0.113.9", 4711))
            base = f"{self.scheme}://links.example"
            async with httpx.AsyncClient(
                transport=transport, base_url=base, cookies=self.cookies
            ) as client:
                found = await client.request(method, path, headers=headers, **more)
                self.cookies = client.cookies
                return found

        self.answer = asyncio.run(asked())
        return self.answer

    def see(self, path: str, status: int = 200) -> str:
        """Open a page, and return its text as a reader has it."""
        answer = self.ask("GET", path)
        assert answer.status_code == status, (answer.status_code, answer.headers)
        return unescape(answer.text)

    @property
    def csrf(self) -> str:
        """What the forms of the page hold that is seen."""
        return _CSRF.findall(self.answer.text)[0]

    def send(self, path: str, /, **fields: Any) -> httpx.Response:
        """Send a form of the page that is seen."""
        if "csrf" not in fields:
            fields["csrf"] = self.csrf
        return self.ask("POST", path, data=fields)

    def code(self, name: str = "admin") -> str:
        """Return the code of a sign-in link."""
        service = self.server.service
        with service.databases.main.begin() as connection:
            return codes.create(connection, name, int(service.clock()))

    def sign_in(self, name: str = "admin", *, groups: Any = (), scopes: Any = ("admin",)) -> Person:
        """Be somebody who has signed in."""
        service = self.server.service
        now = int(service.clock())
        with service.databases.main.begin() as connection:
            remember(connection, name, groups, now)
            secret, _ = sessions.begin(connection, name, scopes=scopes, now=now)
        name = "__Host-daypass-session" if self.scheme == "https" else "daypass-session"
        self.cookies.set(name, secret, domain="links.example")
        return self


def leave(person, after="/ui/me"):
    """Go to the provider, and return what it is asked."""
    answer = person.ask("GET", "/auth/login", params={"after": after})
    assert answer.status_code == 303, answer.text
    return dict(parse_qsl(urlsplit(answer.headers["location"]).query))


def come_back(person, provider, asked, *, key=None, header=None, state=None, more="", **claims):
    """Come back from the provider with a code, for which it gives a token with these claims."""
    claims = {"aud": "pages", "nonce": asked["nonce"], "iat": NOW, **claims}
    provider.tokens = {"id_token": provider.token(key, header, **claims), "access_token": "access"}
    place = f"/auth/callback?code=the-code&state={state or asked['state']}{more}"
    return person.ask("GET", place)


def paths(text):
    """Return the paths that a page of links lists."""
    return re.findall(r'href="/ui/links/lnk_\w+">([^<]+)<', text)


@contextmanager
def started(directory, text="", database=None):
    """Run a service for all tests of a module: each brings people and links of its own."""
    database = database or f"sqlite:///{directory / 'links.db'}"
    (directory / "config.toml").write_text(PROFILES + text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAYPASS_CONFIG", str(directory / "config.toml"))
        patch.setenv("DAYPASS_SERVER__DATABASE", database)
        patch.setenv("DAYPASS_SERVER__KEY_FILE", str(directory / "server.key"))
        config._loaded.clear()
        said, clock = settings.load(), Clock()
        databases = opened(*said.server.databases)
        key = prepared(databases, int(clock()))
        databases.close()
        service = Service.of(said, clock)
        yield Running(service, application(service), key, clock)
        service.close()
    config._loaded.clear()


@pytest.fixture(scope="module")
def provider():
    """Where people sign in."""
    with running() as found:
        found.document = {
            name: place.format(found.url) if isinstance(place, str) else place
            for name, place in PLACES.items()
        }
        yield found


@pytest.fixture(
    scope="module", params=["SQLite", pytest.param("PostgreSQL", marks=pytest.mark.nightly)]
)
def database(request, servers):
    """What tells a service as a process where its databases are: nothing for those that it makes itself."""
    if request.param == "SQLite":
        return {}
    return {"DAYPASS_SERVER__DATABASE": servers("postgres").database()}


@pytest.fixture(scope="module")
def signed_in(browser, service):
    """What a browser keeps of somebody who has signed in by the link that the service has printed."""
    with watched.opened(browser, service) as page:
        page.goto(service.sign_in)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"{service.address}/ui/**")
        return page.context.storage_state()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A service with its defaults."""
    with started(tmp_path_factory.mktemp("pages")) as found:
        yield found


@pytest.fixture
def person(server):
    """Somebody who has not signed in."""
    return Person(server)


def many_links(service: Service, now: int) -> None:
    """Have a hundred thousand links of a hundred people."""
    fixed = {
        "prefix": False,
        "methods": ["GET"],
        "options": {},
        "https_only": False,
        "headers": {},
        "unenforced": [],
        "created_at": now,
    }
    rows = [
        {
            **fixed,
            "id": f"lnk_{number:020x}",
            "hash": number.to_bytes(32),
            "owner": f"person {number % 100}",
            "path": f"s3://results/{number % 1000}/{number}.csv",
            "ends_at": now + (number * 7919) % 1_000_000 + 1,
            "max_uses": None if number % 2 else 5,
        }
        for number in range(100_000)
    ]
    with service.databases.main.begin() as connection:
        for number in range(100):
            remember(connection, f"person {number}", [], now)
        connection.execute(insert(table), rows)
