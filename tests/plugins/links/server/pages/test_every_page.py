"""Every page that there is, in a real browser, in both modes and widths, on both databases; and that no secret of one is left where others look."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from daypass_links.server.pages.router import PAGES
from tests.plugins.links.server.pages.watched import look, opened
from tests.servers.chromium import keeping
from tests.servers.links import links_service

pytestmark = [pytest.mark.servers, pytest.mark.nightly]

ROUTES = sorted(
    route.path_format
    for route in PAGES.routes
    for handler in route.route_handlers
    if "GET" in handler.http_methods and "/static/" not in route.path_format
)
#: What shows nothing of its own: without a provider there is no way there, and pictures are within pages.
NO_PAGES = (
    "/auth/callback",
    "/auth/login",
    "/p/{token}/picture",
    "/l/{token}",
    "/l/{token}/{rest}",
)
WIDTHS = (390, 1280)
#: Times that are told without UTC, be it in their title, and whether the page is wider than what shows it.
FAULTS = """() => [
    ...[...document.querySelectorAll("time")].map((one) => one.title || one.textContent).filter((text) => !text.includes("UTC")),
    ...(document.documentElement.scrollWidth > innerWidth ? ["too wide"] : []),
]"""


@pytest.fixture(scope="module")
def service(local, kit, database):
    """The service before a store with some files, on one of both databases."""
    for name in ("a.csv", "sub/b.txt", "sub/deep/c.txt"):
        local.client.put_object(Bucket=kit[1], Key=f"pages/{name}", Body=b"a,b\n1,2\n")
    variables = {
        **database,
        "DAYPASS_PROFILES__KIT__STORAGE_OPTIONS": json.dumps(local.storage_options),
    }
    text = f'[alerts]\n[profiles.kit]\nurl = "s3://{kit[1]}"\n'
    with links_service(text, variables) as found:
        yield found


@pytest.fixture(scope="module")
def made(service):
    """Links of all kinds, by what they are."""
    client, of = service.client, "daypass://kit/pages"
    found = {
        "file": client.create(f"{of}/a.csv", preview=True, message="Here it is.", label="a"),
        "limited": client.create(f"{of}/a.csv", max_uses=2, ip_range="127.0.0.0/8"),
        "secret": client.create(f"{of}/a.csv", password="correct horse"),
        "inbox": client.create(f"{of}/in/", inbox=True, max_uses=3),
        "folder": client.create(f"{of}/", prefix=True),
        "revoked": client.create(f"{of}/a.csv"),
    }
    client.revoke(found["revoked"].link_id)
    assert httpx.get(found["file"].url).status_code == 307
    return found


def token_of(link):
    return link.url.rstrip("/").rpartition("/")[2]


def addresses(made):
    """Return the addresses of each route: of one that is new and has parameters somebody has to say how it is opened."""
    tokens = {name: token_of(link) for name, link in made.items()}
    known = {
        "/auth/once/{code}": ["/auth/once/none"],
        "/auth/{rest}": ["/auth/none"],
        "/ui/{rest}": ["/ui/none"],
        "/ui/browse": ["/ui/browse", f"/ui/browse?in={quote('daypass://kit/pages/', safe='')}"],
        "/ui/links/{link_id}": [f"/ui/links/{link.link_id}" for link in made.values()],
        "/p/{token}": [*(f"/p/{token}" for token in tokens.values()), "/p/none"],
        "/p/{token}/in/{rest}": [f"/p/{tokens['folder']}/in/sub/"],
        "/p/{token}/{rest}": [f"/p/{tokens['folder']}/none"],
    }
    found = {path: known.get(path, [path]) for path in ROUTES if path not in NO_PAGES}
    return [address for path in found for address in found[path]]


def test_no_page_breaks_a_rule_or_the_policy_or_tells_a_moment_without_utc(
    browser, service, signed_in, made
):
    pages = addresses(made)
    assert not [address for address in pages if "{" in address]
    broken = {}
    with opened(
        browser, service, pages, storage_state=signed_in, timezone_id="Asia/Kolkata"
    ) as page:
        for address in pages:
            answer = page.goto(service.address + address)
            assert len(answer.body()) < 150_000, address
            assert not [link for link in made.values() if token_of(link) in page.title()]
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 800})
                for mode in ("light", "dark"):
                    page.emulate_media(color_scheme=mode)
                    broken[f"{address} {width} {mode}"] = [*look(page), *page.evaluate(FAULTS)]
    with opened(browser, service) as page:
        page.goto(f"{service.address}/auth/sign-in")
        broken["sign in"] = look(page)
    assert {address: found for address, found in broken.items() if found} == {}


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_somebody_chooses_in_a_folder_what_to_share(browser, service, signed_in, made, script):
    with opened(browser, service, storage_state=signed_in, java_script_enabled=script) as page:
        page.goto(f"{service.address}/ui/new")
        for name in ("daypass://kit/", "pages/", "sub/", "b.txt"):
            page.get_by_role("link", name=name, exact=True).click()
        assert page.get_by_label("What it opens").input_value() == "daypass://kit/pages/sub/b.txt"
        page.get_by_role("button", name="See what it permits").click()
        page.get_by_role("button", name="Make the link").click()
        url = page.get_by_label("Link", exact=True).input_value()
    answer = httpx.get(url, follow_redirects=True)
    assert (answer.status_code, answer.content) == (200, b"a,b\n1,2\n")


def test_no_token_or_signed_url_is_told_to_other_pages_sites_or_the_log(
    browser, service, signed_in, made
):
    link = made["file"]
    token, asked = token_of(link), []
    with opened(browser, service, storage_state=signed_in) as page:
        page.context.on(
            "request", lambda request: asked.append((request.url, request.all_headers()))
        )
        page.goto(f"{service.address}/p/{token}")
        with page.expect_download() as download:
            page.get_by_role("link", name="Download").click()
        assert Path(download.value.path()).read_bytes() == b"a,b\n1,2\n"
        page.goto(f"{service.address}/ui/links/{link.link_id}")
        assert token not in page.content()
        page.get_by_role("link", name="Links", exact=True).first.click()
        assert token not in page.content()
        assert page.evaluate("document.referrer") == ""
    others = [url for url, _ in asked if not url.startswith(service.address)]
    assert [url for url in others if "Signature" in url]
    assert not [url for url, headers in asked if headers.get("referer")]
    service.client.events(link.link_id)  # which waits until what happened is written
    log = "\n".join(service.output.said)
    assert "listening on" in log
    for secret in (*(token_of(one) for one in made.values()), "X-Amz-Signature", service.key):
        assert secret not in log.replace(f"first key: {service.key}", "")


def test_a_browser_keeps_no_page_with_a_link_that_was_made(browser, service, signed_in, tmp_path):
    """Neither in its cache, nor in its history, nor in what it opens again after a crash."""
    with keeping(browser, tmp_path) as context:
        context.add_cookies(signed_in["cookies"])
        page = context.pages[0]
        page.goto(f"{service.address}/ui/new")
        page.get_by_label("What it opens").fill("daypass://kit/pages/a.csv")
        page.get_by_role("button", name="See what it permits").click()
        page.get_by_role("button", name="Make the link").click()
        url = page.get_by_label("Link", exact=True).input_value()
        assert url.startswith(f"{service.address}/l/")
        page.get_by_role("link", name="Look after it").click()
        page.get_by_role("link", name="Links", exact=True).first.click()
        page.wait_for_url(re.compile("/ui/links$"))
    token = url.rpartition("/")[2]
    kept = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    assert [file for file, text in kept.items() if b"/ui/new" in text]  # its history
    for written in (token.encode(), token.encode("utf-16-le")):
        assert [str(file) for file, text in kept.items() if written in text] == []
