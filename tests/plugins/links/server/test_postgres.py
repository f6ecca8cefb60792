"""Two processes of the service on PostgreSQL do together what two on SQLite do."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import attrs
import pytest

from daypass_links.server import settings
from daypass_links.server.app import application
from daypass_links.server.database.engine import opened
from daypass_links.server.database.schema import is_current
from daypass_links.server.events.verification import verify_events
from daypass_links.server.keyset import KeySet
from daypass_links.server.run import prepared
from daypass_links.server.service import Service
from tests.plugins.links.server.conftest import Clock, Running

pytestmark = pytest.mark.servers
LINK = "/v1/links"


@pytest.fixture
def both(configure, servers, tmp_path):
    """Two services on one new database."""
    url, clock, said = servers("postgres").database(), Clock(), settings.load()
    server = attrs.evolve(said.server, database=url, key_file=str(tmp_path / "server.key"))
    databases = opened(*server.databases)
    key = prepared(databases, int(clock()))
    assert is_current(databases)
    assert prepared(databases, int(clock())) is None
    databases.close()
    services = [Service.of(attrs.evolve(said, server=server), clock) for _ in range(2)]
    yield [Running(service, application(service), str(key), clock) for service in services]
    for service in services:
        service.close()


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


def test_events_of_both_are_told_in_pages_and_verify(both, tmp_path):
    one, other = both
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
