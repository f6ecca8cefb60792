"""The audit file: chained, shared by processes, and no link where a line cannot be written."""

from __future__ import annotations

import errno
import hashlib
import json
import multiprocessing
import os
import signal
import stat
import subprocess
import sys
import threading
import time

import pytest

import daypass
from daypass.audit import AuditFile, add_audit, head, verify
from daypass.audit import file as module
from daypass.errors import AuditError, InvalidRequestError
from tests.core.audit.conftest import event, lines_of
from tests.core.fakes import NOW
from tests.core.policy.conftest import Clock


@pytest.fixture
def path(tmp_path):
    return tmp_path / "audit.jsonl"


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


def sign():
    return daypass.create_signed_url("fake://bucket/key", signing_time=NOW)


def test_a_full_disk_means_no_url_and_no_half_line(fake, path, monkeypatch):
    file = AuditFile(path)
    add_audit(file)
    sign()
    real = os.write

    chunks = iter([20])

    def half(descriptor, data):
        for size in chunks:
            return real(descriptor, data[:size])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(module.os, "write", half)
    with pytest.raises(AuditError, match="No space left on device"):
        sign()
    assert len(lines_of(path)) == 1
    monkeypatch.setattr(module.os, "write", real)
    sign()
    assert [line["seq"] for line in lines_of(path)] == [1, 2]


LIMITED = """
import resource, sys
from daypass.audit import AuditFile
from daypass.errors import AuditError
from tests.core.audit.conftest import event
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
file = AuditFile(sys.argv[1], fsync=False)
written = 0
for _ in range(100):
    try:
        file.record(event())
        written += 1
    except AuditError as error:
        assert "File too large" in str(error)
print(written)
"""


def test_a_file_that_may_not_grow_keeps_whole_lines_only(path):
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(path)], check=True, capture_output=True, text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert 0 < int(done.stdout) < 100
    assert len(lines_of(path)) == int(done.stdout)
    assert path.stat().st_size <= 5000


@pytest.mark.parametrize("device", ["/dev/full", "/dev/null"])
def test_a_device_is_no_audit(fake, device):
    add_audit(AuditFile(device))
    with pytest.raises(AuditError, match="not a regular file"):
        sign()


def test_a_pipe_is_no_audit_and_is_not_waited_for(fake, path):
    os.mkfifo(path)
    add_audit(AuditFile(path))
    with pytest.raises(AuditError):
        sign()
    for read in (head, verify):
        with pytest.raises(AuditError, match="not a regular file"):
            read(path)


@pytest.mark.parametrize("broken", ["missing directory", "directory", "unwritable"])
def test_a_file_that_cannot_be_opened_means_no_url(fake, tmp_path, broken, monkeypatch):
    target = {"missing directory": tmp_path / "no" / "a", "directory": tmp_path}.get(
        broken, tmp_path / "a"
    )
    if broken == "unwritable":  # the superuser may write everywhere

        def refuse(*args):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

        monkeypatch.setattr(module.os, "open", refuse)
    (tmp_path / "no").mkdir()
    add_audit(AuditFile(target))
    (tmp_path / "no").rmdir()
    with pytest.raises(AuditError, match=r"the audit .* cannot be written"):
        sign()


def test_what_cannot_be_synced_means_no_url(fake, path, monkeypatch):
    def fail(descriptor):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    add_audit(AuditFile(path))
    sign()
    with monkeypatch.context() as patch:
        patch.setattr(module.os, "fsync", fail)
        with pytest.raises(AuditError, match="Input/output error"):
            sign()
    sign()
    assert verify(path).ok


def test_each_line_is_on_the_disk_before_the_link_leaves(fake, path, monkeypatch):
    synced = []
    real = os.fsync
    monkeypatch.setattr(
        module.os, "fsync", lambda descriptor: (synced.append(descriptor), real(descriptor))
    )
    add_audit(AuditFile(path))
    sign()
    assert len(synced) == 2  # the file's name, and the line
    sign()
    assert len(synced) == 3
    add_audit(AuditFile(path.with_name("other"), fsync=False))
    sign()
    assert len(synced) == 4


def test_a_lock_that_is_never_given_back_is_not_waited_for_without_end(path, monkeypatch):
    monkeypatch.setattr(module, "LOCK_WAIT", 0.05)
    AuditFile(path).record(event())
    descriptor = os.open(path, os.O_RDWR)
    try:
        module.fcntl.flock(descriptor, module.fcntl.LOCK_EX)
        with pytest.raises(AuditError, match="locked by another process"):
            AuditFile(path).record(event())
    finally:
        os.close(descriptor)
    AuditFile(path).record(event())
    assert len(lines_of(path)) == 2


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


def test_another_file_in_the_place_of_one_is_noticed(path, tmp_path):
    """It may be that of a rotation which this process has not seen, so it is said and not judged."""
    file = AuditFile(path, fsync=False)
    file.record(event())
    newest = head(path).hash
    other = tmp_path / "other"
    AuditFile(other, fsync=False).record(event())
    other.replace(path)
    file.record(event())
    verdict = verify(path)
    assert verdict.ok
    assert f"had written another file before, whose head was {newest}" in verdict.notes[0]


def test_a_first_line_that_was_never_finished_is_removed_too(path):
    path.write_bytes(b'{"seq":1')
    AuditFile(path, fsync=False).record(event())
    assert [line["decision"] for line in lines_of(path)] == ["repaired", "allowed"]


@pytest.mark.parametrize("put", ["symlink_to", "hardlink_to"])
def test_a_file_of_another_name_is_no_audit(fake, path, tmp_path, put):
    """Whoever can write to the directory could lead the audit over any file of ours."""
    other = tmp_path / "other"
    other.touch()
    getattr(path, put)(other)
    add_audit(AuditFile(path))
    with pytest.raises(AuditError, match=r"is a symbolic link|has another name too"):
        sign()
    assert other.read_bytes() == b""


@pytest.mark.parametrize("last", [b"hello\n", b"{}\n", b"\n", b"x" * 10_000 + b"\n"])
def test_a_file_that_is_none_of_ours_is_left_alone(fake, path, last):
    path.write_bytes(last)
    add_audit(AuditFile(path))
    with pytest.raises(AuditError, match="not as it was written"):
        sign()
    assert path.read_bytes() == last


def test_a_last_line_that_was_changed_is_not_built_on(fake, path):
    add_audit(AuditFile(path))
    sign()
    path.write_bytes(path.read_bytes().replace(b'"GET"', b'"PUT"'))
    before = path.read_bytes()
    daypass.remove_audit(daypass.audit.in_force._application[0])
    add_audit(AuditFile(path))
    with pytest.raises(AuditError, match="not as it was written"):
        sign()
    assert path.read_bytes() == before


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


def test_a_renamed_file_is_followed_by_one_that_goes_on_from_it(path, tmp_path):
    old = tmp_path / "audit.jsonl.1"
    one, other = AuditFile(path, fsync=False), AuditFile(path, fsync=False)
    one.record(event())
    other.record(event())
    path.rename(old)
    other.record(event())
    one.record(event())
    assert len(lines_of(old)) == 2
    first, second = (json.loads(line) for line in path.read_bytes().splitlines())
    assert (first["seq"], first["prev"]) == (1, lines_of(old)[-1]["hash"])
    assert (second["seq"], second["prev"]) == (2, first["hash"])
    whole = verify(old, path)
    assert (whole.ok, whole.lines, whole.notes) == (True, 4, ())
    alone = verify(path)
    assert alone.ok
    assert f"goes on from an older file whose head is {first['prev']}" in alone.notes[0]


def test_the_head_that_a_new_file_goes_on_from_is_the_last_of_all_processes(path, tmp_path):
    one, other = AuditFile(path, fsync=False), AuditFile(path, fsync=False)
    one.record(event())
    for _ in range(3):
        other.record(event())
    path.rename(tmp_path / "old")
    one.record(event())
    assert verify(tmp_path / "old", path).lines == 5


def test_a_process_that_never_saw_the_old_file_begins_a_new_chain(path, tmp_path):
    AuditFile(path, fsync=False).record(event())
    path.rename(tmp_path / "old")
    AuditFile(path, fsync=False).record(event())
    verdict = verify(tmp_path / "old", path)
    assert verdict.ok
    assert "begins a new chain" in verdict.notes[0]


def test_a_removed_file_is_made_anew(path):
    file = AuditFile(path, fsync=False)
    file.record(event())
    path.unlink()
    file.record(event())
    assert path.stat().st_size
    assert verify(path).ok


def test_a_file_that_is_copied_and_cut_goes_on_from_what_was_known(path, tmp_path):
    file = AuditFile(path, fsync=False)
    file.record(event())
    copy = tmp_path / "copy"
    copy.write_bytes(path.read_bytes())
    path.write_bytes(b"")
    file.record(event())
    verdict = verify(copy, path)
    assert (verdict.ok, verdict.lines) == (True, 3)
    assert verdict.notes == (f"{path}: line 1 says that the file was emptied",)
    assert json.loads(path.read_bytes().splitlines()[0])["prev"] == lines_of(copy)[-1]["hash"]


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


def test_a_file_in_a_directory_that_is_not_there_is_refused_when_it_is_made(tmp_path):
    missing = tmp_path / "missing"
    with pytest.raises(InvalidRequestError, match=f"directory {missing} does not exist") as caught:
        AuditFile(missing / "audit.jsonl")
    assert caught.value.option == "path"


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
