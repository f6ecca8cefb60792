"""Files appear whole or not at all, and one run writes them."""

from __future__ import annotations

import stat
import subprocess
import sys

import pytest

from daypass.base.files import lock, target_of, whole
from daypass.errors import InvalidRequestError, StoreError

LOCK = """
import sys
from daypass.base.files import lock
file = open(sys.argv[1], "r+b")
lock(file, "at it")
print("locked", flush=True)
sys.stdin.read()
"""


def test_a_file_takes_its_name_when_all_is_written(tmp_path):
    target = tmp_path / "file"
    target.write_text("old")
    with whole(target) as sink:
        sink.write(b"new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"
    (tmp_path / "other").touch()
    assert stat.S_IMODE(target.stat().st_mode) == stat.S_IMODE((tmp_path / "other").stat().st_mode)


def test_what_fails_leaves_nothing(tmp_path):
    def fail():
        with whole(tmp_path / "file") as sink:
            sink.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_a_target_is_what_a_link_leads_to_and_a_file(tmp_path):
    (tmp_path / "link").symlink_to("file")
    assert target_of(tmp_path / "link") == tmp_path / "file"
    with pytest.raises(InvalidRequestError, match="not a regular file"):
        target_of(tmp_path)
    with pytest.raises(InvalidRequestError, match="not a directory"):
        target_of(tmp_path / "none" / "file")


def test_one_process_has_a_lock_until_it_ends_however_it_ends(tmp_path):
    path = tmp_path / "file"
    path.touch()
    with subprocess.Popen(
        [sys.executable, "-c", LOCK, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout.readline() == "locked\n"
        with path.open("r+b") as file, pytest.raises(StoreError, match="another run is at it"):
            lock(file, "at it")
        other.kill()
        other.wait()
        with path.open("r+b") as file:
            lock(file, "at it")
            with path.open("r+b") as twin, pytest.raises(StoreError, match="another run is at it"):
                lock(twin, "at it")
