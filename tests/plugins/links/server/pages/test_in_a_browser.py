"""What people do on the pages, in a real browser, against a real provider; and that nobody is kept out by how a page is made."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.plugins.links.server.pages.watched import look, opened
from tests.servers.chromium import site
from tests.servers.links import free_port, links_service
from tests.servers.oidc_provider import OIDC, oidc_provider

pytestmark = pytest.mark.servers

CONFIGURATION = """
[profiles.maps]
url = "s3://maps"
storage_options = { key = "AKEXAMPLE", secret = "made-up", client_kwargs = { region_name = "eu-west-1" } }
"""


#: Choices and hints that have less room than their text, moments in UTC that are on two lines, what is cut off at an edge, and
#: whether the page is too wide.
CUT_OFF = """() => {
    const cut = [...document.querySelectorAll(".filters select, .filters input[placeholder]")].filter((one) => {
        const free = one.cloneNode(true), width = one.getBoundingClientRect().width;
        Object.assign(free.style, { width: "auto", position: "absolute" });
        one.after(free);
        if (free.placeholder) free.value = free.placeholder;
        const wants = free.matches("select") ? free.getBoundingClientRect().width : 0;
        free.style.width = `${width}px`;
        const isCut = wants > width || free.scrollWidth > free.clientWidth;
        free.remove();
        return isCut;
    });
    const broken = [...document.querySelectorAll("time .zone")].filter((one) => one.getClientRects().length > 1);
    const clipped = [...document.querySelectorAll("main *:not(option)")].filter((one) => {
        const { overflowX, clipPath } = getComputedStyle(one);  // what is clipped to nothing is for the ear alone
        return one.scrollWidth > one.clientWidth && overflowX === "hidden" && clipPath === "none";
    });
    return [
        ...cut.map((one) => one.name), ...broken.map((one) => one.textContent), ...clipped.map((one) => one.outerHTML),
        ...(document.documentElement.scrollWidth > innerWidth ? ["too wide"] : []),
    ];
}"""


@pytest.fixture(scope="module")
def port():
    """Where the provider listens once there is one."""
    return free_port()


@pytest.fixture(scope="module")
def service(port, database):
    with links_service(CONFIGURATION + OIDC.format(port=port), database) as found:
        yield found


@pytest.fixture
def provider(service, port):
    with oidc_provider(port, service.address):
        yield


def test_a_printed_link_signs_in_and_signing_out_ends_it(browser, service, signed_in):
    (cookie,) = (one for one in signed_in["cookies"] if one["name"] == "daypass-session")
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Lax", "/")
    with opened(browser, service, storage_state=signed_in) as page:
        page.goto(f"{service.address}/")
        page.get_by_role("link", name="Account").click()
        assert page.get_by_role("heading", level=1).inner_text() == "Account"
        assert page.get_by_text("admin", exact=True).is_visible()


@pytest.mark.nightly
def test_somebody_signs_in_at_a_provider_and_out_there_too(browser, service, provider):
    with opened(browser, service) as page:
        page.goto(f"{service.address}/ui/me")
        page.get_by_role("link", name="Sign in with 127.0.0.1").click()
        page.locator("input[name=login]").fill("ann")
        page.locator("input[name=password]").fill("any")
        page.get_by_role("button").click()  # sign in there
        page.get_by_role("button").click()  # consent
        page.wait_for_url(f"{service.address}/ui/me")
        assert page.get_by_text("ann", exact=True).is_visible()
        assert page.get_by_text("analysts").is_visible()
        page.get_by_role("button", name="Sign out").click()
        page.get_by_role("button", name=re.compile("^Yes")).click()  # the provider asks
        page.wait_for_url(f"{service.address}/auth/sign-in")
        page.goto(f"{service.address}/ui/me")
        assert "/auth/sign-in" in page.url


def test_moments_are_told_in_the_zone_of_the_reader_and_in_utc(browser, service, signed_in):
    both = r"\d+ \w+ 20\d\d, \d\d:\d\d:\d\d \(20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC\)"
    service.client.create("daypass://maps/far.csv", expires_in="3d")
    with opened(browser, service, storage_state=signed_in, timezone_id="Asia/Kolkata") as page:
        page.goto(f"{service.address}/ui/me")
        assert re.fullmatch(both, page.locator("time").inner_text())
        page.goto(f"{service.address}/ui/links")
        time = page.locator("tr", has_text="far.csv").locator("time").first
        assert time.inner_text() == "in 3 days"
        assert re.fullmatch(both, time.get_attribute("title"))


@pytest.mark.nightly
@pytest.mark.parametrize("language", ["en", "de"])
def test_on_a_phone_no_choice_is_cut_off_and_no_moment_broken(
    browser, service, signed_in, language
):
    """What a choice offers is as long as it is: it has the room that it would take, or the page a line more."""
    viewport = {"width": 360, "height": 800}
    own = {"viewport": viewport, "locale": language, "timezone_id": "Asia/Kolkata"}
    with opened(browser, service, storage_state=signed_in, **own) as page:
        for path in ("/ui/links", "/ui/admin/policy", "/ui/admin/events", "/ui/admin/callers"):
            page.goto(service.address + path)
            assert page.evaluate(CUT_OFF) == [], path


#: What can be scrolled sideways, the page itself too.
SIDEWAYS = """() => [document.documentElement, ...document.querySelectorAll("main *:not(.hidden, input)")].filter((one) =>
    one.clientWidth && one.scrollWidth > one.clientWidth).map((one) => one.outerHTML)"""
#: Chooses the text of an element, as somebody does who drags over it.
DRAG = "(one) => getSelection().selectAllChildren(one)"


@pytest.mark.nightly
@pytest.mark.parametrize("width", [320, 360])
def test_on_a_phone_lines_to_copy_are_read_whole_and_copied_as_they_are(
    browser, service, signed_in, width
):
    viewport = {"width": width, "height": 800}
    with opened(browser, service, storage_state=signed_in, viewport=viewport) as page:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        url = make(page, service, "daypass://maps/phone.csv")
        assert page.evaluate(SIDEWAYS) == []
        lines = {
            "curl": f"curl -fL -o phone.csv {url}",
            "Python": f'import urllib.request\n\nurl = "{url}"\nurllib.request.urlretrieve(url, "phone.csv")',
            "R": f'url <- "{url}"\ndownload.file(url, "phone.csv", mode = "wb")',
            "DuckDB": f"FROM read_csv('{url}');",
        }
        for name, text in lines.items():
            shown = page.get_by_role("region", name=name, exact=True)
            shown.get_by_role("button", name="Copy").click()
            shown.get_by_role("button", name="Copied").wait_for()
            assert page.evaluate("navigator.clipboard.readText()") == text
            shown.locator("code").evaluate(DRAG)
            page.keyboard.press("Control+C")
            assert page.evaluate("navigator.clipboard.readText()").removesuffix("\n") == text


@pytest.mark.nightly
@pytest.mark.parametrize("width", [320, 360, 1280])
def test_what_happened_is_in_columns_however_long_a_moment_is(browser, service, signed_in, width):
    link = service.client.create("daypass://maps/columns/", prefix=True)
    for key in ("a.csv", f"{'long/' * 20}b.csv"):
        assert httpx.get(f"{link.url}{key}").status_code == 307
    viewport = {"width": width, "height": 800}
    own = {"viewport": viewport, "timezone_id": "Asia/Kolkata"}
    with opened(browser, service, storage_state=signed_in, **own) as page:
        page.goto(f"{service.address}/ui/links/{link.link_id}")
        moments = page.locator(".events time")
        moments.first.evaluate("(one) => { one.firstChild.data = '30 Nov 2026, 23:59:59' }")
        moments.last.evaluate("(one) => { one.firstChild.data = '1 Dec 2026, 1:11:11' }")
        places = page.locator(".events li").evaluate_all(
            "(all) => all.map((li) => [...li.children].map((one) => one.getBoundingClientRect().left - li.getBoundingClientRect().left))"
        )
        assert len(places) == 3
        assert len({tuple(place[:2]) for place in places}) == 1
        assert len({place[2] for place in places}) == 1
        assert page.evaluate(SIDEWAYS) == []


def make(page, service, path):
    """Make a link at the form, and return its URL; the page that gives it is open then."""
    page.goto(f"{service.address}/ui/new")
    page.get_by_label("What it opens").fill(path)
    page.get_by_label("How often").fill("3")
    page.get_by_role("button", name="See what it permits").click()
    assert page.get_by_text("3 times in all").is_visible()
    page.get_by_role("button", name="Make the link").click()
    return page.get_by_label("Link", exact=True).input_value()


def revoke(page, name):
    """Revoke all links of the list with a name."""
    page.get_by_label("Search in paths").fill(name)
    page.get_by_role("button", name="Show").click()
    boxes = page.get_by_role("checkbox", name="Choose the link")
    everything = page.get_by_role("checkbox", name="Choose all")
    if everything.is_visible():  # where scripts run
        everything.check()
    else:
        for box in boxes.all():
            box.check()
    assert all(box.is_checked() for box in boxes.all())
    page.get_by_role("button", name="Revoke what is chosen").click()
    page.get_by_role("button", name="Revoke", exact=True).click()


@pytest.mark.nightly
@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_a_link_is_made_found_and_revoked(browser, service, signed_in, script):
    name = f"made-{script}.csv"
    with opened(browser, service, storage_state=signed_in, java_script_enabled=script) as page:
        url = make(page, service, f"daypass://maps/{name}")
        assert url.startswith(f"{service.address}/l/")
        assert page.get_by_role("button", name="Copy").count() == (5 if script else 0)
        page.get_by_role("link", name="Look after it").click()
        assert page.get_by_role("heading", level=1).inner_text() == f"daypass://maps/{name}"
        assert page.get_by_text("3 of 3 left").is_visible()
        assert "UTC" in page.locator("time").first.inner_text()
        page.get_by_role("button", name="Set the end").click()
        assert page.get_by_text("Given another end").is_visible()
        page.get_by_role("link", name="Links").first.click()
        revoke(page, name)
        assert page.get_by_text("revoked", exact=True).is_visible()


def test_who_goes_back_finds_what_they_wrote(browser, service, signed_in):
    with opened(browser, service, storage_state=signed_in, java_script_enabled=False) as page:
        page.goto(f"{service.address}/ui/new")
        page.get_by_label("What it opens").fill("daypass://maps/a.csv")
        page.get_by_label("How often").fill("3")
        page.get_by_role("button", name="See what it permits").click()
        assert page.get_by_text("3 times in all").is_visible()
        page.go_back()
        assert page.get_by_label("What it opens").input_value() == "daypass://maps/a.csv"
        assert page.get_by_label("How often").input_value() == "3"


@pytest.mark.nightly
def test_a_link_is_copied_and_in_no_title_address_or_other_page(browser, service, signed_in):
    with opened(browser, service, storage_state=signed_in) as page:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        url = make(page, service, "daypass://maps/copied.csv")
        page.get_by_role("button", name="Copy").first.click()
        page.get_by_role("button", name="Copied").wait_for()
        assert page.evaluate("navigator.clipboard.readText()") == url
        token = url.rpartition("/")[2]
        assert token not in page.title() + page.url
        page.get_by_role("link", name="Links", exact=True).click()
        assert page.evaluate("document.referrer") == ""
        assert token not in page.content()


def test_the_first_key_press_skips_to_the_content(browser, service, signed_in):
    with opened(browser, service, storage_state=signed_in) as page:
        page.goto(f"{service.address}/ui/me")
        page.keyboard.press("Tab")
        assert page.locator(":focus").inner_text() == "Skip to the content"
        page.keyboard.press("Enter")
        assert page.locator(":focus").get_attribute("id") == "content"


def test_no_other_site_frames_a_page(browser, service, signed_in):
    context = browser.new_context(storage_state=signed_in)
    with site() as other:
        page = context.new_page()
        page.goto(other.page("/", f'<iframe src="{service.address}/ui/me"></iframe>'))
        assert "Account" not in page.frames[1].content()
    context.close()


def use(service):
    """Make a link that was used, and return its ID."""
    link = service.client.create("daypass://maps/used.csv")
    assert httpx.get(link.url).status_code == 307
    return link.link_id


def test_a_chart_of_use_says_what_it_shows_and_is_a_table_too(browser, service, signed_in):
    with opened(browser, service, storage_state=signed_in) as page:
        page.goto(f"{service.address}/ui/links/{use(service)}")
        today = datetime.now(UTC).date()
        said = f"Uses from {today - timedelta(days=29)} to {today}: 1 in all"
        picture = page.get_by_role("img", name=re.compile(f"^{said}"))
        bars = picture.locator("rect")
        assert bars.count() == 1
        box, whole = bars.bounding_box(), picture.bounding_box()
        assert (box["height"], box["x"] > whole["x"]) == (pytest.approx(whole["height"]), True)
        page.get_by_text("Show as a table").click()
        assert page.get_by_role("row", name=f"{today} 1", exact=True).is_visible()
        page.get_by_role("link", name="Since it was made").click()
        assert page.get_by_role("row", include_hidden=True).count() == 2


def test_axe_finds_nothing_on_the_list_and_the_form(browser, service, signed_in):
    service.client.create("daypass://maps/axe.csv", label="axe")
    with opened(browser, service, storage_state=signed_in) as page:
        for path in ("/ui/links", "/ui/new"):
            page.goto(service.address + path)
            assert look(page) == []


def test_an_admin_makes_a_key_finds_the_event_and_verifies_all(browser, service, signed_in):
    with opened(browser, service, storage_state=signed_in) as page:
        page.goto(f"{service.address}/ui/links")
        page.get_by_role("link", name="Administration").click()
        page.get_by_role("link", name="Callers and keys").click()
        page.get_by_label("Name", exact=True).fill("walker")
        page.get_by_role("button", name="Make the key").click()
        assert page.get_by_label("Key", exact=True).input_value().startswith("dpl_")
        page.get_by_role("link", name="Events").click()
        page.get_by_label("What").select_option("API key")
        page.get_by_role("button", name="Show").click()
        assert page.get_by_text("of=walker").is_visible()
        with page.expect_download() as download:
            page.get_by_role("button", name="CSV").click()
        assert download.value.suggested_filename == "events.csv"
        page.get_by_role("link", name="Checkpoints").click()
        page.get_by_role("button", name="Verify all events").click()
        assert page.get_by_text("Every event is as it was written").is_visible()
        assert look(page) == []


@pytest.mark.nightly
@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_a_key_is_revoked_once_somebody_is_sure(browser, service, signed_in, script):
    name = f"revoked-{script}"
    with opened(browser, service, storage_state=signed_in, java_script_enabled=script) as page:
        page.goto(f"{service.address}/ui/admin/callers")
        page.get_by_label("Name", exact=True).fill(name)
        page.get_by_role("button", name="Make the key").click()
        key = page.get_by_label("Key", exact=True).input_value()
        page.goto(f"{service.address}/ui/admin/callers?text={name}")
        page.get_by_role("button", name="Revoke").click()
        page.get_by_role("button", name="Revoke", exact=True).click()
        assert page.get_by_text("The key is revoked").is_visible()
        answer = httpx.get(
            f"{service.address}/v1/links", headers={"authorization": f"Bearer {key}"}
        )
        assert answer.status_code == 401


@pytest.mark.nightly
@pytest.mark.parametrize(("mode", "width"), [("light", 390), ("dark", 1280)])
def test_axe_finds_nothing_on_the_pages_of_administration(browser, service, signed_in, mode, width):
    found = {}
    refused = ["/ui/browse?in=nonsense", "/ui/admin/callers"]  # as the console tells it
    asked = "caller=ann&method=GET&path=daypass://maps/a.csv"
    with opened(
        browser,
        service,
        refused,
        storage_state=signed_in,
        color_scheme=mode,
        viewport={"width": width, "height": 800},
    ) as page:

        def see(name):
            found[name] = look(page)
            if page.evaluate("document.documentElement.scrollWidth") > width:
                found[name].append("wider than the window")

        for path in (
            "/ui/admin",
            "/ui/admin/callers",
            "/ui/admin/policy",
            f"/ui/admin/policy?{asked}",
            "/ui/admin/events",
            "/ui/admin/events?principal=nobody",
            "/ui/admin/alerts",
            "/ui/admin/checkpoints",
            "/ui/browse?in=nonsense",
        ):
            page.goto(service.address + path)
            see(path)
        page.goto(f"{service.address}/ui/admin")
        page.get_by_role("button", name="Try everything").click()
        see("tried")
        page.goto(f"{service.address}/ui/admin/checkpoints")
        page.get_by_role("button", name="Verify all events").click()
        see("verified")
        page.goto(f"{service.address}/ui/admin/callers")
        page.get_by_label("Name", exact=True).fill(f"{mode} {width}")
        page.get_by_role("button", name="Make the key").click()
        see("a key")
        page.goto(f"{service.address}/ui/admin/callers")
        page.get_by_role("button", name="Revoke").first.click()
        see("to revoke")
        page.goto(f"{service.address}/ui/admin/callers")
        page.get_by_label("Name", exact=True).fill(" ")
        page.get_by_role("button", name="Make the key").click()
        page.get_by_role("alert").wait_for()
        see("what is wrong")
    assert {name: broken for name, broken in found.items() if broken} == {}


@pytest.mark.nightly
@pytest.mark.parametrize("mode", ["light", "dark"])
def test_axe_finds_nothing_on_any_page(browser, service, signed_in, mode):
    link = service.client.create("daypass://maps/seen.csv", label="seen", ip_range="192.0.2.0/24")
    used = use(service)
    pages = ["/ui/links", f"/ui/links/{link.link_id}", f"/ui/links/{used}", "/ui/new", "/ui/me"]
    missing = ["/ui/nothing", "/auth/once/none"]
    refused = ["/ui/new"]  # as the console tells it
    found = {}

    with opened(
        browser, service, missing + refused, storage_state=signed_in, color_scheme=mode
    ) as page:
        for path in pages + missing:
            page.goto(service.address + path)
            found[path] = look(page)
        page.set_viewport_size({"width": 390, "height": 800})
        page.goto(f"{service.address}/ui/links?text=seen")
        found["links on a phone"] = look(page)
        page.get_by_role("checkbox").first.check()
        page.get_by_role("button", name="Revoke what is chosen").click()
        found["revoke"] = look(page)
        make(page, service, "daypass://maps/seen.csv")
        found["made"] = look(page)
        page.goto(f"{service.address}/ui/new")
        page.get_by_label("What it opens").fill("daypass://maps/seen.csv")
        page.get_by_role("button", name="See what it permits").click()
        found["what it permits"] = look(page)
        page.get_by_role("button", name="Change it").click()
        page.get_by_label("What it opens").fill("nonsense")
        page.get_by_role("button", name="See what it permits").click()
        page.get_by_role("alert").wait_for()
        found["what is wrong"] = look(page)
    with opened(browser, service, color_scheme=mode) as page:
        page.goto(f"{service.address}/auth/sign-in")
        found["sign in"] = look(page)
    assert {name: broken for name, broken in found.items() if broken} == {}
