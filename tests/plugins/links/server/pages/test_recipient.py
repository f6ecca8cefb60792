"""The page of a link for whoever got it: what it says, and what it says where the link opens nothing."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
from html import unescape

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from daypass_links.server.app import application
from daypass_links.server.links import guesses
from daypass_links.server.pages import friendly, previews
from daypass_links.server.service import Service
from tests.plugins.links.server.conftest import Running
from tests.plugins.links.server.pages.conftest import Person, started

pytestmark = pytest.mark.servers

#: What Chromium, Firefox and Safari send where somebody opens a page.
BROWSERS = [
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8",
    "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
]
HTML = {"accept": BROWSERS[0]}
#: And besides, where it was opened from a message, and from the page of the link.
FROM_ELSEWHERE = {**HTML, "sec-fetch-mode": "navigate", "sec-fetch-site": "none"}
FROM_ITS_PAGE = {**HTML, "sec-fetch-mode": "navigate", "sec-fetch-site": "same-origin"}
PASSWORD = "correct horse"
EVIL = '"><script>alert(1)</script>'
#: The smallest picture there is.
GIF = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")


@pytest.fixture(scope="module")
def box(local, bucket):
    """A client of a store, and its bucket."""
    client = local.client
    client.put_object(Bucket=bucket, Key="a.csv", Body=b"x,y\n1,2\n", ContentType="text/csv")
    return client, bucket


@pytest.fixture(scope="module")
def server(local, box, tmp_path_factory):
    """A service before that store, for all tests of this module."""
    options = json.dumps(local.storage_options)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAYPASS_PROFILES__BOX__STORAGE_OPTIONS", options)
        # Where many tests run at once, its first answer takes longer than a reader waits.
        patch.setattr("daypass_links.server.pages.looking.PATIENCE", 60.0)
        patch.setattr("daypass_links.server.pages.reading.PATIENCE", 60.0)
        with started(
            tmp_path_factory.mktemp("recipient"), f'[profiles.box]\nurl = "s3://{box[1]}"\n'
        ) as found:
            yield found


@pytest.fixture
def linked(server, box):
    """Make a link to an object that is there."""

    def make(key="a.csv", body=None, kind="text/plain", **asked):
        if body is not None:
            client, bucket = box
            client.put_object(Bucket=bucket, Key=key, Body=body, ContentType=kind)
        return server.link(f"daypass://box/{key}", **asked)

    return make


def place(link, beginning="p"):
    """Return the path of a link's page."""
    return f"/{beginning}/{link['url'].rstrip('/').rpartition('/')[2]}"


def test_a_page_says_what_a_link_is_and_uses_nothing_up(server, person, box, linked):
    client, bucket = box
    digest = hashlib.sha256(b"x,y\n").digest()
    client.put_object(
        Bucket=bucket,
        Key="b.csv",
        Body=b"x,y\n",
        ContentType="text/csv",
        ChecksumSHA256=base64.b64encode(digest).decode(),
    )
    link = linked("b.csv", max_uses=2, message="As promised.")
    text = person.see(place(link))
    for said in ("admin shares", "b.csv", "As promised.", "2 are left", "4 B", "text/csv"):
        assert said in text.replace("\N{NO-BREAK SPACE}", " ")
    assert digest.hex() in text
    assert f'href="{place(link, "l")}"' in text
    assert server.events(link) == ["mint", "head"]
    assert server.ask("GET", f"/v1/links/{link['link_id']}").json()["uses"] == 0


def test_no_page_is_in_a_browsers_cache_or_tells_its_address(person, linked):
    person.see(place(linked()))
    headers = person.answer.headers
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert "unsafe" not in headers["content-security-policy"]


@pytest.mark.parametrize("beginning", ["p", "l"])
@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"starts_at": "2026-12-01T00:00:00Z"}, "does not work yet"),
        ({"ip_range": "192.0.2.0/24"}, "not for your network"),
        ({"referrers": ["example.org"]}, "opens from a website"),
    ],
)
def test_a_browser_is_told_what_to_do_where_a_link_is_not_for_it(
    person, linked, beginning, asked, words
):
    answer = person.ask("GET", place(linked(**asked), beginning), headers=HTML)
    assert answer.status_code == 403
    assert words in answer.text


@pytest.mark.parametrize("beginning", ["p", "l"])
def test_a_browser_is_told_what_to_do_where_a_link_is_over(server, person, linked, beginning):
    revoked, used, ended = linked(), linked(max_uses=1), linked(expires_in="1m")
    server.ask("DELETE", f"/v1/links/{revoked['link_id']}")
    assert server.use(used, peer="198.51.100.1").status_code == 307
    for link, words in ((revoked, "taken back"), (used, "used up")):
        answer = person.ask("GET", place(link, beginning), headers=HTML)
        assert (answer.status_code, words in answer.text) == (410, True)
    server.clock.now += 61
    answer = person.ask("GET", place(ended, beginning), headers=HTML)
    assert (answer.status_code, "has ended" in answer.text) == (410, True)


def test_unknown_tokens_have_one_page_whatever_they_look_like(person):
    texts = {
        person.ask("GET", f"/{beginning}/{token}", headers=HTML).text
        for beginning in ("p", "l")
        for token in ("A" * 22, "short", "%00", "<script>")
    }
    assert len(texts) == 1
    assert person.answer.status_code == 404


@pytest.mark.parametrize("accepted", ["", "*/*", "application/json", "text/html;q=x", "image/*"])
def test_whoever_does_not_ask_for_a_page_is_told_in_json(person, accepted):
    answer = person.ask("GET", f"/l/{'A' * 22}", headers={"accept": accepted})
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("accepted", BROWSERS)
def test_browsers_want_a_page(accepted):
    assert friendly._prefers_html(accepted)


def test_a_link_for_uploads_says_how_to_upload(person, linked):
    text = person.see(place(linked(method="PUT")))
    assert "curl -fL -T a.csv http://127.0.0.1:8321/l/" in text


def test_without_a_script_a_file_that_is_not_taken_is_told_where_it_was_named(server):
    link = server.link("daypass://maps/in/", inbox=True, content_types=["image/*"], max_uses=1)
    person = Person(server, language="de")
    page = place(link)
    answer = person.ask("POST", f"{page}/form", data={"name": 'a "b".txt'})
    assert answer.status_code == 422
    text = unescape(answer.text)
    assert "Dateien dieser Art werden hier nicht angenommen" in text
    assert 'value="a "b".txt"' in text
    assert 'href="/ui"' not in text
    assert person.ask("POST", f"{page}/form", data={"name": "a.png"}).status_code == 200


def test_without_a_script_a_password_is_asked_for_where_a_file_was_named(server, person):
    link = server.link("daypass://maps/in/", inbox=True, password="a password")
    answer = person.ask("POST", f"{place(link)}/form", data={"name": "a.txt"})
    assert answer.status_code == 403
    assert "This link has a password" in answer.text


def test_whoever_has_a_link_is_not_led_to_where_one_signs_in(person, linked):
    link = linked(password="a password")
    headers = {"sec-fetch-site": "cross-site"}
    answer = person.ask("POST", f"{place(link)}/password", headers=headers, data={"password": ""})
    assert answer.status_code == 403
    assert 'href="/ui"' not in answer.text
    assert 'href="/ui"' not in person.see("/p/x/none/at/all", 404)


def test_the_words_are_the_readers(person, linked):
    person.language = "de"
    assert "Herunterladen" in person.see(place(linked()))


def test_what_is_not_there_is_said_to_be_missing(person, linked):
    assert "what it led to is not there" in person.see(place(linked("gone.txt")), status=404)


def test_what_a_store_does_not_tell_is_said(person, server):
    link = server.link("daypass://box/a.csv")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("daypass_links.server.pages.looking.PATIENCE", 0.0)
        text = person.see(place(link))
    assert "The store does not say just now" in text


@pytest.mark.parametrize("preview", [False, True])
def test_names_of_strangers_are_text_on_every_page(person, linked, preview):
    rows = f"{EVIL},b\n1,{EVIL}\n"
    link = linked(f"{EVIL}\u202egnp.csv", rows.encode(), "text/csv", message=EVIL, preview=preview)
    person.see(place(link))
    raw = person.answer.text
    assert "<script>alert" not in raw
    assert "\u202e" not in raw
    assert ("&lt;script&gt;alert" in raw) is True


class TestLimited:
    """Links that can be used so many times ask before they are."""

    def test_a_browser_is_led_to_the_page_first(self, server, person, linked):
        link = linked(max_uses=1)
        answer = person.ask("GET", place(link, "l"), headers=FROM_ELSEWHERE)
        assert (answer.status_code, answer.headers["location"]) == (303, place(link))
        assert server.events(link) == ["mint"]
        answer = person.ask("GET", place(link, "l"), headers=FROM_ITS_PAGE)
        assert answer.status_code == 307

    def test_programs_are_not(self, server, linked):
        assert server.use(linked(max_uses=1)).status_code == 307

    def test_others_are_followed_at_once(self, person, linked):
        answer = person.ask("GET", place(linked(), "l"), headers=FROM_ELSEWHERE)
        assert answer.status_code == 307


class TestPasswords:
    """Links with a password open for whoever has both."""

    def test_a_link_opens_once_its_password_was_given(self, server, person, linked):
        link = linked(password=PASSWORD)
        assert link["has_password"]
        assert PASSWORD not in json.dumps(link)
        assert "has a password" in person.see(place(link), status=403)
        answer = person.ask("GET", place(link, "l"), headers=HTML)
        assert (answer.status_code, answer.headers["location"]) == (303, place(link))
        assert person.ask("GET", place(link, "l")).json()["code"] == "password"
        assert person.ask("HEAD", place(link, "l")).status_code == 403
        answer = person.send(f"{place(link)}/password", password=PASSWORD, csrf="")
        assert (answer.status_code, answer.headers["location"]) == (303, place(link))
        assert {"HttpOnly", "SameSite=lax", "Path=/"} <= {*answer.headers["set-cookie"].split("; ")}
        assert "a.csv" in person.see(place(link))
        assert person.ask("GET", place(link, "l")).status_code == 307
        assert server.events(link) == ["mint", "admit", "head", "use"]

    @pytest.mark.nightly
    def test_the_proof_is_for_that_link_alone_and_for_a_quarter_of_an_hour(
        self, server, person, linked
    ):
        first, second = linked(password=PASSWORD), linked(password=PASSWORD)
        person.send(f"{place(first)}/password", password=PASSWORD, csrf="")
        ((name, value),) = person.cookies.items()
        person.cookies.set(name.replace(first["link_id"], second["link_id"]), value)
        assert person.ask("GET", place(second, "l")).status_code == 403
        server.clock.now += 901
        assert person.ask("GET", place(first, "l")).status_code == 403

    @pytest.mark.nightly
    @pytest.mark.parametrize(
        "proof", ["", ".", "9999999999.", f"{'9' * 5000}.x", "1796000100.x", "\u0661.x"]
    )
    def test_no_other_cookie_is_a_proof(self, server, linked, proof):
        link = linked(password=PASSWORD)
        cookie = f"daypass-{link['link_id']}={proof}".encode()
        assert server.use(link, headers={b"cookie": cookie}).status_code == 403

    @pytest.mark.nightly
    def test_five_wrong_passwords_are_enough_for_a_while(self, server, person, linked):
        link = linked(password=PASSWORD)
        for _ in range(5):
            answer = person.send(f"{place(link)}/password", password="wrong horse", csrf="")
            assert answer.status_code == 403
        assert "not the password" in answer.text
        answer = person.send(f"{place(link)}/password", password=PASSWORD, csrf="")
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "900")
        elsewhere = {"password": PASSWORD}
        answer = server.ask("POST", f"{place(link)}/password", data=elsewhere, peer="198.51.100.4")
        assert answer.status_code == 303
        assert server.events(link).count("refuse") == 5
        server.clock.now += 901
        answer = person.send(f"{place(link)}/password", password=PASSWORD, csrf="")
        assert answer.status_code == 303

    @pytest.mark.nightly
    def test_tries_are_those_of_all_processes(self, server, linked):
        link, data = linked(password=PASSWORD), {"password": "wrong horse"}
        service = Service.of(server.service.settings, server.clock)
        other = Running(service, application(service), server.key, server.clock)
        found = [
            one.ask("POST", f"{place(link)}/password", data=data).status_code
            for one in (server, other) * 4
        ]
        service.close()
        assert found == [403] * 5 + [429] * 3

    @pytest.mark.nightly
    @pytest.mark.parametrize(
        "headers",
        [
            {"sec-fetch-site": "cross-site"},
            {"sec-fetch-site": "same-site"},
            {"origin": "https://evil.example"},
        ],
    )
    def test_no_other_site_sends_the_form(self, server, linked, headers):
        link = linked(password=PASSWORD)
        data = {"password": PASSWORD}
        answer = server.ask("POST", f"{place(link)}/password", data=data, headers=headers)
        assert answer.status_code == 403
        assert "set-cookie" not in answer.headers

    def test_whoever_has_the_password_takes_no_try_of_others(self, server, linked, monkeypatch):
        monkeypatch.setattr(guesses, "_OF_ALL", 2)
        link = linked(password=PASSWORD)

        def given(password, last):
            data, peer = {"password": password}, f"198.51.100.{last}"
            return server.ask("POST", f"{place(link)}/password", data=data, peer=peer).status_code

        assert [given(PASSWORD, n) for n in range(4)] == [303] * 4
        assert [given("wrong horse", n) for n in range(3)] == [403, 403, 429]

    @pytest.mark.parametrize("password", ["", "short", "x" * 201, "two\nlines of it", 12345678])
    def test_what_is_no_password_is_refused(self, server, password):
        asked = {"path": "daypass://box/a.csv", "password": password}
        answer = server.ask("POST", "/v1/links", json=asked)
        assert (answer.status_code, answer.json()["option"]) == (400, "password")

    def test_the_database_has_what_argon2_makes_of_it(self, server, linked):
        linked(password=PASSWORD)
        with server.service.databases.reading_main.connect() as connection:
            kept = connection.exec_driver_sql(
                "SELECT password FROM link WHERE password IS NOT NULL"
            ).scalars()
            assert all(one.startswith("$argon2id$v=19$m=65536,t=3,p=4$") for one in kept)


class TestPreviews:
    """The beginning of what a link opens."""

    def test_text_is_shown_where_its_maker_wants_that(self, server, person, linked):
        text = "Grüße <b>\n" * 100
        assert "<pre" not in person.see(place(linked("t.txt", text.encode())))
        link = linked("t.txt", preview=True)
        shown = person.see(place(link))
        assert shown.count("Grüße <b>") == 60
        assert "There is more" in shown
        assert server.events(link) == ["mint", "head", "preview"]

    @pytest.mark.parametrize(
        ("name", "body"), [("t.csv", b"a;b\n1;2\n"), ("t.tsv", b"a\tb\n1\t2\n")]
    )
    def test_a_table_is_shown_in_rows(self, person, linked, name, body):
        shown = person.see(place(linked(name, body, preview=True)))
        assert '<th scope="col">a</th><th scope="col">b</th>' in shown
        assert "<td>1</td><td>2</td>" in shown

    def test_of_a_parquet_file_the_first_rows_are_shown(self, server, person, linked):
        file = io.BytesIO()
        pq.write_table(pa.table({"a": range(100), "b": [EVIL] * 100}), file)
        link = linked("t.parquet", file.getvalue(), preview=True)
        shown = person.see(place(link))
        assert '<th scope="col">a</th><th scope="col">b</th>' in shown
        assert person.answer.text.count("<tr>") == 21
        assert "<script>alert" not in person.answer.text
        assert "There is more" in shown
        assert server.events(link) == ["mint", "head", "preview"]
        assert "<th" not in person.see(place(linked("x.parquet", b"PAR1", preview=True)))

    @pytest.mark.nightly
    def test_of_a_large_file_no_more_than_the_beginning_is_read(self, person, linked):
        body = b"a,b\n" + b"1,2\n" * 500_000
        person.see(place(linked("t.csv", body, "text/csv", preview=True)))
        assert person.answer.text.count("<tr>") == 21
        assert len(person.answer.content) < 150_000

    def test_a_picture_is_shown_under_a_policy_of_its_own(self, person, linked):
        link = linked("p.gif", GIF, "image/svg+xml", preview=True)
        assert f'src="{place(link)}/picture"' in person.see(place(link))
        answer = person.ask("GET", f"{place(link)}/picture")
        assert answer.content == GIF
        assert answer.headers["content-type"] == "image/gif"
        assert "sandbox" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"

    @pytest.mark.parametrize(
        ("name", "body", "asked"),
        [
            ("p.png", b"<svg onload='alert(1)'/>", {"preview": True}),
            ("p.gif", GIF, {}),
        ],
    )
    def test_what_is_no_picture_or_not_to_be_shown_is_not_given(
        self, person, linked, name, body, asked
    ):
        answer = person.ask("GET", f"{place(linked(name, body, **asked))}/picture")
        assert answer.status_code == 404

    @pytest.mark.parametrize(
        ("asked", "said"),
        [
            ({"max_uses": 3}, "max_uses"),
            ({"prefix": True}, "prefix"),
            ({"method": "PUT"}, "PUT"),
        ],
    )
    def test_a_link_of_which_nothing_can_be_shown_is_not_made_with_a_preview(
        self, server, asked, said
    ):
        asked = {"path": "daypass://box/t.txt", "preview": True, **asked}
        answer = server.ask("POST", "/v1/links", json=asked)
        told = answer.json()
        assert (answer.status_code, told["code"]) == (422, "unsupported-option")
        assert told["option"] == "preview"
        assert said in told["detail"]

    def test_what_would_turn_or_hide_a_text_is_not_passed_on(self, person, linked):
        body = "a\u202eb\x1b[2J\u200bc\td".encode()
        text = person.see(place(linked("t.txt", body, preview=True)))
        assert "a\ufffdb\ufffd[2J\ufffdc\td" in text

    @pytest.mark.nightly
    @pytest.mark.parametrize("body", [b"\n" * 65_000, b"," * 65_000, b'"' + b"a" * 65_000])
    def test_a_table_of_nothing_or_of_very_much_is_small(self, person, linked, body):
        text = person.see(place(linked("t.csv", body, "text/csv", preview=True)))
        assert len(text) < 20_000
        columns = len(re.findall(r"<th[ >]", text))
        assert columns in (0, 1, 12)
        assert ("<table" in text) is (columns > 0)

    @pytest.mark.parametrize("body", [b"\xff\xfe\x00", b"a\0b", b"\x80" * 40])
    def test_what_is_no_text_is_not_shown(self, person, linked, body):
        assert "<pre" not in person.see(place(linked("t.txt", body, preview=True)))

    @pytest.mark.parametrize(
        ("begins", "kind"),
        [
            (b"\x89PNG\r\n\x1a\n\0", "image/png"),
            (b"\xff\xd8\xff\xe0", "image/jpeg"),
            (b"RIFF\x24\0\0\0WEBPVP8 ", "image/webp"),
            (b"\0\0\0\x20ftypavif\0", "image/avif"),
            (b"<svg", None),
            (b"RIFF\x24\0\0\0WAVE", None),
        ],
    )
    def test_a_picture_is_what_begins_like_one(self, begins, kind):
        assert previews._kind_of(begins) == kind


@pytest.mark.nightly
def test_a_page_by_https_has_a_cookie_of_its_host_alone(tmp_path, monkeypatch, servers, box):
    options = json.dumps(servers("localstack").storage_options)
    monkeypatch.setenv("DAYPASS_PROFILES__BOX__STORAGE_OPTIONS", options)
    text = (
        f'[profiles.box]\nurl = "s3://{box[1]}"\n[server]\npublic_url = "https://links.example"\n'
    )
    with started(tmp_path, text) as server:
        link = server.link("daypass://box/a.csv", password=PASSWORD)
        person = Person(server, scheme="https")
        answer = person.send(f"{place(link)}/password", password=PASSWORD, csrf="")
        assert answer.headers["set-cookie"].startswith(f"__Host-daypass-{link['link_id']}=")
        assert "Secure" in answer.headers["set-cookie"]
        assert person.ask("GET", place(link, "l")).status_code == 307
