"""A line that was never finished is repaired and the repair told; a file that was cut is told from it."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import signal
import subprocess
import sys
import time

import pytest

from daypass.audit import AuditFile, head, verify
from daypass.audit import file as module
from daypass.errors import AuditError
from tests.core.audit.conftest import event, lines_of


@pytest.mark.parametrize("torn", [b"{", b'{"seq":3,"prev":"', b"\0" * 5000, None])
def test_an_unfinished_line_is_removed_and_the_next_one_says_so(path, torn):
    file = AuditFile(path, fsync=False)
    file.record(event())
    file.record(event())
    if torn is None:  # all of a line but its end
        torn = path.read_bytes().splitlines()[1].replace(b'"seq":2', b'"seq":3')
    with path.open("ab") as opened:
        opened.write(torn)
    verdict = verify(path)
    assert verdict.ok
    assert verdict.lines == 2
    assert f"the last {len(torn)} bytes are a line without its end" in verdict.notes[0]
    file.record(event(caller="next"))
    lines = lines_of(path)
    assert [line["decision"] for line in lines] == ["allowed", "allowed", "repaired", "allowed"]
    assert lines[2]["removed_bytes"] == len(torn)
    assert lines[2]["removed_sha256"] == hashlib.sha256(torn).hexdigest()
    assert lines[3]["caller"] == "next"
    verdict = verify(path)
    assert verdict.ok
    assert "line 3 says that an unfinished line was removed" in verdict.notes[0]


@pytest.mark.parametrize("works", ["write", "pwrite"])
def test_an_unfinished_line_does_not_vanish_where_the_next_cannot_be_written(
    path, monkeypatch, works
):
    """Whichever of the two writes fails, something says that a line was not finished."""
    file = AuditFile(path, fsync=False)
    file.record(event())
    with path.open("ab") as opened:
        opened.write(b'{"seq":2')

    def full(*arguments):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(module.os, {"write": "pwrite", "pwrite": "write"}[works], full)
        with pytest.raises(AuditError, match="No space left on device"):
            file.record(event())
    assert "unfinished line" in (notes := verify(path).notes[0]) or "never finished" in notes
    file.record(event())
    assert [line["decision"] for line in lines_of(path)] == ["allowed", "repaired", "allowed"]


def test_a_repair_that_was_not_finished_is_repaired(path, monkeypatch):
    torn = b"\0" * 5000
    file = AuditFile(path, fsync=False)
    file.record(event())
    with path.open("ab") as opened:
        opened.write(torn)
    real = os.pwrite
    chunks = iter([20])

    def half(descriptor, data, offset):
        for size in chunks:
            return real(descriptor, data[:size], offset)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(module.os, "pwrite", half)
        with pytest.raises(AuditError, match="No space left on device"):
            file.record(event())
    file.record(event())
    assert [line["decision"] for line in lines_of(path)] == ["allowed", "repaired", "allowed"]
    assert lines_of(path)[1]["removed_bytes"] == len(torn)


@pytest.mark.parametrize("gone", [b"", b'{"seq":2'], ids=["whole", "torn"])
def test_a_file_that_was_cut_under_a_writer_is_noticed_and_no_longer_verifies(path, gone):
    file = AuditFile(path, fsync=False)
    for _ in range(3):
        file.record(event())
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + gone)
    file.record(event(caller="next"))
    cut, last = lines_of(path)[-2:]
    assert (cut["decision"], last["caller"]) == ("cut", "next")
    assert (cut["known_seq"], cut["known_hash"]) == (3, json.loads(lines[2])["hash"])
    verdict = verify(path)
    assert not verdict.ok
    assert "cut off" in verdict.why


def test_a_cut_is_noticed_after_a_write_that_failed(path, monkeypatch):
    file = AuditFile(path, fsync=False)
    for _ in range(2):
        file.record(event())
    with monkeypatch.context() as patch:
        patch.setattr(module.os, "write", lambda *arguments: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            file.record(event())
    path.write_bytes(path.read_bytes().splitlines(keepends=True)[0])
    file.record(event())
    assert not verify(path).ok


def test_a_line_that_another_process_put_in_the_place_of_a_known_one_is_noticed(path):
    file, other = AuditFile(path, fsync=False), AuditFile(path, fsync=False)
    for _ in range(2):
        file.record(event())
    other.record(event())
    path.write_bytes(path.read_bytes().splitlines(keepends=True)[0])
    AuditFile(path, fsync=False).record(event())
    file.record(event())
    assert not verify(path).ok


def test_a_first_line_that_was_never_finished_is_removed_too(path):
    path.write_bytes(b'{"seq":1')
    AuditFile(path, fsync=False).record(event())
    assert [line["decision"] for line in lines_of(path)] == ["repaired", "allowed"]


KILLED = """
import sys
from daypass.audit import AuditFile
from tests.core.audit.conftest import event
file = AuditFile(sys.argv[1], fsync=False)
print("ready", flush=True)
while True:
    file.record(event(caller="x" * 20_000))
"""


def test_processes_killed_while_they_write_leave_a_chain_that_verifies(path):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    for wait in (0.0, 0.02):
        workers = [
            subprocess.Popen([sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE, env=environment)
            for _ in range(2)
        ]  # fmt: skip
        for worker in workers:
            assert worker.stdout.readline() == b"ready\n"
        time.sleep(wait)
        for worker in workers:
            worker.send_signal(signal.SIGKILL)
            worker.communicate()
        AuditFile(path, fsync=False).record(event())
        assert verify(path).ok
    lines_of(path)


def test_a_last_line_that_was_cut_short_later_is_told_by_the_head_alone(path):
    file = AuditFile(path, fsync=False)
    file.record(event())
    file.record(event())
    newest = head(path).hash
    path.write_bytes(path.read_bytes()[:-20])
    found = verify(path)
    assert (found.ok, found.lines) == (True, 1)
    assert "or it was cut short since" in found.notes[0]
    assert not verify(path, expect_head=newest).ok
