"""Unusual rates are found against a history of their own, and told once."""

from __future__ import annotations

import json

import pytest
from structlog.testing import capture_logs

from daypass.errors import ConfigError
from daypass_links.server import settings
from daypass_links.server.alerts import watcher
from daypass_links.server.alerts.rates import Subject
from daypass_links.server.events.writer import Writer

#: A multiple of a minute, before the clock of these tests.
START = 1_796_000_040 - 60
ALERTS = """
[alerts]
window = "1m"
history = 4
factor = 3.0
floor = 10
refusals = 5
"""
LINK = "daypass://maps/a.csv"


@pytest.fixture
def server(serving, monkeypatch):
    monkeypatch.setattr(watcher, "_PARTS", 0.01)  # these tests look themselves
    found = serving(ALERTS)
    found.clock.now = START + 62
    return found


@pytest.fixture
def happened(server):
    """Write events down as of some windows ago."""
    clock = [0.0]
    writer = Writer(server.service.databases.events, clock=lambda: clock[0])

    def write(kind, count, ago=0, *, link=None, principal=None, wait=True):
        clock[0] = START - 60 * ago + 0.5
        for _ in range(count):
            writer.note(kind, link_id=link and link["link_id"], principal=principal)
        if wait:
            writer.durable("seen").result()

    yield write
    writer.close()


def found(server):
    told = server.service.alerts.look()
    return {(one.subject, one.count, one.usual) for one in told}


def test_what_has_no_history_is_unusual_above_the_floor(server, happened):
    happened("mint", 10, principal="ann")
    happened("sign", 11, principal="bob")
    assert found(server) == {(Subject("mints", principal="bob"), 11, 0)}


def test_what_has_a_history_is_unusual_above_so_many_times_its_median(server, happened):
    for principal, last in (("ann", 60), ("bob", 61)):
        # The median of 20, 10, 30 and 500 is 25; of 10, 20, 20 and 500 it is 20.
        past = (20, 10, 30, 500) if principal == "ann" else (10, 20, 20, 500)
        for ago, count in enumerate(past, 1):
            happened("mint", count, ago, principal=principal)
        happened("mint", last, principal=principal)
    assert found(server) == {(Subject("mints", principal="bob"), 61, 20)}


def test_uses_and_refusals_are_those_of_a_link_and_of_whose_it_is(server, happened):
    one, two = server.link(LINK), server.link(LINK)
    happened("use", 6, link=one)
    happened("use", 11, link=two)
    happened("refuse", 6, link=one)
    assert found(server) == {
        (Subject("uses", link_id=two["link_id"]), 11, 0),
        (Subject("uses", principal="admin"), 17, 0),
        (Subject("refusals", link_id=one["link_id"]), 6, 0),
        (Subject("refusals", principal="admin"), 6, 0),
    }


def test_heads_and_what_an_admin_does_are_no_uses(server, happened):
    link = server.link(LINK)
    for kind in ("head", "revoke", "extend", "key", "login", "alert"):
        happened(kind, 50, link=link, principal="ann")
    assert found(server) == set()


def test_an_alert_is_on_record_and_in_the_log_once(server, happened):
    link = server.link(LINK)
    happened("use", 11, link=link)
    with capture_logs() as logs:
        assert len(found(server)) == 2
        assert found(server) == set()
    said = [one for one in logs if one["event"] == "unusual rate"]
    assert [(one["log_level"], one["what"], one["count"]) for one in said] == [
        ("warning", "uses", 11),
        ("warning", "uses", 11),
    ]
    assert link["url"].rpartition("/")[2] not in str(logs)
    assert server.events(link).count("alert") == 1
    chain = server.service.events.chain.encode()
    counted = b'daypass_links_events_total{kind="alert",process="%s"} 2.0' % chain
    assert counted in server.service.metrics.text()
    items = server.ask("GET", f"/v1/links/{link['link_id']}/events").json()["items"]
    (alert,) = [one for one in items if one["kind"] == "alert"]
    assert (alert["what"], alert["count"], alert["usual"]) == ("uses", 11, 0)
    assert alert["window"] == {"start": "2026-11-30T00:53:00Z", "seconds": 60}


def test_of_several_processes_one_tells(server, happened, serving):
    happened("mint", 11, principal="ann")
    other = serving(ALERTS)
    assert len(found(other)) == 1
    assert found(server) == set()


def test_a_window_is_looked_at_when_it_is_over(server, happened):
    server.clock.now = START + 61
    happened("mint", 11, principal="ann")
    assert found(server) == set()
    server.clock.now = START + 62
    assert len(found(server)) == 1
    # A clock that is set back has nothing told twice.
    server.clock.now = START + 30
    assert found(server) == set()


def test_whose_link_is_gone_is_still_told_of(server, happened):
    happened("use", 11, link={"link_id": "lnk_gone"})
    assert found(server) == {(Subject("uses", link_id="lnk_gone"), 11, 0)}


def test_more_links_than_are_looked_up_at_once_are_counted(server, happened):
    made = [server.link(LINK) for _ in range(2)]
    for n in range(1000):
        happened("use", 1, link={"link_id": f"lnk_{n}"}, wait=False)
    for link in made:
        happened("use", 6, link=link)
    assert found(server) == {(Subject("uses", principal="admin"), 12, 0)}


def test_it_looks_by_itself_and_tells_the_webhook(serving, monkeypatch, listener):
    monkeypatch.setattr(watcher, "_PARTS", 6000)
    where = f'webhook = "http://127.0.0.1:{listener.port}/"\nwebhook_secret = "whsec_{"A" * 32}"\n'
    server = serving(ALERTS + where)
    for _ in range(11):
        server.service.events.note("mint", principal="ann")
    server.service.events.durable("seen").result()
    server.clock.now += 62
    assert listener.enough.wait(30)
    ((_, _, body),) = listener.heard
    said = json.loads(body)
    assert said.pop("time").startswith("2026-11-30T00:54")
    assert said == {
        "type": "alert",
        "what": "mints",
        "principal": "ann",
        "link_id": None,
        "count": 11,
        "usual": 0,
        "window": {"start": "2026-11-30T00:53:00Z", "seconds": 60},
    }


def test_without_the_section_nobody_looks(serving):
    assert serving().service.alerts is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('window = "never"', "duration"),
        ("factor = 0.5", "factor"),
        ("floor = -1", "floor"),
        ("history = 0", "history"),
        ('webhook = "https://hooks.example"', "write it into \\[alerts\\]"),
        ('webhook = "http://hooks.example"\nwebhook_secret = "{secret}"', "https"),
        ('webhook = "https://hooks.example"\nwebhook_secret = "hunter2"', "whsec_"),
        ("suspend = true", "suspend"),
    ],
)
def test_what_is_wrong_with_the_section_is_named(configure, text, said):
    configure(f"[alerts]\n{text.replace('{secret}', 'whsec_' + 'A' * 32)}\n")
    with pytest.raises(ConfigError, match=said) as raised:
        settings.load()
    assert "hunter2" not in str(raised.value)
