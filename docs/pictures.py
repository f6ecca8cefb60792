"""Pictures of the pages of the links service, taken by a browser from a service that runs on data that are made up."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import attrs
import fsspec

from daypass.demo.server import make_bucket, swift
from daypass_links import Link
from daypass_links.answers import link_of
from tests.servers.chromium import chromium
from tests.servers.links import Service, links_service

#: As wide as a page is read, and as sharp as screens are.
_VIEW: dict[str, Any] = {
    "viewport": {"width": 1040, "height": 400},
    "device_scale_factor": 1.5,
    "locale": "en-GB",
    "timezone_id": "Europe/Vienna",
}
_CONFIGURATION = """
[links]
show_again = true

[profiles.maps]
url = "s3://maps"
"""
_RIVERS = "river,country,length_km\nDanube,10 countries,2850\nElbe,Czechia and Germany,1094\nMur,Austria to Croatia,464\n"


@attrs.frozen
class Site:
    """The service, with what is made up in it."""

    service: Service
    #: Where its database and the file of its keys are.
    database: Path
    key_file: Path
    #: The link of a file that was used for weeks, and an inbox.
    rivers: Link
    results: Link

    def at(self, path: str) -> str:
        """Return an address, where ``{id}`` is a link, ``{file}`` what opens a file, ``{inbox}`` an inbox and ``{today}`` the day in UTC."""
        token = {
            name: str(link.url).rstrip("/").rpartition("/")[2]
            for name, link in (("file", self.rivers), ("inbox", self.results))
        }
        today = datetime.now(UTC).date()
        return self.service.address + path.format(id=self.rivers.link_id, today=today, **token)


def _made(page: Any) -> None:
    """Make a link on the page that is open."""
    page.get_by_label("What it opens").fill("daypass://maps/europe/rivers.csv")
    page.get_by_role("button", name="See what it permits").click()
    page.get_by_role("button", name="Make the link").click()
    page.get_by_role("heading", name="Your link").wait_for()


def _told(page: Any) -> None:
    """Have the page that is open say what a link would permit."""
    page.get_by_label("What it opens").fill("daypass://maps/europe/rivers.csv")
    page.get_by_label("How often").fill("5")
    page.get_by_role("button", name="See what it permits").click()
    page.get_by_role("button", name="Make the link").wait_for()


@attrs.frozen
class Page:
    """A page of which there is a picture."""

    name: str
    path: str
    #: What whoever does not see the picture is told.
    alt: str
    #: What is done on the page before.
    act: Callable[[Any], None] | None = None
    signed_in: bool = True


#: All of them, in the order in which the text shows them.
PAGES = (
    Page("sign-in", "/auth/sign-in", "The page where people sign in says how to get a link that signs in.", signed_in=False),
    Page("links", "/ui/links", "A table of links: what each opens, its state, when it ends, its uses and when it was last used, below a search and filters."),
    Page("link", "/ui/links/{id}", "The page of a link: its URL with a button that copies it, when it ends, a form that gives it another end, and a chart of its uses by day."),
    Page("new-link", "/ui/new", "The form for a new link: the path that it opens, what it is for, when it ends, and how often it may be used."),
    Page("browse", "/ui/browse?in=daypass%3A%2F%2Fmaps%2F", "A folder, to choose from: what lies in it, and a button that shares all of it."),
    Page("permits", "/ui/new", "What the link would permit, in words, with a button that makes it.", _told),
    Page("result", "/ui/new", "The link that was made: its URL with a button that copies it, a QR code, and lines for curl, Python, R and DuckDB.", _made),
    Page("recipient", "/p/{file}", "The page of whoever gets a link: who shares the file, its name, one button that downloads it, its size, its type, and its first rows.", signed_in=False),
    Page("inbox", "/p/{inbox}", "The page by which people send files: where to drop or choose them, and what is taken.", signed_in=False),
    Page("administration", "/ui/admin/events?since={today}T00:00", "What happened, for an admin: events with filters, and buttons that export them."),
    Page("account", "/ui/me", "The page of an account: who has signed in, and what they may do."),
)  # fmt: skip


@contextmanager
def site() -> Iterator[Site]:
    """Run a service before a store, with files, links and uses that are made up."""
    with swift() as store, tempfile.TemporaryDirectory() as directory:
        make_bucket(store, "maps")
        files = fsspec.filesystem("s3", **store.storage_options)
        files.pipe_file("maps/europe/rivers.csv", _RIVERS.encode(), ContentType="text/csv")
        database, key_file = Path(directory, "links.db"), Path(directory, "server.key")
        variables = {
            "DAYPASS_SERVER__DATABASE": f"sqlite:///{database}",
            "DAYPASS_SERVER__KEY_FILE": str(key_file),
            "DAYPASS_PROFILES__MAPS__STORAGE_OPTIONS": json.dumps(store.storage_options),
        }
        with links_service(_CONFIGURATION, variables) as service:
            client = service.client
            client.create("daypass://maps/2025/", prefix=True, expires_in="90d", label="archive")
            old = client.create("daypass://maps/draft.csv")
            results = client.create(
                "daypass://maps/results/",
                inbox=True,
                label="survey",
                max_uses=20,
                max_bytes=2 * 10**9,
            )
            rivers = _used_for_weeks(service, variables, Path(directory))
            once = client.create("daypass://maps/europe/rivers.csv", max_uses=5, expires_in="3d")
            client.revoke(old.link_id)
            _use(str(once.url))
            _use(str(rivers.url))
            yield Site(service, database, key_file, rivers, results)


def _use(url: str) -> None:
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.netloc, timeout=30)
    connection.request("GET", place.path)
    connection.getresponse().read()
    connection.close()


def _used_for_weeks(service: Service, variables: dict[str, str], directory: Path) -> Link:
    """Have a link been made weeks ago and used since, in a process of its own whose clock says so."""
    configuration = directory / "daypass.toml"
    configuration.write_text(_CONFIGURATION)
    told = subprocess.run(  # noqa: S603 - the program is ours
        [sys.executable, Path(__file__).with_name("weeks_ago.py")],
        env={
            **os.environ,
            **variables,
            "DAYPASS_CONFIG": str(configuration),
            "DAYPASS_SERVER__PUBLIC_URL": service.address,
        },
        input=service.key,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=120,
    )
    return link_of(json.loads(told.stdout), service.address)


def take(directory: Path) -> None:
    """Take the pictures, each in light and in dark.

    Args:
        directory: where ``NAME-light.png`` and ``NAME-dark.png`` are written.

    Raises:
        MissingServerError: without a browser.
        ServerError: if the store does not start.

    """
    directory.mkdir(parents=True, exist_ok=True)
    with chromium() as browser, site() as shown_by:
        guest = browser.new_context(**_VIEW).new_page()
        person = browser.new_context(**_VIEW).new_page()
        person.goto(shown_by.service.sign_in)
        person.get_by_role("button", name="Sign in").click()
        person.wait_for_url("**/ui/**")
        for shown in PAGES:
            page = person if shown.signed_in else guest
            page.goto(shown_by.at(shown.path))
            if shown.act is not None:
                shown.act(page)
            for mode in ("light", "dark"):
                page.emulate_media(color_scheme=mode)
                page.screenshot(path=directory / f"{shown.name}-{mode}.png", full_page=True)
