"""Files appear whole or not at all, and one run writes them."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import PurePosixPath

import pytest

from daypass.base.files import lock, named, private, target_of, whole
from daypass.errors import InvalidRequestError, StoreError

LOCK = """
import sys
from pathlib import PurePosixPath
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


def test_what_holds_links_is_its_owners_alone(tmp_path):
    place = tmp_path / "links"
    with private(place) as file:
        file.write(b"a link")
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    place.chmod(0o644)  # by an older version, or a hand
    with private(place) as file:
        assert file.read() == b"a link"
    assert stat.S_IMODE(place.stat().st_mode) == 0o600


def _symbolic(place, other):
    place.symlink_to(other)


def _dangling(place, other):
    place.symlink_to(other.with_name("nothing"))


def _hard(place, other):
    place.hardlink_to(other)


def _pipe(place, other):
    os.mkfifo(place)


@pytest.mark.parametrize("put", [_symbolic, _dangling, _hard, _pipe])
def test_what_somebody_put_in_its_place_is_not_written_to(tmp_path, put):
    other = tmp_path / "other"
    other.write_text("precious")
    place = tmp_path / "links"
    put(place, other)
    with pytest.raises(StoreError, match=f"{place} (is|has)"):
        private(place)
    assert other.read_text() == "precious"
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize(("owner", "ours"), [(1000, True), (0, True), (1001, False)])
def test_another_users_file_is_not_written_to(tmp_path, monkeypatch, owner, ours):
    """What is root's is nobody's trap."""
    place = tmp_path / "links"
    place.touch()
    real = os.fstat
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setattr(
        "os.fstat",
        lambda file: os.stat_result([*real(file)[:4], owner, *real(file)[5:]]),
    )
    if ours:
        private(place).close()
    else:
        with pytest.raises(StoreError, match="belongs to another user"):
            private(place)


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
    with pytest.raises(InvalidRequestError, match="does not exist: make the directory first"):
        target_of(tmp_path / "none" / "file")


class _SaysBytes:
    def __fspath__(self):
        return b"file"


@pytest.mark.parametrize("given", [None, 7, b"file", bytearray(b"file"), object(), _SaysBytes()])
def test_what_names_no_file_is_refused_by_its_type_alone(given):
    with pytest.raises(InvalidRequestError, match="as text or path-like, not of type") as caught:
        named(given, "file")
    assert caught.value.option == "file"


@pytest.mark.parametrize("given", ["", "a\0b", PurePosixPath("a\0b")])
def test_text_that_can_name_no_file_is_refused(given):
    with pytest.raises(InvalidRequestError, match="no file is called"):
        named(given, "file")


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
