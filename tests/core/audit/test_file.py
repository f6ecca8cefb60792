"""The audit file: what a line says, and the chain that several writers share."""

from __future__ import annotations

import json
import multiprocessing
import os
import stat
import threading

import pytest

from daypass.audit import AuditFile, head, verify
from daypass.errors import AuditError, InvalidRequestError
from tests.core.audit.conftest import event, lines_of
from tests.core.fakes import NOW
from tests.core.policy.conftest import Clock


def test_a_line_says_what_the_event_said(path):
    AuditFile(path, clock=lambda: NOW.timestamp() + 0.25).record(
        event(
            rule="read",
            headers=frozenset({"x-é", "x-b"}),
            acl="public-read",
            copy_source="fake://bucket/é",
        )
    )
    (line,) = lines_of(path)
    del line["hash"]
    assert line == {
        "seq": 1,
        "prev": "0" * 64,
        "time": "2026-11-23T12:00:00.250000Z",
        "decision": "allowed",
        "action": "create_signed_url",
        "caller": "ann",
        "backend": "fake",
        "path": "fake://bucket/key",
        "version": None,
        "method": "GET",
        "conditions": ["acl", "filename"],
        "headers": ["x-b", "x-é"],
        "acl": "public-read",
        "copy_source": "fake://bucket/é",
        "signing_time": "2026-11-23T12:00:00Z",
        "expires_at": "2026-11-23T12:00:00Z",
        "expires_because": "requested",
        "unenforced": [],
        "count": 1,
        "url_sha256": "ab" * 32,
        "merkle_root": None,
        "rule": "read",
        "reason": None,
    }


@pytest.mark.parametrize(
    "text", ["a\nb", '","hash":"', "\ud800", "é", "\x00", '{"decision":"repaired"}', "a" * 100_000]
)
def test_no_text_breaks_a_line(path, text):
    file = AuditFile(path, fsync=False)
    file.record(event(caller=text))
    file.record(event(reason=text))
    AuditFile(path, fsync=False).record(event(path=text))
    first, second, third = (json.loads(line) for line in path.read_bytes().splitlines())
    assert (first["caller"], second["reason"], third["path"]) == (text, text, text)
    assert verify(path).ok
    assert verify(path).lines == 3
    assert not verify(path).notes


def test_a_line_that_nobody_could_read_again_is_not_written(path):
    file = AuditFile(path, fsync=False)
    with pytest.raises(AuditError, match="1048576"):
        file.record(event(caller="a" * 2_000_000))
    file.record(event())
    assert len(lines_of(path)) == 1


def test_the_file_is_only_its_owners(path):
    before = os.umask(0)
    try:
        AuditFile(path, fsync=False).record(event())
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_it_goes_on_where_another_left_off(path):
    for _ in range(3):
        AuditFile(path, fsync=False).record(event())
    one, other = AuditFile(path, fsync=False), AuditFile(path, fsync=False)
    for _ in range(3):
        one.record(event())
        other.record(event())
    assert [line["seq"] for line in lines_of(path)] == list(range(1, 10))
    assert head(path).hash == lines_of(path)[-1]["hash"]


def test_a_clock_that_goes_back_is_recorded_as_it_is(path):
    clock = Clock(NOW.timestamp())
    file = AuditFile(path, fsync=False, clock=clock)
    file.record(event())
    clock.now -= 86_400
    file.record(event())
    assert [line["time"] for line in lines_of(path)] == [
        *("2026-11-23T12:00:00.000000Z", "2026-11-22T12:00:00.000000Z"),
    ]
    assert verify(path).ok


def test_threads_share_a_file(path):
    file = AuditFile(path, fsync=False)

    def work():
        for _ in range(200):
            file.record(event())

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(lines_of(path)) == 1200


def _append(path, who, count, together):
    file = AuditFile(path, fsync=False)
    together.wait(120)
    for n in range(count):
        file.record(event(caller=f"{who}-{n}"))


@pytest.mark.parametrize("count", [1500, pytest.param(10_000, marks=pytest.mark.nightly)])
def test_eight_processes_append_at_once_and_nothing_is_lost(path, count):
    context = multiprocessing.get_context("spawn")
    together = context.Barrier(8)
    workers = [
        context.Process(target=_append, args=(path, who, count, together)) for who in range(8)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert {worker.exitcode for worker in workers} == {0}
    lines = lines_of(path)
    assert {line["caller"] for line in lines} == {
        f"{who}-{n}" for who in range(8) for n in range(count)
    }
    assert len(lines) == 8 * count
    verdict = verify(path)
    assert (verdict.ok, verdict.lines) == (True, 8 * count)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="only where there is fork")
def test_a_fork_takes_its_own_lock(path):
    file = AuditFile(path, fsync=False)
    file.record(event())
    children = []
    for _ in range(4):
        child = os.fork()
        if not child:
            code = 1
            try:
                for _ in range(300):
                    file.record(event())
                code = 0
            finally:
                os._exit(code)
        children.append(child)
    for _ in range(300):
        file.record(event())
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 4
    assert len(lines_of(path)) == 1501


def test_a_relative_path_stays_where_it_was(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = AuditFile("audit.jsonl", fsync=False)
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path / "sub")
    file.record(event())
    assert (tmp_path / "audit.jsonl").exists()


@pytest.mark.parametrize("path", [None, 5, b"a"])
def test_a_path_is_text(path):
    with pytest.raises(InvalidRequestError):
        AuditFile(path)


def test_the_repr_shows_the_path(path):
    assert repr(AuditFile(path)) == f"AuditFile({str(path)!r}, fsync=True)"
