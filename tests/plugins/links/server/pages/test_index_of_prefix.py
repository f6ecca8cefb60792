"""What lies below a link to a prefix: for people, for programs, and for nobody who may not list it."""

from __future__ import annotations

import json
import re
from html import unescape
from urllib.parse import quote, unquote

import pytest

from tests.plugins.links.server.pages.conftest import Person, started
from tests.plugins.links.server.pages.test_recipient import HTML, PASSWORD, place

pytestmark = pytest.mark.servers

EVIL = "<img src=x onerror=alert(1)>.txt"
NAMES = ["a b+ä.csv", "javascript:alert(1)", EVIL, "sub/c.txt", "sub/deep/d.txt", "100%25?#&.txt"]
POLICY = '[[policy.rules]]\nname = "all"\npaths = ["s3://*/**"]\nprefixes = true\nmethods = ["GET", "HEAD"]\n'


@pytest.fixture(scope="module")
def box(local, bucket):
    """A client of a store, its bucket, and how to reach it."""
    for name in NAMES:
        local.client.put_object(Bucket=bucket, Key=f"in/{name}", Body=name.encode())
    # What no link leads to.
    for name in ("back\\slash", "sub//e.txt"):
        local.client.put_object(Bucket=bucket, Key=f"in/{name}", Body=b"")
    local.client.put_object(Bucket=bucket, Key="secret.txt", Body=b"")
    local.client.put_object(Bucket=bucket, Key="in/marked/", Body=b"")
    return local.client, bucket, json.dumps(local.storage_options)


@pytest.fixture(scope="module")
def server(box, tmp_path_factory):
    """A service before that store, for all tests of this module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAYPASS_PROFILES__BOX__STORAGE_OPTIONS", box[2])
        text = f'[profiles.box]\nurl = "s3://{box[1]}"\n'
        with started(tmp_path_factory.mktemp("prefix"), text) as found:
            yield found


@pytest.fixture
def link(server):
    return server.link("daypass://box/in/", prefix=True)


def hrefs(text):
    return [unescape(one) for one in re.findall(r'<a href="([^"#]+)"', text)]


def test_programs_are_given_relative_links_to_what_lies_in_a_folder(server, link):
    text = server.use(link).text
    found = hrefs(text)
    assert [unquote(one) for one in found] == ["marked/", "sub/", "100%25?#&.txt", EVIL, *NAMES[:2]]
    assert "javascript:" not in text.replace("javascript:alert(1)</a>", "")
    assert "<img" not in text
    for href in found[2:]:
        assert server.use(link, href).status_code == 307
    assert [unquote(one) for one in hrefs(server.use(link, "sub/").text)] == ["deep/", "c.txt"]
    assert server.events(link)[:2] == ["mint", "list"]


def test_people_are_given_a_page(server, person, link):
    text = person.see(place(link))
    assert f'href="{place(link)}/in/sub/"' in text
    assert f'href="{place(link, "l")}/a%20b%2B%C3%A4.csv"' in text
    assert "<img" not in person.answer.text
    inner = person.see(f"{place(link)}/in/sub/deep/")
    assert "d.txt" in inner
    assert f'href="{place(link)}/in/sub/"' in inner


def test_a_browser_that_looks_for_the_list_of_programs_is_led_to_the_page(person, link):
    answer = person.ask("GET", f"{place(link, 'l')}/sub/", headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{place(link)}/in/sub/")


@pytest.mark.parametrize("key", ["", "in/sub/deep/"])
def test_the_folder_of_a_page_is_below_the_link(person, link, key):
    assert "secret.txt" not in person.see(f"{place(link)}/{key}")


@pytest.mark.parametrize(
    "key", ["../", "sub/../../", "%2e%2e/", "a%2Fb/", "a%5Cb/", "a//b/", "%ff/"]
)
@pytest.mark.parametrize("beginning", ["p", "l"])
def test_no_folder_is_elsewhere(server, link, beginning, key):
    below = "in/" if beginning == "p" else ""
    status, _, text = sent(server, f"{place(link, beginning)}/{below}{key}".encode())
    assert status == 400
    assert b"secret" not in text


def sent(server, path):
    """Send a path just as it stands."""
    import asyncio

    said = []

    async def send(message):
        said.append(message)

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {
        "type": "http",
        "method": "GET",
        "path": unquote(path.decode("latin-1")),
        "raw_path": path,
        "root_path": "",
        "query_string": b"",
        "headers": [],
        "scheme": "http",
        "client": ("203.0.113.9", 4711),
        "server": ("links.example", 80),
    }
    asyncio.run(server.app(scope, receive, send))
    return said[0]["status"], said[0]["headers"], b"".join(one.get("body", b"") for one in said)


def test_a_link_to_an_object_has_no_folder(server, person):
    link = server.link("daypass://box/in/sub/c.txt")
    answer = server.ask("GET", f"{place(link, 'l')}/")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown-link")
    person.see(f"{place(link)}/in/sub/", status=404)
    unknown = server.ask("GET", f"/l/{'A' * 22}/")
    assert unknown.content == server.ask("GET", f"/l/{'A' * 22}").content


def test_a_locked_link_lists_nothing(server, person):
    link = server.link("daypass://box/in/", prefix=True, password=PASSWORD)
    answer = server.use(link)
    assert (answer.status_code, answer.json()["code"]) == (403, "password")
    person.see(f"{place(link)}/in/sub/", status=403)
    person.send(f"{place(link)}/password", password=PASSWORD, csrf="")
    assert "c.txt" in person.see(f"{place(link)}/in/sub/")


def test_a_folder_of_which_the_store_has_nothing_is_not_there(server, person, link):
    assert "The link works" in person.see(f"{place(link)}/in/sub/none/", status=404)
    answer = server.use(link, "sub/none/")
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


def test_a_folder_that_is_empty_is_there(server, person, link):
    assert "Nothing is in here" in person.see(f"{place(link)}/in/marked/")
    assert server.use(link, "marked/").status_code == 200
    bare = server.link("daypass://box/nobody/", prefix=True)
    assert "Nothing is in here" in person.see(place(bare))
    assert hrefs(server.use(bare).text) == []


@pytest.mark.nightly
def test_long_folders_go_on(server, person, box):
    client, bucket, _ = box
    for n in range(103):
        client.put_object(Bucket=bucket, Key=f"many/{n:03}", Body=b"")
    link = server.link("daypass://box/many/", prefix=True)
    text = person.see(place(link))
    assert text.count("<li>") == 100
    (rest,) = re.findall(r'rel="next" href="([^"]+)"', text)
    assert person.see(place(link) + unescape(rest)).count("<li>") == 3
    assert len(hrefs(server.use(link).text)) == 103


@pytest.mark.nightly
@pytest.mark.parametrize("text", ["<&'\">", "übergroß ", "名前"])
def test_pages_are_small_however_long_names_are(server, person, box, text):
    """A key has 1024 bytes at most; in a page each of them may become five characters, and three more in an address."""
    client, bucket, _ = box
    folder = f"long-{ord(text[0]):x}"
    for n in range(40):
        name = f"{n:02}{text * 300}".encode()[:980].decode(errors="ignore")
        client.put_object(Bucket=bucket, Key=f"{folder}/{name}", Body=b"")
    link = server.link(f"daypass://box/{folder}/", prefix=True)
    admin = Person(server).sign_in()
    for who, page in (
        (person, place(link)),
        (admin, "/ui/browse?in=" + quote(f"daypass://box/{folder}/", safe="")),
    ):
        shown = who.see(page)
        assert len(who.answer.content) < 150_000
        assert 10 < shown.count("<li>") < 40
        assert 'rel="next"' in shown


@pytest.mark.nightly
def test_a_page_far_below_is_small_and_leads_up(server, person, box):
    client, bucket, _ = box
    client.put_object(Bucket=bucket, Key=f"below/{'a/' * 480}x.txt", Body=b"")
    link = server.link("daypass://box/below/", prefix=True)
    text = person.see(f"{place(link)}/in/{'a/' * 480}")
    assert len(person.answer.content) < 150_000
    assert f'href="{place(link)}/in/{"a/" * 479}"' in text
    assert f'<a href="{place(link)}">below</a>' in text
    admin = Person(server).sign_in()
    admin.see("/ui/browse?in=" + quote(f"daypass://box/below/{'a/' * 480}", safe=""))
    assert len(admin.answer.content) < 150_000


@pytest.mark.nightly
@pytest.mark.parametrize("text", ["<&'\">", "名前"])
def test_lists_of_links_and_of_what_happened_are_small_however_long_paths_are(server, text):
    path = f"daypass://box/{text * 300}".encode()[:1000].decode(errors="ignore")
    for n in range(50):
        server.link(f"{path}{n}", label=text * 2)
    below = server.link("daypass://box/in/", prefix=True)
    for _ in range(100):
        server.use(below, quote(path[20:], safe=""))
    server.service.events.durable("seen").result()
    admin = Person(server).sign_in()
    for page in ("/ui/links", f"/ui/links/{below['link_id']}"):
        admin.see(page)
        assert len(admin.answer.content) < 150_000


@pytest.mark.nightly
@pytest.mark.parametrize(("methods", "status"), [('"LIST", ', 200), ("", 403)])
def test_whose_maker_may_not_list_shares_what_has_a_known_name(
    tmp_path, monkeypatch, box, person, methods, status
):
    monkeypatch.setenv("DAYPASS_PROFILES__BOX__STORAGE_OPTIONS", box[2])
    text = POLICY.replace('"GET"', f'{methods}"GET"')
    with started(tmp_path, f'[profiles.box]\nurl = "s3://{box[1]}"\n{text}') as server:
        link = server.link("daypass://box/in/", prefix=True)
        assert server.use(link).status_code == status
        person.server = server
        person.see(f"{place(link)}/in/sub/", status=status)
        shown = person.see(place(link))
        assert ("may not list" in shown) is (status == 403)
        assert server.use(link, "sub/c.txt").status_code == 307
