"""A disk that takes its time: whoever needs it waits, nobody else does, and what is acknowledged is on it."""

from __future__ import annotations

import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.plugins.links.faults.processes import path_of, site
from tests.servers.install import compiler

pytestmark = [pytest.mark.nightly, pytest.mark.servers]

LINK = "/v1/links"
MAPS = {"path": "daypass://maps/a"}
#: Takes as long to write to the disk as a file says, in seconds, and notes that it has.
SLOW = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static void wait_for_the_disk(void) {
    double seconds = 0;
    FILE *said = fopen(getenv("SLOW_DISK"), "r");
    if (said == NULL) return;
    if (fscanf(said, "%lf", &seconds) != 1) seconds = 0;
    fclose(said);
    if (seconds > 0) {
        struct timespec span = {(time_t) seconds, (long) ((seconds - (time_t) seconds) * 1e9)};
        nanosleep(&span, NULL);
        int noted = open(getenv("SLOW_DISK_NOTES"), O_WRONLY | O_APPEND | O_CREAT, 0600);
        if (write(noted, ".", 1) != 1) abort();
        close(noted);
    }
}

int fsync(int file) {
    wait_for_the_disk();
    return ((int (*)(int)) dlsym(RTLD_NEXT, "fsync"))(file);
}

int fdatasync(int file) {
    wait_for_the_disk();
    return ((int (*)(int)) dlsym(RTLD_NEXT, "fdatasync"))(file);
}
"""


@pytest.fixture
def slow_site(tmp_path):
    """Two processes on SQLite, and a function that says how long the disk takes, in seconds."""
    source, library = tmp_path / "slow.c", tmp_path / "slow.so"
    source.write_text(SLOW)
    made = [compiler(), "-shared", "-fPIC", "-O1", "-o", str(library), str(source), "-ldl"]
    subprocess.run(made, check=True, timeout=60)
    said, notes = tmp_path / "said", tmp_path / "notes"
    notes.touch()

    def take(seconds):
        draft = tmp_path / "draft"
        draft.write_text(str(seconds))
        draft.replace(said)

    with site(tmp_path) as found:
        found.more = {
            "LD_PRELOAD": str(library),
            "SLOW_DISK": str(said),
            "SLOW_DISK_NOTES": str(notes),
        }
        for process in [found.start(), found.start()]:
            process.wait_until_ready()
        yield found, take
        assert notes.read_text()  # the disk was slow


def timed(ask, *asked, **more):
    begun = time.monotonic()
    return ask(*asked, **more), time.monotonic() - begun


def test_who_needs_the_disk_waits_for_it_and_nobody_else(slow_site):
    found, take = slow_site
    first, second = found.processes
    plain, limited = found.link(first), found.link(first, max_uses=1)
    assert first.ask("GET", path_of(plain)).status == 307
    take(5)
    waits = threading.Thread(target=first.ask, args=("GET", path_of(limited)))
    waits.start()
    for _ in range(5):
        for ask in (("GET", "/healthz"), ("GET", path_of(plain))):
            answer, took = timed(first.ask, *ask)
            assert answer.status in (200, 307)
            assert took < 4  # of the disk's 5, which each commit waits for at least once
    waits.join()
    answer, took = timed(found.api, second, "POST", LINK, MAPS)
    assert (answer.status, took >= 5) == (201, True)
    answer, took = timed(found.api, second, "DELETE", f"{LINK}/{plain['link_id']}")
    assert (answer.status, took >= 5) == (200, True)
    revoked = time.monotonic()
    while first.ask("GET", path_of(plain)).status == 307:
        assert time.monotonic() - revoked < 5
    take(0)
    found.verify()


def test_a_use_that_many_want_has_one_winner_however_slow_the_disk_is(slow_site):
    found, take = slow_site
    limited = found.link(found.processes[0], max_uses=1)
    take(0.3)
    with ThreadPoolExecutor(12) as pool:
        statuses = [
            *pool.map(
                lambda number: (
                    found.processes[number % 2]
                    .ask("GET", path_of(limited), **{"User-Agent": f"reader/{number}"})
                    .status
                ),
                range(12),
            )
        ]
    assert statuses.count(307) == 1
    assert set(statuses) <= {307, 410, 503}
    take(0)
    found.verify()


def test_a_disk_that_is_slower_than_anybody_waits_for_is_503_and_all_is_well_after_it(slow_site):
    found, take = slow_site
    first, second = found.processes
    plain, limited = found.link(first), found.link(second, max_uses=100)
    take(4)  # of which a commit of SQLite waits for two or three, and another for 5 s for it
    statuses = set()

    def follow(number):
        agent = {"User-Agent": f"reader/{number}"}
        answer = found.processes[number % 2].ask("GET", path_of(limited), **agent)
        statuses.add(answer.status)
        return answer.status == 307

    with ThreadPoolExecutor(6) as pool:
        led = sum(pool.map(follow, range(6)))
    assert statuses <= {307, 503}
    assert 503 in statuses
    take(0)
    for process in (first, second):
        process.wait_until_ready()
    assert first.ask("GET", path_of(plain)).status == 307
    assert found.api(second, "DELETE", f"{LINK}/{plain['link_id']}").status == 200
    assert found.api(first, "GET", f"{LINK}/{limited['link_id']}").said["uses"] >= led
    found.verify()
