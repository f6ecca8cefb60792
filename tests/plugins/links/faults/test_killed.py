"""Processes that are killed under load: what was acknowledged is on record, and nothing is given out twice."""

from __future__ import annotations

import itertools
import os
import signal
import threading
import time
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.plugins.links.faults.processes import path_of, site


class Crowd:
    """Clients who each want each link once, at any process that answers."""

    def __init__(self, processes, links, each):
        self.processes, self.links, self.each = processes, links, each
        #: Whom a link has led somewhere, by its ID.
        self.winners = defaultdict(set)
        self.answers = Counter()
        self.lock = threading.Lock()

    def want(self, number):
        """Ask for one link as one client until there is an answer that stays."""
        link = self.links[number % len(self.links)]
        client = f"reader/{number}"
        for process in itertools.islice(itertools.cycle(self.processes), number, None):
            try:
                answer = process.ask("GET", path_of(link), **{"User-Agent": client})
            except OSError:
                continue  # it is dead: the next one is asked
            with self.lock:
                self.answers[answer.status] += 1
            if answer.status == 503:
                assert answer.headers["retry-after"] == "1"
                assert "location" not in answer.headers
                time.sleep(0.01)
                continue
            if answer.status == 307:
                with self.lock:
                    self.winners[link["link_id"]].add(client)
            return

    def all(self, threads=8):
        with ThreadPoolExecutor(threads) as readers:
            list(readers.map(self.want, range(len(self.links) * self.each)))


def killed_under_load(found, links, each):
    first = found.start()
    first.wait_until_ready()
    second = found.start()
    second.wait_until_ready()
    made = [found.link(first, max_uses=1 + n % 3) for n in range(links)]
    revoked = [found.link(first) for _ in range(3)]
    crowd = Crowd([first, second], made, each)
    running = threading.Thread(target=crowd.all)
    running.start()
    while sum(crowd.answers.values()) < links * each / 3:
        time.sleep(0.001)
    for one in revoked:
        assert found.api(first, "DELETE", f"/v1/links/{one['link_id']}").status == 200
    at = time.monotonic()
    first.kill()
    running.join()
    while any(second.ask("GET", path_of(one)).status == 307 for one in revoked):
        assert time.monotonic() - at < 1, "a link that was revoked leads somewhere"
    for one in made:
        assert len(crowd.winners[one["link_id"]]) == one["max_uses"]
    # The process that has gone on serves on, and what happened is what was answered.
    late = found.link(second)
    assert second.ask("GET", path_of(late)).status == 307
    kinds = defaultdict(Counter)
    for event in found.events():
        kinds[event["link_id"]][event["kind"]] += 1
    assert all(kinds[one["link_id"]]["mint"] == 1 for one in [*made, *revoked, late])
    assert all(kinds[one["link_id"]]["revoke"] == 1 for one in revoked)
    for one in made:
        assert kinds[one["link_id"]]["use"] >= one["max_uses"]
    assert "the events in" in found.verify()


def test_n_uses_have_n_winners_though_a_process_is_killed(tmp_path):
    with site(tmp_path) as found:
        killed_under_load(found, links=12, each=6)


@pytest.mark.nightly
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_many_uses_have_as_many_winners_though_a_process_is_killed(tmp_path, servers, kind):
    database = None if kind == "sqlite" else servers("postgres").database()
    with site(tmp_path, database) as found:
        killed_under_load(found, links=60, each=12)


@pytest.mark.nightly
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_process_that_stood_still_goes_on_with_what_was_revoked_meanwhile(
    tmp_path, servers, kind
):
    database = None if kind == "sqlite" else servers("postgres").database()
    with site(tmp_path, database) as found:
        first, second = found.start(), found.start()
        for process in (first, second):
            process.wait_until_ready()
        for still in (0, 6):  # shorter and longer than what is known is believed
            made = found.link(first)
            assert second.ask("GET", path_of(made)).status == 307
            for pid in second.workers:
                os.kill(pid, signal.SIGSTOP)
            assert found.api(first, "DELETE", f"/v1/links/{made['link_id']}").status == 200
            time.sleep(still)
            for pid in second.workers:
                os.kill(pid, signal.SIGCONT)
            goes_on = time.monotonic()
            if still:
                assert second.ask("GET", path_of(made)).status == 410
            while second.ask("GET", path_of(made)).status == 307:
                assert time.monotonic() - goes_on < 1
        found.verify()


@pytest.mark.nightly
def test_a_service_whose_worker_is_killed_ends_and_says_that_it_failed(tmp_path):
    with site(tmp_path) as found:
        process = found.start()
        process.wait_until_ready()
        (worker,) = process.workers
        os.kill(worker, signal.SIGKILL)
        assert process.running.wait(60) == 1  # whoever keeps it running starts it again
