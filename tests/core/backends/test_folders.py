"""What a folder of many distributions holds is kept between processes, for as long as the folder stays as it is."""

from __future__ import annotations

import os
import stat
import sys
import time

import pytest

from daypass.backends import distributions, folders
from tests.core.fakes import describe

SHELF = "[daypass.backends]\nshelf = shelf\n"
MANY = 40


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of many distributions, of which one has a plugin; it has been left alone for a while."""
    place = tmp_path / "site"
    place.mkdir()
    for number in range(MANY):
        describe(place, f"other{number}", "[console_scripts]\nx = y:z\n")
    describe(place, "shelf", SHELF)
    monkeypatch.setattr(sys, "path", [str(place)])
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    later = time.time() + 60
    monkeypatch.setattr(folders.time, "time", lambda: later)
    return place


@pytest.fixture
def looked(monkeypatch):
    """The folders that were looked into."""
    seen = []
    listdir = os.listdir
    monkeypatch.setattr(distributions.os, "listdir", lambda at: seen.append(at) or listdir(at))
    return seen


def found():
    return sorted(each.name for each in distributions.distributions_with_ours())


def kept(tmp_path):
    return tmp_path / "cache" / "daypass" / "plugins.tsv"


def test_a_folder_is_looked_into_once(folder, looked):
    assert [found(), found(), found()] == [["shelf"]] * 3
    assert looked == [str(folder)]


def test_what_is_installed_since_is_found_and_what_is_removed_is_not(folder, looked):
    assert found() == ["shelf"]
    describe(folder, "rack", SHELF)
    assert found() == ["rack", "shelf"]
    for name in ("METADATA", "entry_points.txt"):
        (folder / "shelf-1.0.dist-info" / name).unlink()
    (folder / "shelf-1.0.dist-info").rmdir()
    assert found() == ["rack"]
    assert len(looked) == 3


def test_a_plugin_that_a_package_manager_adds_in_place_is_found(folder):
    assert found() == ["shelf"]
    policy = folder / "other7-1.0.dist-info"
    (policy / "new").write_text("[daypass.plugins]\nguard = guard\n")
    (policy / "new").replace(policy / "entry_points.txt")
    assert found() == ["other7", "shelf"]


def test_what_has_no_plugin_any_more_is_looked_at_again(folder):
    assert found() == ["shelf"]
    (folder / "shelf-1.0.dist-info" / "entry_points.txt").write_text("")
    assert found() == []


def test_of_two_with_one_name_the_first_counts_though_its_folder_is_kept(folder, tmp_path):
    second = tmp_path / "second"
    second.mkdir()
    sys.path.append(str(second))
    describe(second, "other7", SHELF)
    describe(second, "rack", SHELF)
    assert [found(), found()] == [["rack", "shelf"]] * 2


def test_a_folder_of_few_one_that_has_just_changed_and_a_source_are_looked_into_each_time(
    folder, looked, tmp_path, monkeypatch
):
    few = tmp_path / "few"
    few.mkdir()
    describe(few, "rack", SHELF)
    sys.path[:] = [str(few)]
    assert [found(), found()] == [["rack"]] * 2
    assert len(looked) == 2

    sys.path[:] = [str(folder)]
    describe(folder, "source", None, kind="egg-info")
    assert [found(), found()] == [["shelf"]] * 2
    assert len(looked) == 4
    (folder / "source.egg-info" / "PKG-INFO").unlink()
    (folder / "source.egg-info").rmdir()

    monkeypatch.setattr(folders.time, "time", lambda: folder.stat().st_ctime + 1)
    assert [found(), found()] == [["shelf"]] * 2
    assert len(looked) == 6


@pytest.mark.parametrize("text", ["", "\n", "a\tb\n", "\t\t\t\n", "\0\xff" * 99])
def test_what_cannot_be_understood_is_not_kept(folder, looked, tmp_path, text):
    found()
    kept(tmp_path).write_text(text, encoding="latin-1")
    assert [found(), found()] == [["shelf"]] * 2
    assert len(looked) == 2


def test_a_symbolic_link_and_a_file_with_a_second_name_are_not_read(folder, tmp_path):
    assert found() == ["shelf"]
    place = kept(tmp_path)
    assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    poisoned = place.read_text().replace("shelf-1.0.dist-info", "")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text(poisoned)
    place.unlink()
    place.symlink_to(elsewhere)
    assert found() == ["shelf"]
    assert not place.is_symlink()

    place.write_text(poisoned)
    os.link(place, tmp_path / "second name")
    assert found() == ["shelf"]


def test_where_nothing_can_be_kept_each_process_looks_for_itself(folder, looked, tmp_path):
    (tmp_path / "cache").write_text("")
    assert [found(), found()] == [["shelf"]] * 2
    assert len(looked) == 2
