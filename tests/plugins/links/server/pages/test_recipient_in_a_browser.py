"""The pages of whoever got a link, in a real browser."""

from __future__ import annotations

import json
from base64 import b64decode
from datetime import UTC, datetime, timedelta

import pytest

from tests.plugins.links.server.pages.watched import look, opened
from tests.servers.links import links_service

pytestmark = [pytest.mark.servers, pytest.mark.nightly]

PASSWORD = "correct horse"
EVIL = '"><img src=x onerror=alert(1)>.txt'
#: A picture of one point.
PNG = b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
TABLE = "station,time,temperature,humidity\n" + "".join(
    f"DE{n:03},2026-11-{n % 28 + 1:02}T06:00Z,{n * 0.7:.1f},{40 + n}\n" for n in range(40)
)


@pytest.fixture(scope="module")
def service(local, bucket, database):
    own = {
        **database,
        "DAYPASS_PROFILES__BOX__STORAGE_OPTIONS": json.dumps(local.storage_options),
    }
    with links_service(f'[profiles.box]\nurl = "s3://{bucket}"\n', own) as found:
        yield found


@pytest.fixture
def share(local, bucket, service):
    """Put something into the store, and make a link to it."""

    def make(key, body=b"content", kind="text/plain", path=None, **asked):
        local.client.put_object(
            Bucket=bucket, Key=key, Body=body, ContentType=kind, ChecksumAlgorithm="SHA256"
        )
        return service.client.create(f"daypass://box/{path or key}", **asked)

    return make


@pytest.fixture
def pages(share):
    """The addresses of pages, each as somebody may be sent it, by what they are."""
    for name in ("b.csv", "sub/c.txt", EVIL):
        share(f"folder/{name}")
    soon = datetime.now(UTC) + timedelta(days=2)
    return {
        "table": share("weather.csv", TABLE.encode(), "text/csv", preview=True, message="Hi.").page,
        "text": share("notes.txt", ("A line. " * 30 + "\n").encode() * 80, preview=True).page,
        "picture": share("map.png", PNG, "image/png", preview=True).page,
        "evil": share(EVIL, EVIL.encode(), preview=True, message=EVIL).page,
        "limited": share("a.bin", bytes(1_234_567), "application/octet-stream", max_uses=3).page,
        "password": share("p.txt", password=PASSWORD).page,
        "folder": share("folder/a.txt", path="folder/", prefix=True).page,
        "upload": share("a.txt", method="PUT").page,
        "not yet": share("a.txt", starts_at=soon).page,
        "network": share("a.txt", ip_range="192.0.2.0/24").page,
    }


def test_a_file_is_looked_at_and_downloaded(browser, service, share):
    link = share("weather.csv", TABLE.encode(), "text/csv", preview=True)
    with opened(browser, service) as page:
        page.goto(link.page)
        assert page.title() == "weather.csv · daypass"
        assert page.get_by_role("cell", name="DE000").is_visible()
        assert look(page) == []
        with (
            page.expect_request(lambda request: "X-Amz-Signature" in request.url) as asked,
            page.expect_download() as download,
        ):
            page.get_by_role("link", name="Download").click()
        assert download.value.path().read_bytes() == TABLE.encode()
        assert "referer" not in asked.value.all_headers()
    (use,) = [one for one in service.client.events(link.link_id) if one.kind == "use"]
    assert use.kind == "use"


def test_a_limited_link_asks_before_it_is_used(browser, service, share):
    link = share("a.txt", max_uses=1)
    with opened(browser, service) as page:
        page.goto(link.url)
        assert page.url == link.page
        assert "once more" in page.inner_text("main")
        assert service.client.show(link.link_id).uses == 0
        page.get_by_role("link", name="Download").click()
        page.wait_for_url("**X-Amz-Signature**")
    assert service.client.show(link.link_id).uses == 1


def test_a_password_opens_a_link_in_that_browser(browser, service, share):
    link = share("p.txt", password=PASSWORD)
    with opened(
        browser,
        service,
        [f"/p/{link.page.rpartition('/')[2]}", f"/p/{link.page.rpartition('/')[2]}/password"],
    ) as page:
        page.goto(link.url)
        assert page.url == link.page
        page.get_by_label("Password").fill("wrong horse")
        page.get_by_role("button", name="Open").click()
        page.get_by_role("alert").wait_for()
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Open").click()
        page.get_by_role("link", name="Download").click()
        page.wait_for_url("**X-Amz-Signature**")


def test_the_way_to_a_folder_has_a_slash_between_names_and_leads_back(browser, service, share):
    link = share("way/sub/deep/c.txt", path="way/", prefix=True)
    with opened(browser, service) as page:
        page.goto(link.page)
        page.get_by_role("link", name="sub/").click()
        page.get_by_role("link", name="deep/").click()
        way = page.get_by_role("navigation").get_by_role("listitem")
        assert way.all_inner_texts() == ["way", "sub", "deep"]
        before = "(one) => getComputedStyle(one, '::before').content.includes('/')"
        assert [one.evaluate(before) for one in way.all()] == [False, True, True]
        way.get_by_role("link", name="sub").click()
        assert page.url == f"{link.page}/in/sub/"


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing_and_pages_are_small(browser, service, pages, mode, width):
    refused = [
        url.removeprefix(service.address)
        for name, url in pages.items()
        if name in ("password", "not yet", "network")
    ]
    unknown = "/p/AAAAAAAAAAAAAAAAAAAAAA"
    found = {}
    size = {"width": width, "height": 900}
    with opened(browser, service, [*refused, unknown], color_scheme=mode, viewport=size) as page:
        for name, url in {**pages, "unknown": service.address + unknown}.items():
            answer = page.goto(url)
            assert len(answer.body()) < 150_000
            token = url.rpartition("/")[2]
            assert token not in page.title()
            found[name] = look(page)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, name
    assert {name: broken for name, broken in found.items() if broken} == {}
