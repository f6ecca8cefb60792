"""The clock of a machine is stepped both ways under processes that run: links end when it says so, and chains verify."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from tests.plugins.links.faults.processes import path_of, site
from tests.servers.install import stepped_clock

pytestmark = [pytest.mark.nightly, pytest.mark.servers]

LINK = "/v1/links"


@pytest.fixture
def stepped(tmp_path):
    """Two processes, and a function that steps their clock to so many seconds from now."""
    said = tmp_path / "clock"

    def step(seconds):
        draft = tmp_path / "draft"
        draft.write_text(f"{seconds:+d}")
        draft.replace(said)

    step(0)
    with site(tmp_path) as found:
        found.more = {
            "LD_PRELOAD": str(stepped_clock()),
            "FAKETIME_TIMESTAMP_FILE": str(said),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",  # which no step moves
        }
        for process in [found.start(), found.start()]:
            process.wait_until_ready()
        yield found, step


def test_links_end_by_the_clock_revocations_stay_and_chains_verify(stepped):
    found, step = stepped
    first, second = found.processes

    def statuses(link):
        return [process.ask("GET", path_of(link)).status for process in (first, second)]

    lives, taken = found.link(first, expires_in=3600), found.link(second, expires_in=3600)
    limited = found.link(first, max_uses=1, expires_in="80d")
    assert statuses(lives) == statuses(taken) == [307, 307]
    assert statuses(limited) == [307, 307]
    assert found.api(first, "DELETE", f"{LINK}/{taken['link_id']}").status == 200
    step(7200)
    assert statuses(lives) == [410, 410]
    assert statuses(taken) == [410, 410]
    step(-86_400)
    assert statuses(lives) == [307, 307]
    asked = time.monotonic()
    while 307 in statuses(taken):
        assert time.monotonic() - asked < 10  # a second, by a clock that no step moves
    assert statuses(taken) == [410, 410]
    made = found.link(second, expires_in=60)
    end = datetime.fromisoformat(made["expires_at"])
    assert abs(end - (datetime.now(UTC) - timedelta(days=1, seconds=-60))) < timedelta(seconds=30)
    assert statuses(made) == [307, 307]
    step(30 * 86_400)
    assert statuses(made) == [410, 410]
    assert statuses(limited) == [410, 410]  # its window has long ended
    step(0)
    assert statuses(lives) == [307, 307]
    kinds = [event["kind"] for event in found.events()]
    assert kinds.count("mint") == 4
    found.verify()
