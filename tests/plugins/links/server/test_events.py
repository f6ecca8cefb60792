"""Events are chained, written together, signed over, and whoever changes one is found."""

from __future__ import annotations

import json
import re
import threading
from hashlib import sha256

import pytest
import sqlalchemy
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import create_engine, delete, event, insert, select, update

from daypass.errors import AuditError, ConfigError
from daypass_links.server.events.checkpoints import checkpoint
from daypass_links.server.events.tables import CHECKPOINTS, EVENTS, METADATA
from daypass_links.server.events.verification import verify_events
from daypass_links.server.events.writer import Writer
from daypass_links.server.keyset import KeySet

NOW = 1_796_000_000.5


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request, tmp_path, servers):
    url = f"sqlite:///{tmp_path / 'events.db'}"
    made = create_engine(url if request.param == "sqlite" else servers("postgres").database())
    METADATA.create_all(made)
    yield made
    made.dispose()


@pytest.fixture
def keys(tmp_path):
    return KeySet.made(tmp_path / "server.key")


@pytest.fixture
def writer(engine):
    made = Writer(engine, clock=lambda: NOW)
    yield made
    made.close()


def rows(engine):
    with engine.connect() as connection:
        return connection.execute(select(EVENTS).order_by(EVENTS.c.chain, EVENTS.c.seq)).all()


def test_an_event_that_somebody_waits_for_is_on_record_when_they_go_on(engine, writer):
    writer.durable("use", link_id="lnk_1", method="GET").result(timeout=10)
    found = [json.loads(row.line) for row in rows(engine)]
    assert [one["kind"] for one in found] == ["opened", "use"]
    assert found[1]["link_id"] == "lnk_1"
    assert found[1]["method"] == "GET"
    assert found[1]["time"] == "2026-11-30T00:53:20.500000Z"


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


def _change(connection, chains):
    row = connection.execute(select(EVENTS).where(EVENTS.c.seq == 2)).first()
    line = row.line.replace(b"lnk_", b"lnk-")
    where = (EVENTS.c.chain == row.chain) & (EVENTS.c.seq == 2)
    connection.execute(update(EVENTS).where(where).values(line=line))


def _remove(connection, chains):
    connection.execute(delete(EVENTS).where(EVENTS.c.seq == 2).where(EVENTS.c.chain == chains[0]))


def _cut(connection, chains):
    connection.execute(delete(EVENTS).where(EVENTS.c.seq > 3).where(EVENTS.c.chain == chains[0]))


def _drop(connection, chains):
    connection.execute(delete(EVENTS).where(EVENTS.c.chain == chains[1]))


def _copy(connection, chains):
    connection.execute(
        update(EVENTS).where(EVENTS.c.kind == "use").values(principal="somebody else")
    )


def _swap(connection, chains):
    two, three = connection.execute(
        select(EVENTS).where(EVENTS.c.chain == chains[0]).where(EVENTS.c.seq.in_([2, 3]))
    ).all()
    for row, other in ((two, three), (three, two)):
        where = (EVENTS.c.chain == row.chain) & (EVENTS.c.seq == row.seq)
        connection.execute(update(EVENTS).where(where).values(line=other.line))


def _rewrite(connection, chains):
    """Write the whole second chain anew, soundly, as who has the database can."""
    from daypass.audit import Chain

    connection.execute(delete(EVENTS).where(EVENTS.c.chain == chains[1]))
    chain = Chain()
    for kind in ("opened", "closed"):
        fields = {"chain": chains[1], "kind": kind, "link_id": None, "principal": None}
        line = chain.line(fields, NOW)
        row = {**fields, "seq": chain.seq, "time": NOW, "line": line}
        connection.execute(insert(EVENTS).values(row))


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
        (_copy, "columns beside its line"),
        (_swap, "lines were put in, repeated or moved|are missing|is missing"),
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
