"""People see their links, find some of them, and extend and revoke them."""

from __future__ import annotations

import re
import time
from datetime import UTC, date, datetime, timedelta
from html import unescape
from itertools import pairwise
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
import segno
from sqlalchemy import insert

from daypass_links.server import suspensions
from daypass_links.server.database.tables import link_use
from daypass_links.server.pages import listing
from daypass_links.server.pages.charts import chart_of
from daypass_links.server.pages.listing import Wanted, listed
from daypass_links.server.principals.callers import Caller
from tests.plugins.links.server.pages.conftest import Person, many_links, paths, started

ADMIN = Caller(principal="admin", groups=frozenset(), scopes=frozenset({"admin"}))


@pytest.fixture
def admin(person):
    return person.sign_in()


def test_a_link_is_listed_with_what_it_is(admin, server):
    link = server.link("daypass://maps/listed.csv", label="report", max_uses=5)
    server.use(link)
    text = admin.see("/ui/links?text=listed")
    assert paths(text) == ["daypass://maps/listed.csv"]
    for words in ("report", "alive", "in 7 days", "4 of 5 left", "a minute ago"):
        assert words in text


@pytest.mark.parametrize("text", ["found.csv", "FOUND", "a wor", "remark", "lnk_"])
def test_links_are_found_by_path_label_note_and_id(admin, server, text):
    link = server.link("daypass://maps/%_found.csv", label="a word", note="A remark.")
    text = link["link_id"] if text == "lnk_" else text
    assert "daypass://maps/%_found.csv" in paths(admin.see(f"/ui/links?text={text}"))


@pytest.mark.parametrize("text", ["Äpfel", "äPFEL", "ÄPFEL", "groß und", "αβγ", "ΑΒΓ", "50%_Ö"])
def test_links_are_found_by_letters_of_every_alphabet_in_any_capitals(admin, server, text):
    path = "daypass://maps/Äpfel.csv"
    server.link(path, label="Groß und klein: Αβγ", note="50%_ö")
    server.link("daypass://maps/no-fruit.csv", note="50 _ö: apfel, gross und klein")
    assert {*paths(admin.see(f"/ui/links?text={quote(text)}"))} == {path}


def test_what_is_searched_is_text_and_no_pattern(admin, server):
    server.link("daypass://maps/plain.csv")
    server.link("daypass://maps/50%_off.csv")
    assert paths(admin.see("/ui/links?text=%25_o")) == ["daypass://maps/50%_off.csv"]
    assert "No link is like that" in admin.see("/ui/links?text=pl__n")


def test_links_are_filtered_by_state_and_owner(tmp_path):
    with started(tmp_path) as server:
        admin = Person(server).sign_in("admin", groups=["staff"])
        key = server.new_key("ann", groups=["staff"], scopes=["admin", "links:write"])
        server.new_key("bob", groups=["others"])
        made = {
            "a": server.link("daypass://maps/a"),
            "b": server.link("daypass://maps/b", max_uses=1),
            "c": server.link("daypass://maps/c"),
            "d": server.link("daypass://maps/d", expires_in="1h"),
            "e": server.link("daypass://maps/e", max_uses=1),
        }
        hers = server.ask("POST", "/v1/links", key=key, json={"path": "daypass://maps/f"})
        assert hers.status_code == 201
        server.use(made["b"])
        server.ask("DELETE", f"/v1/links/{made['c']['link_id']}")
        server.clock.now += 3601

        def found(query):
            return "".join(sorted(path[-1] for path in paths(admin.see(f"/ui/links?{query}"))))

        assert found("") == "abcdef"
        assert found("state=alive") == "aef"
        assert found("state=ended") == "bd"
        assert found("state=revoked") == "c"
        assert found("whose=mine") == "abcde"
        assert found("whose=groups") == "abcdef"
        assert found("state=nonsense&whose=x&order=y") == "abcdef"
        assert found("whose=mine&state=alive&text=maps/e") == "e"
        order = paths(admin.see("/ui/links?order=ends&state=alive"))
        assert order[-1] == "daypass://maps/f"
        assert paths(admin.see("/ui/links?order=path"))[0] == "daypass://maps/a"
        assert paths(admin.see("/ui/links"))[0] == "daypass://maps/f"


def test_who_is_no_admin_sees_and_changes_their_own_alone(person, server):
    link = server.link("daypass://maps/not-yours.csv")
    person.sign_in("ann", scopes=("links:read", "links:write"))
    text = person.see("/ui/links?whose=all")
    assert "not-yours" not in text
    assert "Whose" not in text
    person.see("/ui/me")
    csrf = person.csrf
    assert person.ask("GET", f"/ui/links/{link['link_id']}").status_code == 404
    for path, form in (
        (f"/ui/links/{link['link_id']}/extend", {"expires_in": "86400"}),
        ("/ui/links/revoke", {"link": link["link_id"], "sure": "yes"}),
    ):
        answer = person.send(path, csrf=csrf, **form)
        assert answer.status_code == 404
    assert server.use(link).status_code == 307


def test_members_of_a_group_see_one_another_s_links_where_that_is_said_and_change_none(serving):
    server = serving('[links]\nshow_again = true\ngroups_see = ["staff"]\n')
    made = {}
    for name, groups in (("ann", ["staff", "a"]), ("bob", ["staff"]), ("eve", ["a"])):
        key = server.new_key(name, groups=groups, scopes=["admin", "links:write"])
        asked = {"path": f"daypass://maps/{name}"}
        made[name] = server.ask("POST", "/v1/links", key=key, json=asked).json()
    rights = ("links:read", "links:write")
    bob = Person(server).sign_in("bob", groups=["staff"], scopes=rights)
    found = paths(bob.see("/ui/links?order=path"))
    assert found == ["daypass://maps/ann", "daypass://maps/bob"]
    assert re.findall(r'name="link" value="(lnk_\w+)"', bob.answer.text) == [made["bob"]["link_id"]]
    assert paths(bob.see("/ui/links?whose=mine")) == ["daypass://maps/bob"]
    assert paths(bob.see("/ui/links?whose=groups&order=path")) == found
    hers = f"/ui/links/{made['ann']['link_id']}"
    text = bob.see(hers)
    assert "ann" in text
    assert "Set the end" not in text
    assert made["ann"]["url"] not in text
    assert bob.send(f"{hers}/extend", expires_in="86400").status_code == 404
    bob.see("/ui/links")
    answer = bob.send("/ui/links/revoke", link=made["ann"]["link_id"], sure="yes")
    assert answer.status_code == 404
    assert server.use(made["ann"]).status_code == 307
    # Another group of hers is none of those.
    eve = Person(server).sign_in("eve", groups=["a"], scopes=rights)
    assert paths(eve.see("/ui/links")) == ["daypass://maps/eve"]
    assert "Whose" not in eve.see("/ui/links")
    eve.see(hers, 404)


def test_a_link_has_a_page_with_what_happened_to_it(admin, server):
    link = server.link("daypass://maps/seen.csv", ip_range="203.0.113.0/24", note="A remark.")
    server.use(link)
    server.use(link, peer="198.51.100.7")
    server.service.events.durable("seen").result()
    text = admin.see(f"/ui/links/{link['link_id']}")
    for words in ("Download the file", "203.0.113.0/24", "A remark.", link["link_id"]):
        assert words in text
    what = re.findall(r"<span>(Made|Used|Refused)", text)
    assert sorted(what) == ["Made", "Refused", "Used"]
    assert "198.51.100.7" in text


def test_a_link_s_page_draws_how_it_was_used(serving):
    server = serving()
    admin = Person(server).sign_in()
    link = server.link("daypass://maps/drawn.csv", max_uses=9, expires_in="90d")
    page, first = f"/ui/links/{link['link_id']}", day_of(server)
    assert f"It was not used from {first - timedelta(29)} to {first}." in admin.see(page)
    server.use(link)
    server.clock.now += 40 * 86_400
    server.use(link)
    server.use(link)
    today = day_of(server)
    text = admin.sign_in().see(page)
    assert re.findall(r"<title>(20[^<]+)</title>", text) == [f"{today}: 2"]
    assert f'aria-label="Uses from {today - timedelta(29)} to {today}: 2 in all' in text
    assert "A bar for each day, in UTC." in text
    assert len(re.findall(r'<th scope="row">', text)) == 30
    text = admin.see(f"{page}?use=whole")
    assert re.findall(r"<title>(20[^<]+)</title>", text) == [f"{first}: 1", f"{today}: 2"]
    assert len(re.findall(r'<th scope="row">', text)) == 41
    assert "what one client does within 15 minutes counts once" in text
    assert " style=" not in text


def day_of(server):
    return datetime.fromtimestamp(server.clock(), UTC).date()


@pytest.mark.parametrize(
    ("days", "bars", "each"), [(1, 1, 1), (120, 120, 1), (121, 18, 7), (3000, 108, 28)]
)
def test_a_chart_of_long_has_bars_of_several_days(days, bars, each):
    since = date(2026, 1, 1)
    until = since + timedelta(days - 1)
    chart = chart_of({since: 3, until: 4}, since, until)
    assert (len(chart.bars), chart.days, chart.uses) == (bars, each, 7 if days > 1 else 4)
    assert (chart.bars[0].first, chart.bars[-1].last) == (since, until)
    # They stand side by side, on the ground, and the highest fills the height.
    for bar, following in pairwise(chart.bars):
        assert bar.last + timedelta(1) == following.first
        assert bar.x + bar.width < following.x
    assert all(bar.y + bar.height == pytest.approx(100) for bar in chart.bars)
    assert chart.highest.height == 100
    assert chart.bars[-1].x + chart.bars[-1].width < 720


def test_the_url_is_shown_again_to_whoever_made_it_where_that_is_so(serving):
    server = serving("[links]\nshow_again = true\n")
    link = server.link("daypass://maps/again.csv")
    admin = Person(server).sign_in()
    page = f"/ui/links/{link['link_id']}"
    assert link["url"] in admin.see(page)
    assert segno.make(link["url"], error="m").svg_inline(border=3, light="#fff", omitsize=True) in (
        admin.answer.text
    )
    assert link["url"] not in admin.see("/ui/links")
    other = Person(server).sign_in("bob", scopes=("admin",))
    text = other.see(page)
    assert link["url"] not in text
    assert "QR code" not in text


def test_a_link_that_is_not_shown_again_says_so_to_whoever_made_it(admin, server):
    link = server.link()
    assert "is not kept here" in admin.see(f"/ui/links/{link['link_id']}")
    other = Person(server).sign_in("bob", scopes=("admin",))
    assert "is not kept here" not in other.see(f"/ui/links/{link['link_id']}")


def test_a_link_is_given_another_end(admin, server):
    link = server.link("daypass://maps/longer.csv", expires_in="1h")
    admin.see(f"/ui/links/{link['link_id']}")
    answer = admin.send(f"/ui/links/{link['link_id']}/extend", expires_in="2592000")
    assert answer.headers["location"] == f"/ui/links/{link['link_id']}"
    assert "in 30 days" in admin.see(f"/ui/links/{link['link_id']}")
    assert server.events(link) == ["mint", "extend"]


@pytest.mark.parametrize("end", ["", "x", "-5", "999999999"])
def test_an_end_that_is_none_is_refused_in_words(admin, server, end):
    link = server.link()
    admin.see(f"/ui/links/{link['link_id']}")
    answer = admin.send(f"/ui/links/{link['link_id']}/extend", expires_in=end)
    assert 400 <= answer.status_code < 500
    assert "That did not work" in answer.text


def test_links_are_revoked_once_somebody_is_sure(admin, server):
    links = [server.link(f"daypass://maps/{name}") for name in ("r1", "r2", "r3")]
    chosen = [link["link_id"] for link in links[:2]]
    admin.see("/ui/links")
    text = admin.send("/ui/links/revoke", link=chosen).text
    assert "daypass://maps/r1" in text
    assert "daypass://maps/r2" in text
    assert server.use(links[0]).status_code == 307
    answer = admin.send("/ui/links/revoke", link=chosen, sure="yes")
    assert answer.headers["location"] == "/ui/links?done=revoked"
    assert [server.use(link).status_code for link in links] == [410, 410, 307]
    assert "They are revoked" in admin.see("/ui/links?done=revoked")
    assert server.events(links[0])[-1] == "revoke"


def test_one_link_is_revoked_from_its_page(admin, server):
    link = server.link()
    admin.see(f"/ui/links/{link['link_id']}")
    admin.send("/ui/links/revoke", link=link["link_id"])
    answer = admin.send("/ui/links/revoke", link=link["link_id"], sure="yes")
    assert answer.headers["location"] == f"/ui/links/{link['link_id']}"
    text = admin.see(f"/ui/links/{link['link_id']}")
    assert "revoked" in text
    assert "Set the end" not in text


def test_who_revokes_what_they_have_searched_for_goes_on_searching(admin, server):
    asked = "/ui/links?text=sought+%26+found&state=alive&order=path"
    for name in ("a", "b"):
        server.link(f"daypass://maps/{name}", note="sought & found")

    def fields():
        names = ("csrf", "list", "link", "sure")
        form = admin.answer.text.partition('action="/ui/links/revoke"')[2].partition("</form>")[0]
        found = re.findall(r'name="(\w+)" value="([^"]*)"', form)
        return {name: [unescape(value) for one, value in found if one == name] for name in names}

    admin.see(asked)
    nothing = admin.send("/ui/links/revoke", **fields() | {"link": []}).headers["location"]
    assert "Nothing was chosen" in admin.see(nothing)
    assert "sought & found" in unescape(admin.answer.text)
    text = admin.send("/ui/links/revoke", **fields()).text
    keep = unescape(re.search(r'href="([^"]+)">Keep<', text)[1])
    assert dict(parse_qsl(urlsplit(keep).query)) == dict(parse_qsl(urlsplit(asked).query)) | {
        "whose": "all"
    }
    done = admin.send("/ui/links/revoke", **fields()).headers["location"]
    assert done == f"{keep}&done=revoked"
    assert "They are revoked" in admin.see(done)


@pytest.mark.parametrize(
    "place", ["//evil.example/", "https://evil.example", "a&b=/\\evil\r\n", ""]
)
def test_nobody_is_led_elsewhere_by_where_they_chose_links(admin, server, place):
    admin.see("/ui/links")
    answer = admin.send("/ui/links/revoke", list=place)
    assert answer.headers["location"] == "/ui/links?state=all&whose=all&order=newest&done=none"


def test_to_revoke_nothing_or_what_is_not_there_is_told(admin, server):
    admin.see("/ui/links")
    assert admin.send("/ui/links/revoke").status_code == 400
    admin.see("/ui/links")
    assert admin.send("/ui/links/revoke", link="lnk_none", sure="yes").status_code == 404
    link = server.link()
    admin.see("/ui/links")
    assert (
        admin.send("/ui/links/revoke", link=link["link_id"], sure="yes", csrf="x").status_code
        == 403
    )
    assert server.use(link).status_code == 307


def test_what_others_have_named_is_shown_and_not_run(admin, server):
    evil = "<script>alert(1)</script>"
    name = f"daypass://maps/{evil}\"'><img src=x>\u202egpj.exe"  # which would be read exe.jpg
    link = server.link(name, label=evil, note=evil)
    server.use(link)
    server.service.events.durable("upload", link_id=link["link_id"], key=name).result()
    ours = f"/ui/links/{link['link_id']}"
    events = f"/ui/admin/events?link_id={link['link_id']}"
    for path in ("/ui/links", ours, events):
        text = admin.ask("GET", path).text
        assert "<script>alert" not in text
        assert "<img" not in text
        assert evil in unescape(text)
        assert "\u202e" not in text
        assert "\ufffdgpj.exe" in text
    admin.see(ours)
    assert "\u202e" not in admin.send("/ui/links/revoke", link=link["link_id"]).text


def test_what_is_written_comes_back_as_it_was_to_whoever_changes_it(admin):
    """What is shown of it is plain; what a form holds is what will be sent."""
    path = "daypass://maps/\u202egpj.exe"
    admin.see("/ui/new")
    text = unescape(admin.send("/ui/new", path=path, methods="GET").text)
    assert f'value="{path}"' in text
    assert "daypass://maps/\ufffdgpj.exe" in text
    assert f'value="{path}"' in unescape(
        admin.send("/ui/new", path=path, methods="GET", change="yes").text
    )


def test_of_what_happened_only_the_newest_is_shown_at_once(server, person):
    link = server.link("daypass://maps/often.csv")
    for _ in range(12):
        server.use(link)
    text = person.sign_in().see(f"/ui/links/{link['link_id']}")
    newest, earlier = text.partition("What happened")[2].split("<summary>Earlier (3)</summary>")
    assert newest.count(">Used") == 10
    assert earlier.partition("</details>")[0].count(">Used") == 2
    server.use(few := server.link("daypass://maps/seldom.csv"))
    assert "Earlier (" not in person.see(f"/ui/links/{few['link_id']}")


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """A service with a hundred thousand links of a hundred people."""
    with started(tmp_path_factory.mktemp("many")) as server:
        many_links(server.service, int(server.clock()))
        yield server.service


@pytest.mark.nightly
@pytest.mark.parametrize("order", ["newest", "ends", "path"])
def test_pages_of_a_hundred_thousand_links_take_milliseconds_wherever_they_are(many, order):
    service = many
    seen, after, spent = [], "", []
    for _ in range(40):
        before = time.process_time()
        found, after = listed(service, ADMIN, Wanted(order=order, after=after))
        spent.append(time.process_time() - before)
        seen += [one["link_id"] for one in found]
    assert len(set(seen)) == 40 * 50
    middle, _ = listed(service, ADMIN, Wanted(order=order, after=f"lnk_{50_000:020x}"))
    assert len(middle) == 50
    # What is promised of the largest page is 100 ms.
    assert sorted(spent)[20] < 0.1


@pytest.mark.nightly
def test_every_link_of_somebody_is_on_one_of_the_pages(many):
    service = many
    for order in ("newest", "ends", "path"):
        seen, after = [], ""
        caller = Caller(principal="person 7", groups=frozenset(), scopes=frozenset({"links:read"}))
        while after is not None:
            found, after = listed(service, caller, Wanted(order=order, state="alive", after=after))
            seen += [one["link_id"] for one in found]
        assert len(seen) == len(set(seen)) == 1000


def test_pages_follow_one_another_without_a_gap(tmp_path):
    with started(tmp_path) as server:
        for number in range(53):
            server.link(f"daypass://maps/{number:02}")
        admin = Person(server).sign_in()
        for order in ("newest", "ends", "path"):
            first = admin.see(f"/ui/links?order={order}&text=maps")
            rest = re.search(r'rel="next" href="([^"]+)"', first)[1]
            assert "text=maps" in rest
            second = admin.see(rest)
            assert 'rel="next"' not in second
            assert len(paths(first)) == 50
            # Without images, and with the script and the style that it loads.
            files = re.findall(r'(?:href|src)="(/ui/static/[^"]+)"', first)
            assert len({*files}) == 3
            loaded = [admin.ask("GET", file).content for file in files]
            assert len(first.encode()) + sum(map(len, loaded)) < 150_000
            assert len({*paths(first), *paths(second)}) == 53


@pytest.mark.nightly
@pytest.mark.parametrize(
    "said",
    [
        {"state": "alive"},
        {"state": "ended"},
        {"state": "revoked"},
        {"text": "/777/"},
        {"text": "-"},
        {"text": "Ä"},
    ],
    ids=str,
)
def test_what_few_of_a_hundred_thousand_are_is_found_as_fast(many, said):
    """Half of them are limited, and none is used up: whether they are the events alone know."""
    spent = []
    for _ in range(5):
        before = time.process_time()
        listed(many, ADMIN, Wanted(**said))
        spent.append(time.process_time() - before)
    assert sorted(spent)[2] < 0.1


def test_where_many_had_to_be_looked_at_the_next_page_looks_further(tmp_path, monkeypatch):
    monkeypatch.setattr(listing, "_TOGETHER", 2)
    monkeypatch.setattr(listing, "_LOOKS", 2)
    with started(tmp_path) as server:
        made = [server.link(f"daypass://maps/{number}", max_uses=2) for number in range(9)]
        with server.service.databases.events.begin() as connection:
            rows = [{"link_id": made[number]["link_id"], "uses": 2} for number in (0, 8)]
            connection.execute(insert(link_use), rows)
        admin = Person(server).sign_in()
        seen, page = [], "/ui/links?state=ended"
        while page:
            text = admin.see(page)
            seen.append(paths(text))
            rest = re.search(r'rel="next" href="([^"]+)"', text)
            page = rest and rest[1]
        assert seen == [["daypass://maps/8"], [], ["daypass://maps/0"]]
        assert len(paths(admin.see("/ui/links?state=alive"))) == 3


@pytest.mark.parametrize("kind", ["link", "caller"])
def test_what_is_suspended_is_among_what_leads_nowhere(tmp_path, kind):
    with started(tmp_path) as server:
        admin = Person(server).sign_in()
        link = server.link("daypass://maps/held.csv")
        with server.service.databases.main.begin() as connection:
            name = link["link_id"] if kind == "link" else "admin"
            suspensions.suspend(connection, kind, name, "uses", int(server.clock()))
        server.service.changes.read()
        assert paths(admin.see("/ui/links?state=revoked")) == ["daypass://maps/held.csv"]
        assert paths(admin.see("/ui/links?state=alive")) == []
