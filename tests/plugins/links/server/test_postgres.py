"""Two processes of the service on PostgreSQL do together what two on SQLite do."""

from __future__ import annotations

import contextlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import attrs
import pytest
from sqlalchemy import func, insert, make_url, select, text

from daypass.errors import StoreError
from daypass_links.server import settings
from daypass_links.server.app import application
from daypass_links.server.database import changes, engine
from daypass_links.server.database.engine import opened, used
from daypass_links.server.database.schema import is_current
from daypass_links.server.database.tables import change
from daypass_links.server.events.verification import verify_events
from daypass_links.server.keyset import KeySet
from daypass_links.server.principals.known import remember
from daypass_links.server.run import prepared
from daypass_links.server.service import Service
from tests.plugins.links.server.conftest import Clock, Running

pytestmark = pytest.mark.servers
LINK = "/v1/links"
#: How many wait for a lock of another, in this database.
_WAITING = text(
    "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted AND datname = current_database()"
)


@contextlib.contextmanager
def database_of(server, directory):
    """Make a database and its first key."""
    url = server.database()
    databases = opened(url, url)
    key = prepared(databases, int(Clock()()))
    assert is_current(databases)
    assert prepared(databases, int(Clock()())) is None
    databases.close()
    yield url, str(key), str(directory / "server.key")


@contextlib.contextmanager
def two_services(url, key, key_file):
    clock, said = Clock(), settings.load()
    server = attrs.evolve(said.server, database=url, key_file=key_file)
    services = [Service.of(attrs.evolve(said, server=server), clock) for _ in range(2)]
    yield [Running(service, application(service), key, clock) for service in services]
    for service in services:
        service.close()


@pytest.fixture(scope="module")
def database(servers, tmp_path_factory):
    with database_of(servers("postgres"), tmp_path_factory.mktemp("keys")) as found:
        yield found


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    """Take no busy machine for a database that says nothing."""
    monkeypatch.setattr(engine, "_LOOKING", engine._ANYTHING)


@pytest.fixture
def net():
    """After how many seconds changes are looked for where nobody tells of any: too late for these tests."""
    return 120.0


@pytest.fixture
def both(configure, database, net, monkeypatch):
    """Two services on one database, in which no link lives."""
    monkeypatch.setattr(changes, "_NET", net)
    with two_services(*database) as found:
        yield found
        assert found[0].ask("POST", "/v1/revoke", json={"all": True}).status_code == 200


@pytest.fixture
def both_alone(configure, servers, tmp_path):
    """Two services on a new database."""
    with database_of(servers("postgres"), tmp_path) as found, two_services(*found) as services:
        yield services


def test_n_uses_have_n_winners_of_any_number_in_parallel(both):
    made = both[0].link(max_uses=3)

    def follow(number):
        agent = {"user-agent": f"reader/{number}"}
        return both[number % 2].use(made, headers=agent).status_code

    with ThreadPoolExecutor(8) as readers:
        assert sorted(readers.map(follow, range(16))) == [307] * 3 + [410] * 13
    assert both[1].ask("GET", f"{LINK}/{made['link_id']}").json()["uses"] == 3


@pytest.mark.parametrize("way", ["one", "all"])
def test_no_new_signature_within_a_second_of_a_revocation(both, way):
    one, other = both
    made = one.link()
    assert other.use(made).status_code == 307
    if way == "one":
        one.ask("DELETE", f"{LINK}/{made['link_id']}")
    else:
        assert one.ask("POST", "/v1/revoke", json={"all": True}).json() == {"revoked": 1}
    revoked = time.monotonic()
    assert one.use(made).status_code == 410
    while other.use(made).status_code == 307:
        assert time.monotonic() - revoked < 1


def until(condition, seconds=30.0):
    """Wait for what happens in a thread."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.002)


def test_a_process_is_told_of_a_revocation_though_nobody_asks_it(both):
    one, other = both
    made = one.link()
    other.use(made)
    (hashed,) = other.service.links.known
    one.ask("DELETE", f"{LINK}/{made['link_id']}")
    until(lambda: hashed not in other.service.links.known)


def test_a_key_that_was_rotated_is_noticed_though_nobody_has_to_look(both, monkeypatch):
    one, _ = both
    made = one.link()
    until(lambda: one.service.changes.is_told)
    assert one.use(made).status_code == 307
    monkeypatch.setattr(one.service.changes, "_renewed", lambda: True)
    monkeypatch.setattr(one.service.changes, "_renew", 0.0)
    assert one.service.changes._next > time.monotonic()
    forgotten = []
    monkeypatch.setattr(one.service.changes, "_forget", forgotten.append)
    assert one.use(made).status_code == 307
    assert forgotten == [None]


def test_a_change_that_was_rolled_back_has_nobody_forget_all(both):
    one, other = both
    first, made, revoked = one.link(), one.link(), one.link()
    seen = other.service.changes
    until(lambda: seen.is_told)
    one.ask("DELETE", f"{LINK}/{first['link_id']}")
    until(lambda: seen._seq > 0 and seen._seq == one.service.changes._seq)
    assert other.use(made).status_code == other.use(revoked).status_code == 307
    with one.service.databases.main.connect() as connection:
        connection.execute(insert(change).values(link_id="lnk_none"))
        connection.rollback()
    before = seen._seq
    one.ask("DELETE", f"{LINK}/{revoked['link_id']}")
    until(lambda: seen._seq > before + 1)
    assert [ready.id for ready in other.service.links.known.values()] == [made["link_id"]]


def test_groups_that_two_processes_hear_of_at_once_are_each_a_change(both):
    one, other = (running.service.databases.main for running in both)
    with one.begin() as connection:
        remember(connection, "ann", ["old"], 1)
        before = connection.scalar(select(func.count()).select_from(change))

    def hear():
        with other.begin() as connection:
            remember(connection, "ann", ["old"], 3)

    with ThreadPoolExecutor(1) as threads:
        with one.begin() as connection:
            remember(connection, "ann", ["new"], 2)
            heard = threads.submit(hear)
            with other.connect() as looking:
                until(lambda: looking.scalar(_WAITING))
        heard.result()
    with one.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(change)) == before + 2


@pytest.mark.nightly
@pytest.mark.parametrize("net", [0.2])
def test_what_was_not_told_is_found_by_who_looks_now_and_then(both):
    one, other = both
    made = one.link()
    other.use(made)
    with one.service.databases.main.begin() as connection:
        connection.execute(insert(change).values(link_id=made["link_id"]))  # and no notice
    until(lambda: not other.service.links.known)


@pytest.mark.nightly
def test_requests_look_themselves_while_nobody_listens(both, monkeypatch):
    one, other = both
    made = one.link()
    other.use(made)
    heard = threading.Event()
    monkeypatch.setattr(other.service.changes._notices, "_listen", _unheard(heard))
    silence(one)
    assert heard.wait(30)
    assert not other.service.changes.is_told
    assert other.use(made).status_code == 307
    one.ask("DELETE", f"{LINK}/{made['link_id']}")
    revoked = time.monotonic()
    while other.use(made).status_code == 307:
        assert time.monotonic() - revoked < 1


@pytest.mark.nightly
def test_a_lost_connection_is_made_again_and_all_is_looked_at_anew(both):
    one, other = both
    made = one.link()
    other.use(made)
    silence(one)
    until(lambda: not other.service.links.known)
    until(lambda: one.service.changes.is_told and other.service.changes.is_told)
    other.use(made)
    one.ask("DELETE", f"{LINK}/{made['link_id']}")
    until(lambda: not other.service.links.known)


def test_nothing_is_served_where_nobody_can_know_what_was_revoked(both, monkeypatch):
    one, other = both
    made = one.link()
    other.use(made)
    heard = threading.Event()
    monkeypatch.setattr(other.service.changes._notices, "_listen", _unheard(heard))
    with one.service.databases.main.begin() as connection:
        connection.execute(text("ALTER TABLE change RENAME TO away"))
    silence(one)
    assert heard.wait(30)
    assert [other.use(made).status_code for _ in range(3)] == [503] * 3
    with one.service.databases.main.begin() as connection:
        connection.execute(text("ALTER TABLE away RENAME TO change"))
    assert other.use(made).status_code == 307


def silence(running):
    """End the connections that listen, as a server does that restarts."""
    until(lambda: running.service.changes.is_told)
    with running.service.databases.main.begin() as connection:
        listening = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' OR query LIKE 'SELECT change%'"
        connection.execute(text(f"{listening} AND pid <> pg_backend_pid()"))


def _unheard(heard):
    def listen(_):
        heard.set()
        msg = "nobody is there"
        raise OSError(msg)

    return listen


def test_events_of_both_are_told_in_pages_and_verify(both_alone, tmp_path):
    one, other = both_alone
    made = one.link()
    for running in (one, other):
        running.clock.now += 1
        running.use(made)
        running.service.events.durable("seen").result()
    assert one.events(made) == ["mint", "use", "use"]
    address = f"{LINK}/{made['link_id']}/events"
    page = one.ask("GET", f"{address}?limit=2").json()
    rest = one.ask("GET", address, params={"after": page["next"]}).json()
    assert [one["kind"] for one in (*page["items"], *rest["items"])] == ["mint", "use", "use"]
    found = verify_events(one.service.databases.events, KeySet.read(tmp_path / "server.key"))
    assert (found.ok, found.chains) == (True, 2)


def test_a_role_or_database_that_is_not_there_is_told_in_its_own_words(servers):
    url = make_url(servers("postgres").database())
    for wrong, said in (
        (url.set(username="nobody"), 'role "nobody" does not exist'),
        (url.set(database="nowhere"), 'database "nowhere" does not exist'),
    ):
        text = wrong.render_as_string()
        with pytest.raises(StoreError, match=said), used(text, text) as databases:
            is_current(databases)
