"""What is found without reading all distributions is what `importlib.metadata` finds."""

from __future__ import annotations

import sys
import zipfile
from importlib.metadata import entry_points

import pytest

from daypass.backends.discovery import GROUPS
from daypass.backends.distributions import distributions_with_ours
from tests.core.fakes import describe


@pytest.fixture
def path(tmp_path, monkeypatch):
    """Two folders that Python looks into, one after the other."""
    folders = [tmp_path / "first", tmp_path / "second"]
    for folder in folders:
        folder.mkdir()
    monkeypatch.setattr(sys, "path", [*map(str, folders), str(tmp_path / "nothing"), *sys.path])
    return folders


def theirs():
    return {
        (entry.group, entry.name, entry.value, entry.dist.name)
        for group in GROUPS
        for entry in entry_points(group=group)
    }


def ours():
    return {
        (entry.group, entry.name, entry.value, each.name)
        for each in distributions_with_ours()
        for entry in each.entry_points
        if entry.group in GROUPS
    }


def test_all_that_is_installed_here_is_found():
    assert ours() == theirs()
    assert ours()


def test_others_are_not_and_of_two_with_one_name_the_first(path):
    first, second = path
    shelf = "[daypass.backends]\nshelf = {}\n"
    describe(first, "daypass_shelf", shelf.format("new") + "[console_scripts]\nx = y:z\n")
    describe(second, "daypass_shelf", shelf.format("old"))
    describe(second, "Daypass.Rack", "[daypass.plugins]\nrack = rack\n", kind="egg-info")
    describe(second, "other", "[console_scripts]\nother = other:main\n")
    describe(second, "silent", None)
    assert ours() == theirs()
    assert {value for _, _, value, _ in ours()} >= {"new", "rack"}
    assert "old" not in {value for _, _, value, _ in ours()}
    assert "other" not in {each.name for each in distributions_with_ours()}


def test_the_backport_finds_nothing_more(monkeypatch):
    """It puts a finder of its own in the place of Python's, as soon as anybody imports it."""

    class MetadataPathFinder:
        __module__ = "importlib_metadata"

        def find_distributions(self, *_):
            return []

    before = ours()
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, MetadataPathFinder()])
    assert ours() == before


def test_where_something_hides_others_all_are_read(path, tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "archive.zip", "w") as archive:
        archive.writestr("nothing.py", "")
    with monkeypatch.context() as patch:
        patch.setattr(sys, "path", [*sys.path, str(tmp_path / "archive.zip")])
        assert distributions_with_ours() is None

    class Finder:
        def find_distributions(self, *_):
            return []

    with monkeypatch.context() as patch:
        patch.setattr(sys, "meta_path", [*sys.meta_path, Finder()])
        assert distributions_with_ours() is None
    (path[0] / "old-1.0-py3.11.egg").mkdir()
    assert distributions_with_ours() is None
