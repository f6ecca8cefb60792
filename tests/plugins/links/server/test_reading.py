"""Events are found by their link and their time, in whichever blocks they are."""

from __future__ import annotations

import json
from collections import Counter
from hashlib import sha256

from alembic import command
from sqlalchemy import column, insert, table

from daypass.audit import Chain
from daypass_links.server.database import schema
from daypass_links.server.events.reading import between, of_link
from daypass_links.server.events.tables import LINK_BLOCKS, METADATA
from daypass_links.server.events.verification import verify_events
from daypass_links.server.events.writer import Writer
from daypass_links.server.keyset import KeySet

NOW = 1_796_000_000.5


def told(engine, link_id, most, **how):
    """Return the places of events of a link, and their numbers."""
    with engine.connect() as connection:
        found = of_link(connection, link_id, most, **how)
    assert {json.loads(line)["link_id"] for _, line in found} <= {link_id}
    return [place for place, _ in found], [json.loads(line)["n"] for _, line in found]


def test_events_of_a_link_are_read_on_from_any_of_them_and_from_the_end(engine):
    METADATA.create_all(engine)
    moments = iter(range(1000))
    writer = Writer(engine, clock=lambda: NOW + next(moments))
    for n in range(0, 24, 2):
        writer.note("use", link_id="lnk_1", n=n)
        writer.note("use", link_id="lnk_10", n=-n)
        written = writer.durable("use", link_id="lnk_1", n=n + 1)
        if n % 4 == 0:
            written.result(timeout=10)  # so that there is more than one block
    writer.close()
    places, numbers = told(engine, "lnk_1", 100)
    assert numbers == [*range(24)]
    for size in (1, 5):
        found, after = [], None
        while some := told(engine, "lnk_1", size, after=after)[0]:
            found += some
            after = some[-1]
        assert found == places
    assert told(engine, "lnk_1", 100, newest_first=True) == (places[::-1], numbers[::-1])
    assert told(engine, "lnk_1", 3, newest_first=True)[1] == [23, 22, 21]
    assert told(engine, "lnk", 3) == ([], [])


def test_blocks_of_others_that_are_put_beside_a_link_hide_nothing_of_it(engine):
    METADATA.create_all(engine)
    writer = Writer(engine, clock=lambda: NOW)
    for link_id in ("lnk_2", "lnk_1"):
        writer.durable("use", link_id=link_id, n=0).result(timeout=10)
    writer.close()
    ((place,), _) = told(engine, "lnk_2", 9)
    rows = [
        {"link_id": "lnk_1", "oldest": NOW + far, "block": place.block}
        for far in range(-9, 10)
        if far
    ]
    with engine.begin() as connection:
        connection.execute(insert(LINK_BLOCKS), rows)
    for most in (1, 2, 3, 100):
        for newest_first in (False, True):
            assert told(engine, "lnk_1", most, newest_first=newest_first)[1] == [0]


def test_events_of_a_span_of_time_are_those_from_its_first_moment_to_before_its_end(engine):
    METADATA.create_all(engine)
    moments = iter([0, 9.999999, 10, 11, 19.999999, 20, 30])
    writer = Writer(engine, clock=lambda: NOW + next(moments))
    for kind in ("before", "first", "use", "last", "after"):
        writer.note(kind, link_id="lnk_1")
    writer.close()
    with engine.connect() as connection:
        found = Counter(one.kind for one in between(connection, NOW + 10, NOW + 20))
    assert found == {"first": 1, "use": 1, "last": 1}


def test_what_was_written_by_rows_is_the_same_by_blocks(engine, tmp_path):
    config = schema._config("events")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0003")  # before uses were counted by day
    lines, rows = [], []
    for name, events in (("chn_a", 1203), ("chn_b", 1)):
        chain = Chain()
        for n in range(events):
            said = {"chain": name, "kind": "use", "link_id": f"lnk_{n % 2}", "principal": None}
            now = NOW - n % 7  # of a clock that is put back now and then
            lines.append(chain.line({**said, "n": n}, now))
            rows.append({**said, "seq": chain.seq, "time": now, "line": lines[-1]})
    with engine.begin() as connection:
        connection.execute(insert(table("event", *map(column, rows[0]))), rows)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    witness = verify_events(engine, KeySet.made(tmp_path / "server.key"))
    assert (witness.ok, witness.events, witness.chains) == (True, 1204, 2)
    with engine.connect() as connection:
        found = [line for n in (0, 1) for _, line in of_link(connection, f"lnk_{n}", 2000)]
    assert sha256(b"".join(sorted(found))).digest() == sha256(b"".join(sorted(lines))).digest()
