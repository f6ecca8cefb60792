"""Events are chained, written together, signed over, and whoever changes one is found."""

from __future__ import annotations

import json
import re
import threading
import time
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace

import pytest
import sqlalchemy
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import delete, event, func, insert, select, update

from daypass.errors import AuditError, ConfigError
from daypass_links.server.events.checkpoints import checkpoint
from daypass_links.server.events.tables import (
    BLOCKS,
    CHECKPOINTS,
    LINK_BLOCKS,
    METADATA,
    USE_DAYS,
)
from daypass_links.server.events.verification import verify_events
from daypass_links.server.events.writer import Writer
from daypass_links.server.keyset import KeySet

NOW = 1_796_000_000.5


@pytest.fixture
def engine(engine):
    METADATA.create_all(engine)
    return engine


@pytest.fixture
def keys(tmp_path):
    return KeySet.made(tmp_path / "server.key")


@pytest.fixture
def writer(engine):
    made = Writer(engine, clock=lambda: NOW)
    yield made
    made.close()


def rows(engine):
    """Return every line, with what it says of its number and kind."""
    with engine.connect() as connection:
        blocks = connection.scalars(select(BLOCKS.c.lines).order_by(BLOCKS.c.chain, BLOCKS.c.first))
        lines = [line for block in blocks for line in block.splitlines(keepends=True)]
    said = [(line, json.loads(line)) for line in lines]
    return [SimpleNamespace(seq=one["seq"], kind=one["kind"], line=line) for line, one in said]


def test_an_event_that_somebody_waits_for_is_on_record_when_they_go_on(engine, writer):
    writer.durable("use", link_id="lnk_1", method="GET").result(timeout=10)
    found = [json.loads(row.line) for row in rows(engine)]
    assert [one["kind"] for one in found] == ["opened", "use"]
    assert found[1]["link_id"] == "lnk_1"
    assert found[1]["method"] == "GET"
    assert found[1]["time"] == "2026-11-30T00:53:20.500000Z"


def test_what_no_line_can_say_is_the_fault_of_who_says_it_and_the_chain_goes_on(engine, writer):
    with pytest.raises(UnicodeEncodeError):
        writer.note("use", key="half a \ud800 pair")
    writer.durable("use", key="größer").result(timeout=10)
    assert [json.loads(row.line)["kind"] for row in rows(engine)] == ["opened", "use"]
    assert json.loads(rows(engine)[1].line)["key"] == "größer"


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="has no /proc")
def test_its_thread_sleeps_until_there_is_something(engine, writer):
    writer.durable("use", link_id="lnk_1").result(timeout=10)
    assert writer._thread.native_id is not None
    status = Path(f"/proc/self/task/{writer._thread.native_id}/status")
    count, end = None, time.monotonic() + 30
    while time.monotonic() < end:
        before, count = (
            count,
            re.search(r"^voluntary_ctxt_switches:\s+(\d+)", status.read_text(), re.MULTILINE)[1],
        )
        if count == before:
            break
        time.sleep(0.2)
    assert count == before
    writer.note("use", link_id="lnk_2")  # and wakes for it
    while writer.waiting and time.monotonic() < end:
        time.sleep(0.01)
    assert [row.kind for row in rows(engine)] == ["opened", "use", "use"]


def test_a_line_is_what_the_audit_s_reference_says_of_one(engine, writer):
    writer.durable("use").result(timeout=10)
    before = "0" * 64
    for number, row in enumerate(rows(engine), 1):
        text_, _, end = row.line.decode().rpartition(',"hash":"')
        assert sha256(text_.encode()).hexdigest() == end[:64]
        assert json.loads(row.line)["prev"] == before
        assert json.loads(row.line)["seq"] == number
        before = end[:64]


def test_events_nobody_waits_for_are_written_before_the_chain_is_closed(engine):
    writer = Writer(engine)
    threads = [
        threading.Thread(target=lambda: [writer.note("use", link_id="lnk_1") for _ in range(100)])
        for _ in range(8)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    writer.close()
    found = rows(engine)
    assert [row.seq for row in found] == list(range(1, 803))
    assert found[-1].kind == "closed"


def test_what_cannot_be_written_must_not_happen_and_goes_on_when_it_can(engine, writer):
    writer.durable("use").result(timeout=10)
    broken = threading.Event()
    broken.set()

    @event.listens_for(engine, "before_cursor_execute")
    def fail(*_):
        if broken.is_set():
            raise sqlalchemy.exc.OperationalError(None, None, Exception("disk full"))

    waited_for = writer.durable("use", link_id="lnk_2")
    with pytest.raises(AuditError, match="could not be written down"):
        waited_for.result(timeout=10)
    with pytest.raises(AuditError, match="cannot be written down"):
        writer.note("use")
    broken.clear()
    writer.close()
    found = [(row.seq, row.kind) for row in rows(engine)]
    assert found == [(1, "opened"), (2, "use"), (3, "use"), (4, "closed")]


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_what_failed_just_before_the_writer_was_closed_is_tried_once_more(engine, writer):
    writer.durable("use").result(timeout=10)
    closing = threading.Thread(target=writer.close)

    @event.listens_for(engine, "before_cursor_execute")
    def fail_while_the_service_ends(*_):
        if closing.ident is None:
            closing.start()
            while not writer._closing:
                closing.join(0.001)
            raise sqlalchemy.exc.OperationalError(None, None, Exception("disk full"))

    with pytest.raises(AuditError, match="could not be written down"):
        writer.durable("use", link_id="lnk_2").result(timeout=10)
    closing.join()
    found = [(row.seq, row.kind) for row in rows(engine)]
    assert found == [(1, "opened"), (2, "use"), (3, "use"), (4, "closed")]


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "error", [sqlalchemy.exc.OperationalError(None, None, Exception("disk full")), ValueError()]
)
def test_whoever_waits_is_told_of_a_failure_however_many_they_are(engine, writer, error):
    writer.durable("use").result(timeout=10)
    broken, all_are_there = threading.Event(), threading.Event()
    broken.set()

    @event.listens_for(engine, "before_cursor_execute")
    def fail(*_):
        if broken.is_set():
            assert all_are_there.wait(30)
            raise error

    waited_for = [writer.durable("use", link_id="lnk_2") for _ in range(1200)]
    all_are_there.set()
    for one in waited_for:
        with pytest.raises(AuditError, match="could not be written down"):
            one.result(timeout=10)
    broken.clear()
    writer.close()
    assert [row.seq for row in rows(engine)] == list(range(1, 1204))


@pytest.fixture
def witnessed(engine, keys):
    """Two chains, one of which goes on between two checkpoints, and one that is closed."""
    first, second = Writer(engine), Writer(engine)
    for n in range(3):
        first.durable("use", link_id=f"lnk_{n}").result(timeout=10)
    assert checkpoint(engine, keys.signing, NOW).n == 1
    second.durable("use", link_id="lnk_7").result(timeout=10)
    first.close()
    second.close()
    assert checkpoint(engine, keys.signing, NOW + 60).n == 2
    assert checkpoint(engine, keys.signing, NOW + 120) is None  # nothing has happened
    return first.chain, second.chain


def test_what_was_not_touched_verifies(engine, keys, witnessed):
    found = verify_events(engine, keys)
    assert (found.ok, found.chains, found.checkpoints, found.faults) == (True, 2, 2, ())
    assert found.events == 8
    assert found.notes == ()


def test_a_chain_that_was_not_closed_is_told(engine, keys, writer):
    writer.durable("use").result(timeout=10)
    assert "has not ended" in verify_events(engine, keys).notes[0]


def test_a_checkpoint_s_signature_is_that_of_ed25519_over_its_text(engine, keys, witnessed):
    public = Ed25519PublicKey.from_public_bytes(keys.signing.public)
    with engine.connect() as connection:
        for row in connection.execute(select(CHECKPOINTS)):
            public.verify(row.signature, row.body.encode())
            entries = json.loads(row.body)["heads"]
            leaves = [sha256(b"\0" + one.encode()).digest() for one in entries]
            root = leaves[0] if len(leaves) == 1 else sha256(b"\1" + leaves[0] + leaves[1]).digest()
            assert json.loads(row.body)["root"] == root.hex()


def _lines(connection, chain):
    blocks = select(BLOCKS.c.lines).where(BLOCKS.c.chain == chain).order_by(BLOCKS.c.first)
    return b"".join(connection.scalars(blocks)).splitlines(keepends=True)


def _write(connection, chain, lines):
    """Write other lines in place of a chain's, and beside them what they say, as who has the database can."""
    blocks = connection.execute(select(BLOCKS).where(BLOCKS.c.chain == chain)).mappings().all()
    others = [dict(block) for block in blocks]
    connection.execute(delete(BLOCKS).where(BLOCKS.c.chain == chain))
    said = [json.loads(line) for line in lines]
    row = {
        **others[0],
        "first": said[0]["seq"],
        "last": said[-1]["seq"],
        "oldest": min(block["oldest"] for block in others),
        "newest": max(block["newest"] for block in others),
        "lines": b"".join(lines),
    }
    connection.execute(insert(BLOCKS).values(row))
    for link in {one["link_id"] for one in said} - {None}:
        place = {"link_id": link, "oldest": row["oldest"], "block": row["id"]}
        connection.execute(delete(LINK_BLOCKS).where(LINK_BLOCKS.c.link_id == link))
        connection.execute(insert(LINK_BLOCKS).values(place))


def _change(connection, chains):
    lines = _lines(connection, chains[0])
    lines[1] = lines[1].replace(b"lnk_", b"lnk-")
    _write(connection, chains[0], lines)


def _remove(connection, chains):
    lines = _lines(connection, chains[0])
    _write(connection, chains[0], [lines[0], *lines[2:]])


def _cut(connection, chains):
    _write(connection, chains[0], _lines(connection, chains[0])[:3])


def _drop(connection, chains):
    connection.execute(delete(BLOCKS).where(BLOCKS.c.chain == chains[1]))


def _drop_a_block(connection, chains):
    first = select(func.min(BLOCKS.c.first)).where(BLOCKS.c.chain == chains[0]).scalar_subquery()
    connection.execute(delete(BLOCKS).where(BLOCKS.c.chain == chains[0], BLOCKS.c.first == first))


def _swap(connection, chains):
    lines = _lines(connection, chains[0])
    _write(connection, chains[0], [lines[0], lines[2], lines[1], *lines[3:]])


def _swap_blocks(connection, chains):
    """Have each of two blocks stand where the other does."""
    for place in ("first", "last"):
        connection.execute(
            update(BLOCKS).where(BLOCKS.c.chain == chains[0]).values({place: -BLOCKS.c[place]})
        )


def _hide(connection, chains):
    connection.execute(delete(LINK_BLOCKS).where(LINK_BLOCKS.c.link_id == "lnk_7"))


def _claim(connection, chains):
    """Have an event of one link be found by another too."""
    row = connection.execute(select(LINK_BLOCKS).where(LINK_BLOCKS.c.link_id == "lnk_7")).one()
    connection.execute(insert(LINK_BLOCKS).values({**row._mapping, "link_id": "lnk_8"}))


def _point(connection, chains):
    """Lead to a block that there is not."""
    connection.execute(insert(LINK_BLOCKS).values(link_id="lnk_7", oldest=NOW, block=4711))


def _count_more(connection, chains):
    connection.execute(update(USE_DAYS).where(USE_DAYS.c.link_id == "lnk_1").values(uses=5))


def _count_later(connection, chains):
    connection.execute(update(USE_DAYS).values(last_at=USE_DAYS.c.last_at + 1))


def _count_less(connection, chains):
    connection.execute(delete(USE_DAYS).where(USE_DAYS.c.link_id == "lnk_7"))


def _count_another(connection, chains):
    row = connection.execute(select(USE_DAYS).where(USE_DAYS.c.link_id == "lnk_7")).one()
    connection.execute(insert(USE_DAYS).values({**row._mapping, "link_id": "lnk_8"}))


def _count_of_none(connection, chains):
    """Count uses of chains that there are not, before, between and behind those that there are."""
    row = connection.execute(select(USE_DAYS).where(USE_DAYS.c.link_id == "lnk_7")).one()
    for chain in ("chn_", f"{min(chains)}0", "chn_~"):
        connection.execute(insert(USE_DAYS).values({**row._mapping, "chain": chain}))


def _postpone(connection, chains):
    connection.execute(update(BLOCKS).values(newest=BLOCKS.c.newest + 3600))


def _move(connection, chains):
    connection.execute(update(BLOCKS).where(BLOCKS.c.chain == chains[0]).values(chain="chn_other"))


def _no_lines(connection, chains):
    connection.execute(update(BLOCKS).values(lines=b"\xff{\n[]\n"))


def _rewrite(connection, chains):
    """Write the whole second chain anew, soundly, as who has the database can."""
    from daypass.audit import Chain

    chain = Chain()
    fields = {"chain": chains[1], "link_id": None, "principal": None}
    lines = [chain.line({**fields, "kind": kind}, NOW) for kind in ("opened", "closed")]
    _write(connection, chains[1], lines)


def _uncheck(connection, chains):
    connection.execute(delete(CHECKPOINTS).where(CHECKPOINTS.c.n == 1))


def _forge(connection, chains):
    connection.exec_driver_sql(
        """update checkpoint set body = replace(body, '"n":2', '"n":2,"x":1') where n = 2"""
    )


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_change, "it was changed"),
        (_remove, "missing"),
        (_cut, "which is gone"),
        (_drop, "which is gone"),
        (_drop_a_block, "missing"),
        (_postpone, "columns beside its lines"),
        (_move, "columns beside its lines"),
        (_hide, "lnk_7 would not be found"),
        (_claim, "would be found by lnk_8"),
        (_point, "block 4711"),
        (_count_more, "5 uses of lnk_1 .* it has 1"),
        (_count_later, "another moment"),
        (_count_less, "0 uses of lnk_7 .* it has 1"),
        (_count_another, "1 uses of lnk_8 .* it has 0"),
        (_count_of_none, "chain chn_~, which is not there"),
        (_no_lines, "columns beside its lines"),
        (_swap, "lines were put in, repeated or moved|are missing|is missing"),
        (_swap_blocks, "lines were put in, repeated or moved|are missing|is missing"),
        (_rewrite, "which is gone"),
        (_uncheck, "one is missing"),
        (_forge, "its signature is not that of its text"),
    ],
)
def test_whatever_was_done_to_the_database_is_found(engine, keys, witnessed, spoil, said):
    with engine.begin() as connection:
        spoil(connection, witnessed)
    found = verify_events(engine, keys)
    assert not found.ok
    assert any(re.search(said, one) for one in found.faults), found.faults


def test_a_stranger_s_key_signs_nothing(engine, keys, witnessed, tmp_path):
    found = verify_events(engine, KeySet.made(tmp_path / "other.key"))
    assert "which is not in the key file" in found.faults[0]


def test_rotated_keys_overlap(engine, keys, witnessed, tmp_path):
    rotated = KeySet.rotate(tmp_path / "server.key")
    assert rotated.signing.kid != keys.signing.kid
    assert verify_events(engine, KeySet.made(tmp_path / "server.key")).ok


def test_a_key_file_is_its_owner_s_alone(tmp_path):
    file = tmp_path / "server.key"
    KeySet.made(file)
    assert file.stat().st_mode & 0o777 == 0o600
    file.chmod(0o644)
    with pytest.raises(ConfigError, match="nobody else's to read"):
        KeySet.read(file)
    link = tmp_path / "link.key"
    link.symlink_to(file)
    with pytest.raises(ConfigError, match="cannot be read"):
        KeySet.read(link)
    file.chmod(0o600)
    file.write_text("{}")
    with pytest.raises(ConfigError, match="holds no keys"):
        KeySet.read(file)
