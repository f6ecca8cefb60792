"""No link where its line cannot be written, and no line where something else stands."""

from __future__ import annotations

import errno
import os
import subprocess
import sys

import pytest

import daypass
from daypass.audit import AuditFile, add_audit, head, verify
from daypass.audit import file as module
from daypass.errors import AuditError, InvalidRequestError
from tests.core.audit.conftest import event, lines_of
from tests.core.fakes import NOW


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


def test_a_file_in_a_directory_that_is_not_there_is_refused_when_it_is_made(tmp_path):
    missing = tmp_path / "missing"
    with pytest.raises(InvalidRequestError, match=f"directory {missing} does not exist") as caught:
        AuditFile(missing / "audit.jsonl")
    assert caught.value.option == "path"
