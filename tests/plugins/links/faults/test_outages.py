"""A database that goes away, and a disk that is full: nothing is handed out meanwhile, and all is well by itself when they are back."""

from __future__ import annotations

import resource
import threading
import time
from collections import Counter, defaultdict
from contextlib import contextmanager

import attrs
import pytest

from daypass_links.server import settings
from daypass_links.server.app import application
from daypass_links.server.database.engine import opened
from daypass_links.server.events.verification import verify_events
from daypass_links.server.keyset import KeySet
from daypass_links.server.run import prepared
from daypass_links.server.service import Service
from tests.plugins.links.faults.processes import path_of, site
from tests.plugins.links.server.conftest import Clock, Running
from tests.servers.postgres import StoppingPostgres, stopping_postgres
from tests.servers.redis import redis_server

LINK = "/v1/links"
MAPS = {"path": "daypass://maps/a"}


def unavailable(answer):
    """Tell whether it is the answer of who cannot write anything down, to the letter."""
    if answer.status != 503:
        return False
    assert answer.headers["retry-after"] == "1"
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.said["code"] in ("database-failed", "audit-failed")
    assert "location" not in answer.headers
    return True


def counted(found):
    """Count the events of each link by their kind."""
    kinds = defaultdict(Counter)
    for event in found.events():
        kinds[event["link_id"]][event["kind"]] += 1
    return kinds


def test_a_disk_that_is_full_for_a_time(tmp_path):
    with site(tmp_path) as found:
        process = found.start()
        process.wait_until_ready()
        plain, limited, taken = (
            found.link(process),
            found.link(process, max_uses=100),
            found.link(process),
        )
        led = Counter()

        def follow(link, client):
            answer = process.ask("GET", path_of(link), **{"User-Agent": client})
            led[link["link_id"]] += answer.status == 307
            return answer

        def full(size):
            for pid in process.workers:
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

        assert follow(plain, "early").status == follow(limited, "early").status == 307
        full(0)  # no file grows, as on a disk that is full
        assert unavailable(follow(limited, "meanwhile"))
        while not unavailable(follow(plain, "meanwhile")):
            pass  # what is written together a moment later
        for number in range(5):
            assert unavailable(follow(plain, f"meanwhile/{number}"))
            assert unavailable(follow(limited, f"meanwhile/{number}"))
            assert unavailable(found.api(process, "POST", LINK, MAPS))
            assert unavailable(found.api(process, "DELETE", f"{LINK}/{taken['link_id']}"))
            assert unavailable(process.ask("GET", "/readyz"))
        assert process.ask("GET", "/healthz").status == 200
        full(resource.RLIM_INFINITY)
        process.wait_until_ready()
        assert follow(plain, "late").status == follow(limited, "late").status == 307
        assert (
            follow(taken, "late").status == 307
        )  # whoever was told 503 knows that it may not be revoked
        assert found.api(process, "DELETE", f"{LINK}/{taken['link_id']}").status == 200
        assert follow(taken, "late").status == 410
        # One that lists events is told of all that has happened.
        assert found.api(process, "GET", f"{LINK}/{plain['link_id']}/events").status == 200
        kinds = counted(found)
        for link in (plain, limited, taken):
            assert kinds[link["link_id"]]["use"] == led[link["link_id"]]
        found.verify()


@pytest.fixture(scope="module")
def stopping():
    """A PostgreSQL that can be stopped."""
    with stopping_postgres() as found:
        yield found


@pytest.fixture
def on_postgres(configure, stopping, tmp_path):
    """A service on it."""
    said = settings.load()
    server = attrs.evolve(
        said.server, database=stopping.database(), key_file=str(tmp_path / "server.key")
    )
    databases = opened(*server.databases)
    clock = Clock()
    key = prepared(databases, int(clock()))
    databases.close()
    service = Service.of(attrs.evolve(said, server=server), clock)
    yield Running(service, application(service), str(key), clock)
    service.close()
    found = verify_events(service.databases.events, KeySet.read(tmp_path / "server.key"))
    assert (found.ok, found.faults) == (True, ())
    service.databases.close()


@pytest.mark.servers
def test_a_database_that_is_stopped_and_started_again(on_postgres, stopping):
    running = on_postgres
    made, limited = running.link(), running.link(max_uses=3)
    assert running.use(made).status_code == running.use(limited).status_code == 307
    stopping.stop()
    assert running.ask("DELETE", f"{LINK}/{made['link_id']}").status_code == 503
    assert running.use(limited, headers={"user-agent": "reader/2"}).status_code == 503
    while (answer := running.use(made)).status_code == 307:
        pass  # what is written together a moment later
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert running.ask("GET", "/readyz").headers["retry-after"] == "1"
    stopping.start()
    while running.ask("GET", "/readyz").status_code != 200:
        pass
    assert running.use(made).status_code == 307
    assert running.ask("DELETE", f"{LINK}/{made['link_id']}").status_code == 200
    assert running.use(made).status_code == 410
    assert running.use(limited, headers={"user-agent": "reader/2"}).status_code == 307


@pytest.mark.servers
def test_a_database_that_says_nothing_is_waited_for_a_moment_and_by_one_alone(
    on_postgres, stopping
):
    running = on_postgres
    made, cold = running.link(), running.link()
    assert running.use(made).status_code == 307
    with stopping.silent():
        begun = time.monotonic()
        assert running.use(cold).status_code == 503
        assert time.monotonic() - begun < 10  # 2 on a machine with nothing else to do
        begun = time.monotonic()
        for _ in range(20):
            assert running.use(cold).status_code == 503
            assert running.ask("POST", LINK, json=MAPS).status_code == 503
            assert running.ask("GET", "/readyz").status_code == 503
        assert time.monotonic() - begun < 10  # and not 2 for each
        while (answer := running.use(made)).status_code == 307:
            time.sleep(0.01)  # what was looked at not long ago is believed for 5 s
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    while running.ask("GET", "/readyz").status_code != 200:
        time.sleep(0.01)
    assert running.use(made).status_code == running.use(cold).status_code == 307
    assert running.ask("DELETE", f"{LINK}/{made['link_id']}").status_code == 200
    assert running.use(made).status_code == 410


QUOTA = """
[[policy.rules]]
name = "read"
paths = ["s3://results/**"]
methods = ["GET", "HEAD"]
per_caller = { urls_per_minute = 20 }
"""


@pytest.mark.servers
def test_a_redis_that_is_stopped_and_started_again(serving):
    with redis_server() as before:
        server = serving(f'[server]\nredis = "{before.url}"\n{QUOTA}')
        made = server.link()
        assert server.use(made).status_code == 307
    for _ in range(3):
        answer = server.use(made)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert "location" not in answer.headers
    assert server.ask("POST", "/v1/revoke", json={"all": True}).json() == {"revoked": 1}
    assert server.use(made).status_code == 410  # for which nobody counts anything
    with redis_server(again=before):
        asked = time.monotonic()
        while server.ask("POST", LINK, json=MAPS).status_code != 201:
            assert time.monotonic() - asked < 30
        made = server.link()
        answers = [server.use(made).status_code for _ in range(20)]
        assert 307 in answers
        assert answers[-1] == 429


class Load:
    """Readers of two links at two processes, one after the other, until it is enough."""

    def __init__(self, processes, plain, limited):
        self.processes, self.plain, self.limited = processes, plain, limited
        #: When a link led somewhere, by its ID.
        self.led = {plain["link_id"]: [], limited["link_id"]: []}
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self.follow, args=(number,)) for number in range(6)]
        for thread in self.threads:
            thread.start()

    def follow(self, number):
        process = self.processes[number % 2]
        link = self.limited if number % 3 == 0 else self.plain
        while not self.over.is_set():
            answer = process.ask("GET", path_of(link), **{"User-Agent": f"reader/{number}"})
            if answer.status == 307:
                self.led[link["link_id"]].append(time.monotonic())
            else:
                assert unavailable(answer), answer
            time.sleep(0.002)

    def wait_for(self, number, since=0.0):
        while any(sum(at > since for at in times) < number for times in self.led.values()):
            time.sleep(0.01)

    def end(self):
        self.over.set()
        for thread in self.threads:
            thread.join()


def leads(process, link):
    return process.ask("GET", path_of(link)).status == 307


@contextmanager
def stopped(server):
    server.stop()
    yield
    server.start()


@pytest.mark.nightly
@pytest.mark.servers
@pytest.mark.parametrize("away", [stopped, StoppingPostgres.silent], ids=["stopped", "silent"])
def test_two_processes_under_load_outlive_their_database(away, stopping, tmp_path):
    with site(tmp_path, stopping.database()) as found:
        first, second = processes = [found.start(), found.start()]
        for process in processes:
            process.wait_until_ready()
        plain, limited = found.link(first), found.link(first, max_uses=100_000)
        taken = found.link(second)
        load = Load(processes, plain, limited)
        load.wait_for(50)
        with away(stopping):
            for process in processes:
                assert unavailable(found.api(process, "POST", LINK, MAPS))
                assert unavailable(found.api(process, "DELETE", f"{LINK}/{taken['link_id']}"))
                assert unavailable(process.ask("GET", "/readyz"))
                assert process.ask("GET", "/healthz").status == 200
            asked = time.monotonic()
            while any(leads(process, taken) for process in processes):
                assert time.monotonic() - asked < 10  # what was looked at is believed for 5 s
            known = time.monotonic()
            time.sleep(1)
            assert max(at for times in load.led.values() for at in times) < known
        for process in processes:
            process.wait_until_ready()
        assert found.api(second, "DELETE", f"{LINK}/{taken['link_id']}").status == 200
        revoked = time.monotonic()
        while leads(first, taken):
            assert time.monotonic() - revoked < 5  # a notice may have been lost
        load.wait_for(10, since=revoked)
        load.end()
        for process in processes:
            place = f"{LINK}/{plain['link_id']}/events?limit=1"
            assert found.api(process, "GET", place).status == 200  # and has written all
        kinds = counted(found)
        assert kinds[plain["link_id"]]["use"] == len(load.led[plain["link_id"]])
        # One that was begun when the database went is on record, though it led nowhere.
        assert kinds[limited["link_id"]]["use"] >= len(load.led[limited["link_id"]])
        found.verify()
