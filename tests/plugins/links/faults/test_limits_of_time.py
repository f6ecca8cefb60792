"""Clocks that are stepped, locks that somebody holds, and more at once than fits."""

from __future__ import annotations

from concurrent.futures import Future

import attrs
import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import ResourceClosedError

from daypass.errors import AuditError
from daypass_links.server import settings
from daypass_links.server.app import application
from daypass_links.server.database import engine
from daypass_links.server.database.engine import opened
from daypass_links.server.database.inserts import Inserts
from daypass_links.server.database.tables import link as table
from daypass_links.server.events.verification import verify_events
from daypass_links.server.keyset import KeySet
from daypass_links.server.run import prepared
from daypass_links.server.service import Service
from tests.plugins.links.server.conftest import Clock, Running
from tests.plugins.links.written import events_in

LINK = "/v1/links"
DAY = 86_400


def test_a_link_ends_at_its_instant_however_the_clock_is_stepped(serving):
    one, other = serving(), serving()
    made = one.link(expires_in=3600)
    end = int(one.clock.now) + 3600

    def statuses(now):
        one.clock.now = now
        return one.use(made).status_code, other.use(made).status_code

    assert statuses(end - 0.001) == (307, 307)
    assert statuses(end) == (410, 410)
    assert statuses(end + 30 * DAY) == (410, 410)
    assert statuses(end - 1) == (307, 307)  # the clock says what time it is
    assert statuses(end - 2 * DAY) == (307, 307)


def test_a_link_that_has_not_begun_begins_at_its_instant(serving):
    server = serving()
    start = int(server.clock.now) + 60
    made = server.link(starts_at="2026-11-30T00:54:20Z", expires_in=3600)
    assert made["starts_at"] == "2026-11-30T00:54:20Z"
    for now, status in ((start - 0.001, 403), (start, 307), (start - DAY, 403), (start + 1, 307)):
        server.clock.now = now
        assert server.use(made).status_code == status, now


def test_a_revocation_is_not_undone_by_a_clock_that_is_put_back(serving):
    one, other = serving(), serving()
    made = one.link()
    assert other.use(made).status_code == 307
    one.clock.now += DAY
    one.ask("DELETE", f"{LINK}/{made['link_id']}")
    one.clock.now -= 2 * DAY
    assert (one.use(made).status_code, other.use(made).status_code) == (410, 410)


def test_a_use_that_a_clock_far_ahead_gave_does_not_last_until_then(server):
    made = server.link(max_uses=1, expires_in="80d")
    server.clock.now += 30 * DAY
    assert server.use(made).status_code == 307
    server.clock.now += 899
    assert server.use(made).status_code == 307
    server.clock.now += 1
    assert server.use(made).status_code == 410
    server.clock.now -= 30 * DAY + 900
    assert server.use(made).status_code == 410


def test_a_step_within_a_window_takes_no_second_use(server):
    made = server.link(max_uses=1)
    for step in (0, 600, -600, -300, 300):
        server.clock.now += step
        assert server.use(made).status_code == 307
    assert server.use(made, headers={"user-agent": "another"}).status_code == 410


def test_chains_and_checkpoints_verify_however_the_clock_was_stepped(serving, tmp_path):
    one, other = serving(), serving()
    made = one.link()
    for step in (DAY, -2 * DAY, 0.5, -0.5, 3 * DAY):
        one.clock.now += step
        assert (one.use(made).status_code, other.use(made).status_code) == (307, 307)
    other.service.events.durable("seen").result()
    assert one.events(made)[0] in ("mint", "use")  # which is which, the clock says
    address = f"{LINK}/{made['link_id']}/events"
    seen, after = [], None
    while True:
        page = one.ask("GET", address, params={"limit": 2, **({"after": after} if after else {})})
        seen += page.json()["items"]
        if (after := page.json()["next"]) is None:
            break
    assert sorted(event["kind"] for event in seen) == ["mint", *["use"] * 10]
    for running in (one, other):
        running.service.close()
    found = verify_events(one.service.databases.events, KeySet.read(tmp_path / "server.key"))
    assert (found.ok, found.faults) == (True, ())


def test_more_links_than_may_wait_for_their_events_are_revoked_in_one(server):
    made = server.link(label="many")
    databases = server.service.databases
    with databases.main.begin() as connection:
        row = dict(connection.execute(select(table)).mappings().one())
        del row["n"]
        rows = [{**row, "id": f"lnk_{n}", "hash": b"%032d" % n} for n in range(10_500)]
        connection.execute(insert(table), rows)
    answer = server.ask("POST", "/v1/revoke", json={"label": "many"})
    assert answer.json() == {"revoked": 10_501}
    revoked = [one["link_id"] for one in events_in(databases.events) if one["kind"] == "revoke"]
    assert len(revoked) == len({*revoked}) == 10_502  # each of them, and once for all
    assert server.use(made).status_code == 410


def test_nobody_waits_for_a_service_that_has_ended(server):
    events = server.service.events
    events.close()
    with pytest.raises(AuditError, match="the service ends"):
        events.durable("late")
    assert server.ask("POST", LINK, json={"path": "daypass://maps/a"}).status_code == 503


def test_no_row_waits_for_a_service_that_has_ended(server):
    rows = Inserts(server.service.databases.main, table)
    rows.close()
    with pytest.raises(ResourceClosedError, match="the service ends"):
        rows.add({}).result(timeout=10)


def test_nobody_waits_for_a_service_that_ends_while_it_cannot_write(server):
    events = server.service.events
    with server.service.databases.events.begin() as connection:
        connection.execute(text("ALTER TABLE event_block RENAME TO away"))
        waiting: list[Future[None]] = [events.durable("late") for _ in range(1200)]
        events._closing = True
    for one in waiting:
        with pytest.raises(AuditError, match="could not be written down"):
            one.result(timeout=30)


@pytest.fixture
def on_postgres(configure, servers, tmp_path, monkeypatch):
    """A service on PostgreSQL that waits for others for a moment alone."""
    monkeypatch.setattr(engine, "_PATIENCE", 200)
    said, clock = settings.load(), Clock()
    server = attrs.evolve(
        said.server, database=servers("postgres").database(), key_file=str(tmp_path / "server.key")
    )
    databases = opened(*server.databases)
    key = prepared(databases, int(clock()))
    service = Service.of(attrs.evolve(said, server=server), clock)
    yield Running(service, application(service), str(key), clock), databases
    databases.close()
    service.close()


@pytest.mark.servers
def test_what_somebody_holds_who_was_stopped_is_waited_for_a_while_and_then_let_go(on_postgres):
    server, other = on_postgres
    made = server.link()
    address = f"{LINK}/{made['link_id']}"
    with other.main.connect() as connection:
        connection.execute(text("LOCK TABLE change IN EXCLUSIVE MODE"))
        answer = server.ask("DELETE", address)
        assert (answer.status_code, answer.json()["code"]) == (503, "database-failed")
        assert server.use(made).status_code == 307
    # One of ours that goes no further in the middle of a transaction lets go by itself.
    with other.events.connect() as connection:
        assert connection.scalar(text("SHOW idle_in_transaction_session_timeout")) == "30s"
        connection.execute(text("SET idle_in_transaction_session_timeout = 300"))
        connection.commit()
        connection.execute(text("LOCK TABLE change IN EXCLUSIVE MODE"))
        while server.ask("DELETE", address).status_code == 503:
            pass
        assert server.use(made).status_code == 410
        connection.invalidate()


@pytest.mark.servers
def test_what_the_database_keeps_not_is_refused_and_stops_nobody(on_postgres):
    server, _ = on_postgres
    made = server.link()
    for asked in (
        ("GET", f"{LINK}/%00"),
        ("DELETE", f"{LINK}/%00"),
        ("GET", f"{LINK}?owner=%00"),
        ("GET", f"{LINK}?after=%00"),
        ("GET", f"{LINK}/{made['link_id']}/events?after=1%20%00%201"),
    ):
        answer = server.ask(*asked)
        assert answer.status_code in (400, 404), asked
        assert answer.headers["content-type"] == "application/problem+json"
    for body in ({"label": "a\0"}, {"owner": "\0"}, {"prefix": "\0"}):
        assert server.ask("POST", "/v1/revoke", json=body).status_code == 400
    path = "daypass://maps/a"
    assert server.ask("POST", LINK, json={"path": path, "max_uses": 2**40}).status_code == 400
    assert server.ask("GET", "/readyz").status_code == 200
    assert server.use(made).status_code == 307
