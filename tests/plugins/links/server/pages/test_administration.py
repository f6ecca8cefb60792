"""Whoever has the scope ``admin`` sees everything and looks after it on pages; nobody else sees any of them."""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from html import unescape
from urllib.parse import quote

import pytest

from daypass_links.server import suspensions
from daypass_links.server.events.checkpoints import checkpoint
from daypass_links.server.keyset import KeySet
from daypass_links.server.pages.administration import checkpoints, exports
from daypass_links.server.pages.administration.events import told
from daypass_links.server.pages.router import PAGES
from daypass_links.server.principals.known import remember
from tests.plugins.links.server.pages.conftest import Person, started

CONFIGURATION = """
[alerts]
[[roots]]
profile = "maps"
paths = ["open/**"]
groups = ["staff"]
[policy]
[[policy.rules]]
name = "no-secrets"
effect = "deny"
paths = ["s3://results/open/secret/**"]
[[policy.rules]]
name = "read"
paths = ["s3://results/**"]
methods = ["GET", "HEAD"]
max_expires_in = "1h"
per_caller = { urls_per_minute = 1000 }
"""
EVIL = "<script>alert(1)</script>"
ROUTES = sorted(
    (method, route.path_format)
    for route in PAGES.routes
    if route.path_format.startswith("/ui/admin")
    for handler in route.route_handlers
    for method in handler.http_methods
    if method != "OPTIONS"
)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with started(tmp_path_factory.mktemp("administration"), CONFIGURATION) as found:
        yield found


@pytest.fixture
def admin(person):
    person.sign_in("admin", groups=["staff"])
    person.see("/ui/admin")
    return person


def shared(server, name="a.csv", **asked):
    """Make a link by somebody who may."""
    key = server.new_key("ann", groups=["staff"])
    answer = server.ask(
        "POST", "/v1/links", key=key, json={"path": f"daypass://maps/open/{name}", **asked}
    )
    assert answer.status_code == 201, answer.text
    return answer.json()


def lines(answer):
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.content.split(b"\n")[:-1]]


def test_there_are_such_routes():
    assert {path for _, path in ROUTES} >= {"/ui/admin", "/ui/admin/callers", "/ui/admin/events"}


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_who_is_no_admin_sees_and_does_nothing_of_it(person, server, method, path):
    person.sign_in("bob", scopes=("links:read", "links:write", "sign")).see("/ui/me")
    assert "/ui/admin" not in person.answer.text
    form = {"csrf": person.csrf, "sure": "yes", "kind": "caller", "name": "ann", "format": "csv"}
    answer = person.ask(method, path, **({} if method == "GET" else {"data": form}))
    assert answer.status_code == 403
    assert "You may not do this" in answer.text


def test_health_is_told_with_versions(admin):
    text = admin.see("/ui/admin")
    for words in ("sqlite 3.", "daypass-links 0.", "Python 3.", "0 are waiting", "well"):
        assert words in text
    assert "not well" not in text


def test_health_says_what_is_wrong(admin, server, monkeypatch):
    monkeypatch.setattr(server.service.events, "_failure", "no room is left")
    text = admin.see("/ui/admin")
    assert "not well" in text
    assert "no room is left" in text


def test_everything_is_tried_as_the_command_does(admin, monkeypatch):
    monkeypatch.setattr("daypass_links.server.check._reach", lambda _: None)
    text = admin.send("/ui/admin/check").text
    for words in ("configuration", "database", "keys", "quotas", "store of daypass://maps"):
        assert f'<strong lang="en">{words}</strong>' in text


def test_a_key_is_made_shown_once_found_and_revoked(admin, server):
    admin.see("/ui/admin/callers")
    form = {"principal": "carlä", "scopes": ["links:read", "sign"], "groups": "staff, others"}
    text = admin.send("/ui/admin/callers", **form, prefixes="daypass://maps/open", days="30").text
    key = re.search(r'id="url" value="(dpl_[^"]+)"', text)[1]
    assert server.ask("GET", "/v1/links", key=key).status_code == 200
    text = admin.see("/ui/admin/callers?text=CARLÄ")
    assert key not in text
    for words in ("carlä", "others, staff", "links:read, sign", "daypass://maps/open"):
        assert words in text
    key_id = re.search(r'name="key_id" value="(key_[^"]+)"', text)[1]
    text = admin.send("/ui/admin/callers/revoke", key_id=key_id).text
    assert "Revoke the key?" in text
    assert server.ask("GET", "/v1/links", key=key).status_code == 200
    answer = admin.send("/ui/admin/callers/revoke", key_id=key_id, sure="yes")
    assert answer.headers["location"] == "/ui/admin/callers?done=revoked"
    assert server.ask("GET", "/v1/links", key=key).status_code == 401
    assert "The key is revoked" in admin.see("/ui/admin/callers?done=revoked")
    (made, revoked) = [
        event for event in found(admin, server, kind="key") if event["key_id"] == key_id
    ]
    assert (made["of"], made["principal"], revoked["revoked"]) == ("carlä", "admin", True)


def found(admin, server, **sought):
    """Return the events that the export has."""
    server.service.events.durable("seen").result()
    admin.see("/ui/admin/events")
    return lines(admin.send("/ui/admin/events/export", format="ndjson", **sought))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"principal": ""}, "principal"),
        ({"principal": "x" * 201}, "principal"),
        ({"scopes": []}, "at least one scope"),
        ({"scopes": ["all"]}, "scopes"),
        ({"days": "soon"}, "expires_in"),
        ({"prefixes": "s3://"}, ""),
    ],
    ids=str,
)
def test_a_key_that_cannot_be_is_told_beside_what_was_written(admin, server, wrong, said):
    before = server.ask("GET", "/v1/keys").json()["items"]
    admin.see("/ui/admin/callers")
    form = {"principal": "dora", "scopes": ["sign"], "days": "30"}
    answer = admin.send("/ui/admin/callers", **form | wrong)
    assert answer.status_code == 400
    assert "The key was not made" in answer.text
    assert said in answer.text
    assert server.ask("GET", "/v1/keys").json()["items"] == before


def test_what_was_written_of_a_key_is_kept_where_the_session_has_ended(person, server):
    person.sign_in().see("/ui/admin/callers")
    form = {"principal": "dora", "scopes": ["sign"], "groups": "staff", "csrf": "old"}
    person.cookies.clear()
    answer = person.send("/ui/admin/callers", **form)
    assert answer.status_code == 403
    assert 'name="principal" value="dora"' in answer.text
    answer = person.sign_in().send("/ui/admin/callers", **form)
    assert answer.status_code == 403
    assert "You have signed in anew" in answer.text
    assert 'name="groups" value="staff"' in answer.text
    assert "dora" not in person.see("/ui/admin/callers")


def test_details_of_an_event_are_json_or_words():
    line = {"kind": "revoke", "time": "2026-11-30T10:00:00.000000+00:00", "revoked": 2}
    said = told({**line, "which": {"label": "rv2"}, "all": True, "groups": ["a", "b"], "step": "x"})
    assert said["more"] == {
        "revoked": "2",
        "which": '{"label": "rv2"}',
        "all": "true",
        "groups": "a, b",
        "step": "x",
    }


def test_a_key_that_is_not_there_is_told(admin):
    admin.see("/ui/admin/callers")
    assert admin.send("/ui/admin/callers/revoke", key_id="key_none").status_code == 404


def test_callers_are_read_page_by_page(tmp_path):
    with started(tmp_path) as server:
        with server.service.databases.main.begin() as connection:
            for number in range(60):
                remember(connection, f"person {number:02}", [], int(server.clock()))
        admin = Person(server).sign_in()
        first = admin.see("/ui/admin/callers")
        rest = re.search(r'rel="next" href="([^"]+)"', first)[1]
        second = admin.see(unescape(rest))
        assert 'rel="next"' not in second
        names = [*re.findall(r"<strong>(.*?)</strong>", first + second)]
        assert names == ["admin", *(f"person {number:02}" for number in range(60))]


def test_roots_and_rules_are_shown_as_they_are_written(admin):
    text = admin.see("/ui/admin/policy")
    for words in ("daypass://maps", "open/**", "staff", "no-secrets", "read", "max_expires_in"):
        assert words in text
    assert "urls_per_minute = 1000" in text
    assert "on_longer" not in text


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("caller=zoe&groups=staff&method=GET&path=daypass://maps/open/a", ["They may.", "allows"]),
        (
            "caller=zoe&method=GET&path=daypass://maps/open/a",
            ["They may not.", "shared by members of staff"],
        ),
        (
            "caller=zoe&groups=staff&method=GET&path=daypass://maps/open/secret/a",
            ["They may not.", "rule 'no-secrets' of the policy denies", "not reached"],
        ),
        (
            "caller=zoe&groups=staff&method=PUT&path=daypass://maps/open/a",
            ["They may not.", "it is for GET, HEAD", "not for this"],
        ),
        ("caller=zoe&groups=staff&method=LIST&path=daypass://maps/open/", ["They may not."]),
        ("caller=zoe&method=GET&path=nonsense", ["They may not."]),
        ("caller=zoe&method=x&path=daypass://maps/open/a", ["They may not."]),
        (f"caller={EVIL}&groups={EVIL}&path=daypass://maps/{EVIL}", ["They may not."]),
    ],
)
def test_why_somebody_may_do_something_is_said_rule_by_rule(admin, asked, said):
    text = admin.see(f"/ui/admin/policy?{asked}")
    for words in said:
        assert words in text
    assert EVIL not in admin.answer.text


def test_without_roots_it_is_said_that_admins_alone_may(tmp_path):
    with started(tmp_path) as found:
        admin = Person(found).sign_in()
        text = admin.see("/ui/admin/policy?caller=ann&method=GET&path=daypass://maps/a")
        assert "They may with the scope admin, and not without" in text
        ann = Person(found).sign_in("ann", scopes=("links:write",))
        ann.see("/ui/me")
        assert (
            ann.send("/ui/new", path="daypass://maps/a", methods="GET", sure="y").status_code == 403
        )


def test_asking_the_policy_makes_and_counts_nothing(admin, server):
    before = found(admin, server)
    admin.see("/ui/admin/policy?caller=ann&groups=staff&method=GET&path=daypass://maps/open/a")
    after = found(admin, server)
    assert [one["kind"] for one in after[len(before) :]] == ["seen"]


def test_all_links_are_found_by_who_made_them(admin, server):
    link = shared(server, "anns.csv")
    text = admin.see("/ui/links?whose=all&text=ANN")
    assert link["link_id"] in text
    other = Person(server).sign_in("bob", scopes=("links:read",))
    assert link["link_id"] not in other.see("/ui/links?whose=all&text=ann")


def test_events_are_found_by_what_whose_and_when(admin, server):
    link = shared(server, "found.csv")
    server.use(link)
    server.clock.now += 3600
    server.use(link)
    server.service.events.durable("seen").result()

    def what(query):
        text = admin.see(f"/ui/admin/events?{query}")
        assert "Export" in text
        return re.findall(r'data-name="What">([^<]+)<', text)

    of = f"link_id={link['link_id']}"
    assert what(of) == ["Link used", "Link used", "Link made"]
    assert what(f"{of}&kind=use") == ["Link used", "Link used"]
    assert what(f"{of}&principal=ann") == ["Link made"]
    moment = datetime.fromtimestamp(server.clock() - 1800, UTC)
    since = f"since={moment:%Y-%m-%dT%H:%M}"
    assert what(f"{of}&{since}") == ["Link used"]
    assert what(f"{of}&{since.replace('since', 'until')}") == ["Link used", "Link made"]
    east = moment.astimezone(timezone(timedelta(hours=5)))
    assert what(f"{of}&since={quote(east.isoformat())}") == ["Link used"]
    assert what("principal=nobody") == []
    for wrong in ("kind=x", "since=x", "after=x", "after=nan a 1"):
        assert admin.ask("GET", f"/ui/admin/events?{wrong}").status_code == 400


def test_pages_of_events_follow_one_another_without_a_gap(admin, server, monkeypatch):
    monkeypatch.setattr("daypass_links.server.events.finding._SPAN", 7)
    for number in range(20):
        server.service.events.note("look", principal="eve", path=f"s3://b/{number}")
        server.service.events.note("use", link_id=None)
    server.service.events.durable("seen").result()
    seen, path = [], "/ui/admin/events?kind=look&principal=eve"
    for _ in range(1000):
        if path is None:
            break
        text = admin.see(path)
        seen += re.findall(r"path=s3://b/(\d+)", text)
        more = re.search(r'rel="next" href="([^"]+)"', text)
        path = more and unescape(more[1])
    assert [int(one) for one in seen] == [*range(19, -1, -1)]


def test_an_export_has_the_lines_as_they_were_hashed(admin, server):
    shared(server)
    for line in found(admin, server):
        assert {"chain", "seq", "prev", "hash", "time", "kind"} <= {*line}
    for raw in admin.answer.content.splitlines():
        body, _, rest = raw.rpartition(b',"hash":"')
        assert sha256(body).hexdigest() == rest[:64].decode()


def test_no_cell_of_a_csv_file_is_a_formula(admin, server):
    names = ["=1+1", "+1", "-1", "@SUM(1)", "\uff1d1+1", " =1+1", "=cmd|' /C calc'!A0", '"=1']
    for name in names:
        server.service.events.note("look", principal=name, path="s3://b/k")
    server.service.events.durable("seen").result()
    admin.see("/ui/admin/events")
    answer = admin.send("/ui/admin/events/export", format="csv", kind="look")
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="events.csv"'
    (head, *rows) = csv.reader(io.StringIO(answer.text, newline=""))
    assert head == [*exports._COLUMNS]
    told = [row[2] for row in rows if row[2].lstrip("'") in names]
    assert told == [name if name[0] == '"' else f"'{name}" for name in names]
    for row in rows:
        assert not [cell for cell in row if cell.startswith(("=", "+", "-", "@"))]


@pytest.mark.parametrize("end", [";", "|", "\t"])
def test_no_cell_is_a_formula_where_cells_end_otherwise(admin, server, end):
    """As in spreadsheets of German: a key that is asked for is a stranger's."""
    said = [f"x{end}=cmd|' /C calc'!A0", f"x{end} +1{end}\uff1d1", f'x{end}"=1"', f"x{end}y"]
    for text in said:
        server.service.events.note("look", principal=f"{end}{text}", key=text)
    server.service.events.durable("seen").result()
    admin.see("/ui/admin/events")
    text = admin.send("/ui/admin/events/export", format="csv", kind="look").text
    for line in text.splitlines():
        for cell in line.split(end):
            begins = unicodedata.normalize("NFKC", cell.lstrip(' "')[:1])
            assert begins not in ("=", "+", "-", "@"), cell
    rows = [*csv.DictReader(io.StringIO(text, newline=""))][-len(said) :]
    assert [json.loads(row["details"])["key"] for row in rows] == said


@pytest.mark.nightly
def test_parquet_has_moments_and_all_rows(admin, server):
    from pyarrow import parquet

    expected = found(admin, server)
    admin.see("/ui/admin/events")
    answer = admin.send("/ui/admin/events/export", format="parquet")
    table = parquet.read_table(io.BytesIO(answer.content))
    assert str(table.schema.field("time").type) == "timestamp[us, tz=UTC]"
    rows = table.to_pylist()
    assert [row["hash"] for row in rows] == [line["hash"] for line in expected]
    assert [row["time"].isoformat() for row in rows][:1] == [
        expected[0]["time"].replace("Z", "+00:00")
    ]
    assert json.loads(rows[0]["details"])["pid"]


def test_what_is_none_of_the_formats_is_refused(admin, monkeypatch):
    admin.see("/ui/admin/events")
    assert admin.send("/ui/admin/events/export", format="exe").status_code == 400
    monkeypatch.setattr(exports, "find_spec", lambda _: None)
    admin.see("/ui/admin/events")
    answer = admin.send("/ui/admin/events/export", format="parquet")
    assert answer.status_code == 422
    assert "pip install" in unescape(answer.text)


def test_what_is_suspended_is_listed_and_lifted(admin, server):
    link = shared(server, "held.csv")
    with server.service.databases.main.begin() as connection:
        for kind, name in (("link", link["link_id"]), ("caller", EVIL)):
            suspensions.suspend(connection, kind, name, "uses", int(server.clock()))
    server.service.changes.read()
    server.service.events.durable("suspend", what="uses", of=EVIL).result()
    text = admin.see("/ui/admin/alerts")
    assert link["link_id"] in text
    assert "unusually many uses" in text
    assert EVIL not in admin.answer.text
    answer = admin.send("/ui/admin/alerts/lift", kind="link", name=link["link_id"])
    assert answer.headers["location"] == "/ui/admin/alerts?done=lifted"
    assert server.use(link).status_code == 307
    admin.see("/ui/admin/alerts?done=lifted")
    admin.send("/ui/admin/alerts/lift", kind="caller", name=EVIL)
    assert "Nobody and nothing is suspended" in admin.see("/ui/admin/alerts")
    admin.see("/ui/admin/alerts")
    assert admin.send("/ui/admin/alerts/lift", kind="all", name="x").status_code == 400


def test_an_admin_who_is_suspended_lifts_and_makes_nothing(server):
    other = Person(server).sign_in("other-admin")
    with server.service.databases.main.begin() as connection:
        suspensions.suspend(connection, "caller", "other-admin", "mints", int(server.clock()))
    server.service.changes.read()
    other.see("/ui/admin/alerts")
    form = {"kind": "caller", "name": "other-admin"}
    assert other.send("/ui/admin/alerts/lift", **form).status_code == 403
    other.see("/ui/admin/callers")
    answer = other.send("/ui/admin/callers", principal="x", scopes="sign", days="30")
    assert answer.status_code == 403
    with server.service.databases.main.begin() as connection:
        suspensions.lift(connection, "caller", "other-admin")


def test_checkpoints_are_listed_and_all_events_verified(tmp_path, monkeypatch):
    with started(tmp_path) as server:
        server.link()
        admin = Person(server).sign_in()
        key = KeySet.read(server.service.settings.server.keys).signing
        checkpoint(server.service.databases.events, key, server.clock())
        text = admin.see("/ui/admin/checkpoints")
        assert 'data-name="Number">1<' in text
        text = unescape(admin.send("/ui/admin/checkpoints").text)
        assert "Every event is as it was written" in text
        assert re.search(r'<dd class="mono">[0-9a-f]{64}</dd>', text)
        with server.service.databases.events.begin() as connection:
            connection.exec_driver_sql(
                "UPDATE event_block SET lines = CAST(replace(CAST(lines AS TEXT), 'maps/a', 'maps/b') AS BLOB)"
            )
        text = admin.send("/ui/admin/checkpoints").text
        assert "Something was changed" in text
        assert "hash" in text
        monkeypatch.setattr(checkpoints, "PATIENCE", 0.0)
        answer = admin.send("/ui/admin/checkpoints")
        assert answer.status_code == 504
        assert "did not end within 0 s" in answer.text


@pytest.mark.parametrize("path", [path for method, path in ROUTES if method == "GET"])
def test_a_name_that_is_html_is_shown_and_not_run(server, path):
    admin = Person(server).sign_in(EVIL, groups=[EVIL])
    server.service.events.durable("look", principal=EVIL, path=EVIL).result()
    assert admin.ask("GET", path).status_code == 200
    assert EVIL not in admin.answer.text
    assert len(admin.answer.content) < 150_000


def test_all_pages_are_there_in_german(server):
    admin = Person(server, language="de").sign_in()
    for method, path in ROUTES:
        if method == "GET":
            assert "Verwaltung" in admin.see(path)
