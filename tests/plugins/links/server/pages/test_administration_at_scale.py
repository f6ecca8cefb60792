"""Pages of administration with a hundred thousand links and as many events: each small, quick, and in bounded memory."""

from __future__ import annotations

import json
import os
import re
import time
from html import unescape
from pathlib import Path

import pytest
from sqlalchemy import insert

from daypass.audit import Chain
from daypass_links.server.events.finding import Sought, all_of
from daypass_links.server.events.tables import BLOCKS, LINK_BLOCKS
from daypass_links.server.pages.administration import exports
from daypass_links.server.principals.known import remember
from tests.plugins.links.server.pages.conftest import Person, many_links, started

pytestmark = pytest.mark.nightly
EVENTS = 100_000
PAGES = [
    "/ui/admin",
    "/ui/admin/callers",
    "/ui/admin/callers?text=person",
    "/ui/admin/policy",
    "/ui/admin/events",
    "/ui/admin/events?kind=key",
    "/ui/admin/events?kind=use",
    "/ui/admin/events?principal=person+7",
    "/ui/admin/events?until=2020-01-01T00:00",
    "/ui/admin/alerts",
    "/ui/admin/checkpoints",
    "/ui/links?whose=all",
    "/ui/links?whose=all&order=ends",
    "/ui/links?whose=all&order=path&state=alive",
]


def many_events(connection, now):
    """Write events down as a process does that is busy: a hundred in each block, one of which is no use."""
    chain = Chain()
    for first in range(0, EVENTS, 100):
        lines, links = [], []
        for number in range(first, first + 100):
            said = {"chain": "chn_many", "kind": "use", "link_id": f"lnk_{number % 1000:020x}"}
            if number % 100 == 0:
                name = f"person {number // 100 % 1000}"
                said = {**said, "kind": "look", "link_id": None, "principal": name}
            else:
                links.append(said["link_id"])
            lines.append(chain.line_of(json.dumps(said)[1:-1], now + number / 100))
        span = {"oldest": now + first / 100, "newest": now + (first + 99) / 100}
        place = {"chain": "chn_many", "first": first + 1, "last": first + 100}
        block = connection.scalar(
            insert(BLOCKS).values(**place, **span, lines=b"".join(lines)).returning(BLOCKS.c.id)
        )
        rows = [{"link_id": one, "oldest": span["oldest"], "block": block} for one in links]
        connection.execute(insert(LINK_BLOCKS), rows)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with started(tmp_path_factory.mktemp("scale")) as found:
        now = int(found.clock())
        many_links(found.service, now)
        with found.service.databases.main.begin() as connection:
            for number in range(1000):
                remember(connection, f"person {number}", [], now)
        with found.service.databases.events.begin() as connection:
            many_events(connection, now)
        yield found


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_small_and_takes_little_of_a_processor(server, path):
    admin = Person(server).sign_in()
    admin.see(path)
    spent = []
    for _ in range(5):
        before = time.process_time()
        admin.see(path)
        spent.append(time.process_time() - before)
        assert len(admin.answer.content) < 150_000
    assert sorted(spent)[2] < 0.1
    more = re.search(r'rel="next" href="([^"]+)"', admin.answer.text)
    if more:
        before = time.process_time()
        admin.see(unescape(more[1]))
        assert time.process_time() - before < 0.2


def resident():
    """Return how much memory the process has, in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize("form", exports.FORMATS)
def test_an_export_takes_no_more_memory_for_more_events(server, form):
    pieces = exports._WRITERS[form](all_of(server.service.databases.reading_events, Sought()))
    size, seen = len(next(pieces)), [resident()]
    for piece in pieces:
        size += len(piece)
        seen.append(resident())
    assert size > EVENTS * (1 if form == "parquet" else 100)
    assert max(seen) - seen[0] < 64 << 20
