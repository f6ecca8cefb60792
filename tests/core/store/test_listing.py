"""Patterns and folders: what lies below a root, asked of the store as the policies let the caller."""

from __future__ import annotations

import asyncio
import json
import os
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from fsspec import AbstractFileSystem
from fsspec.implementations.memory import MemoryFileSystem

import daypass
from daypass.errors import (
    AccessDeniedError,
    AuditError,
    InvalidPathError,
    InvalidRequestError,
    ObjectNotFoundError,
    PolicyError,
    StoreError,
)
from daypass.model.paths import is_pattern
from daypass.store.listing import matching, within, within_or_itself
from daypass.store.prepared import root_for
from tests.core.fakes import SECRET, backend

#: What of a path's place is not said.
NO = {"storage_options": None, "fs": None}
KEYS = ["2026/a.csv", "2026/b.csv", "2026/in/c.csv", "2026/what[1].csv", "old.csv"]


class Fake(MemoryFileSystem):
    """The same objects, in a store for which somebody signs."""

    protocol = "fake"

    @classmethod
    def _strip_protocol(cls, path):
        return super()._strip_protocol(path.removeprefix("fake:"))


@pytest.fixture
def shelf():
    fs = MemoryFileSystem()
    fs.pipe({f"/shelf/{key}": key.encode() for key in KEYS})
    yield daypass.Store("memory://shelf")
    fs.rm("/shelf", recursive=True)


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("2026/*.csv", ["2026/a.csv", "2026/b.csv", "2026/what[1].csv"]),
        ("2026/?.csv*", ["2026/a.csv", "2026/b.csv"]),
        ("2026/[!a].csv*", ["2026/b.csv"]),
        ("**/*.csv", KEYS),
        ("*/in/*", ["2026/in/c.csv"]),
        ("2026/**", KEYS[:4]),
        ("2026/what[[]1].csv*", ["2026/what[1].csv"]),
    ],
)
def test_a_pattern_matches_as_in_fsspec_and_in_the_order_of_keys(shelf, pattern, found):
    assert [one.key for one in matching(shelf.root, pattern)] == found
    names = [f"/shelf/{key}" for key in found]
    fs = MemoryFileSystem()
    assert [name for name in fs.glob(f"/shelf/{pattern}") if fs.isfile(name)] == names


def test_a_folder_has_what_lies_in_it_or_all_that_lies_below_it(shelf):
    top = within(shelf.root, "2026", recursive=False)
    assert [(one.key, one.size) for one in top] == [
        ("2026/a.csv", 10), ("2026/b.csv", 10), ("2026/in/", None), ("2026/what[1].csv", 16),
    ]  # fmt: skip
    below = within(shelf.root, "2026/", recursive=True)
    assert [one.path for one in below] == [f"memory://shelf/{key}" for key in KEYS[:4]]
    assert [one.key for one in within(shelf.root, "", recursive=True)] == KEYS


def test_a_store_below_a_prefix_lists_below_it_alone(shelf):
    store = daypass.Store("memory://shelf/2026")
    assert [one.key for one in matching(store.root, "**")] == [key[5:] for key in KEYS[:4]]
    with pytest.raises(InvalidPathError, match="could leave the root"):
        matching(store.root, "../*")


@pytest.mark.parametrize("beginning", ["{}/", "file://{}/", "", "file://", "local://"])
def test_files_are_listed_wherever_the_process_is(tmp_path, monkeypatch, beginning):
    (tmp_path / "in" / "below").mkdir(parents=True)
    (tmp_path / "in" / "a.csv").write_text("a")
    (tmp_path / "in" / "below" / "b.csv").write_text("b")
    monkeypatch.chdir("/" if "{}" in beginning else tmp_path)
    root, key = root_for(beginning.format(tmp_path) + "in/", storage_options=None, fs=None)
    found = within(root, key, recursive=False)
    assert [one.path for one in found] == [
        root.at(f"{key}{name}").path for name in ("a.csv", "below/")
    ]
    assert [one.key for one in within(root, key, recursive=True)] == [
        f"{key}a.csv",
        f"{key}below/b.csv",
    ]
    assert [one.key for one in matching(root, f"{key}*.csv")] == [f"{key}a.csv"]


def test_nothing_found_is_an_error_that_says_where(shelf):
    with pytest.raises(ObjectNotFoundError, match=r"matches memory://shelf/2026/\*\.tif"):
        matching(shelf.root, "2026/*.tif")
    with pytest.raises(
        ObjectNotFoundError, match=r"no object in memory://shelf/2027/: .*daypass head"
    ):
        within(shelf.root, "2027", recursive=True)
    with pytest.raises(ObjectNotFoundError, match=r"no object in fake://none.*does not exist"):
        within(daypass.Store("fake://none", fs=Fake()).root, "", recursive=False)


@pytest.mark.parametrize("bucket", ["*", "ma?s"])
def test_a_pattern_is_of_no_bucket(registry_of, bucket):
    registry_of({"fake": backend()})
    with pytest.raises(InvalidPathError, match="one stands in the bucket's name"):
        matching(daypass.Store(f"fake://{bucket}", fs=Fake()).root, "*.csv")


def test_only_a_star_makes_a_pattern_of_a_path():
    assert is_pattern("s3://b/*.csv")
    assert not any(map(is_pattern, ["s3://b/what?.csv", "s3://b/[1].csv", 5]))


def test_the_policy_is_asked_for_the_right_to_list(shelf):
    rule = daypass.Rule(name="read", paths=["memory://shelf/**"], methods=["GET"])
    policy = daypass.Policy(rules=[rule])
    daypass.set_policy(policy)
    try:
        with pytest.raises(PolicyError, match="memory://shelf/2026/ may not be listed"):
            matching(shelf.root, "2026/*.csv")
    finally:
        daypass.set_policy(None, replacing=policy)
    rule = daypass.Rule(
        name="list", paths=["memory://shelf/2026/**"], methods=["LIST"], prefixes=True
    )
    policy = daypass.Policy(rules=[rule])
    daypass.set_policy(policy)
    try:
        assert len(matching(shelf.root, "2026/*.csv")) == 3
        with pytest.raises(PolicyError):
            within(shelf.root, "", recursive=True)
    finally:
        daypass.set_policy(None, replacing=policy)


@contextmanager
def in_force(*rules):
    """Have a policy of these rules in force."""
    policy = daypass.Policy(rules=list(rules))
    daypass.set_policy(policy)
    try:
        yield
    finally:
        daypass.set_policy(None, replacing=policy)


@contextmanager
def told_to(record):
    """Have an audit in force that calls a function."""
    audit = SimpleNamespace(record=record)
    daypass.add_audit(audit)
    try:
        yield
    finally:
        daypass.remove_audit(audit)


def _ways_to_list(store):
    yield lambda: within(store.root, "2026", recursive=False)
    yield lambda: within(store.root, "2026", recursive=True)
    yield lambda: store.create_signed_urls(glob="2026/*.csv")
    yield lambda: daypass.create_signed_urls(glob="memory://shelf/2026/*.csv", caller="ann")


def test_a_refused_listing_is_on_record(shelf, tmp_path):
    file = tmp_path / "audit.jsonl"
    store = daypass.Store("memory://shelf", caller="ann")
    no = daypass.Rule(name="no", effect="deny", paths=["memory://**"])
    with in_force(no), told_to(daypass.AuditFile(file).record):
        for number, ask in enumerate(_ways_to_list(store), 1):
            with pytest.raises(PolicyError) as caught:
                ask()
            lines = file.read_text().splitlines()
            assert len(lines) == number
            line = json.loads(lines[-1])
            assert (line["decision"], line["method"], line["rule"]) == ("refused", "LIST", "no")
            assert (line["action"], line["caller"]) == ("create_signed_url", "ann")
            assert (line["path"], line["count"]) == ("memory://shelf/2026/", 1)
            assert line["reason"] == str(caught.value)
    assert daypass.audit.verify(file).ok
    signed = json.loads(_line_of_a_link(tmp_path / "of-a-link.jsonl"))
    assert list(line) == list(signed)


def _line_of_a_link(file):
    with told_to(daypass.AuditFile(file).record):
        options = {"key": "AKIDEXAMPLE", "secret": "made-up"}
        daypass.create_signed_url("s3://maps/a.tif", storage_options=options)
    return file.read_text()


def test_a_refusal_that_cannot_be_recorded_is_the_audits_error(shelf):
    def full(event):
        raise OSError(SECRET)

    no = daypass.Rule(name="no", effect="deny", paths=["memory://**"])
    with in_force(no), told_to(full):
        for ask in _ways_to_list(shelf):
            with pytest.raises(AuditError, match="refused, and that could not be recorded"):
                ask()


def test_an_allowed_listing_is_no_link_and_has_no_record(shelf):
    told = []
    yes = daypass.Rule(name="yes", paths=["memory://**"], methods=["LIST"])
    with in_force(yes), told_to(told.append):
        assert len(within(shelf.root, "2026", recursive=True)) == 4
    assert told == []


def test_a_listing_has_no_lifetime_that_a_rule_could_find_too_long(shelf):
    rule = daypass.Rule(name="short", paths=["memory://**"], methods=["LIST"], max_expires_in="1m")
    with in_force(rule):
        assert len(within(shelf.root, "2026", recursive=True)) == 4


def test_a_folder_of_no_name_is_not_the_whole_bucket(monkeypatch):
    keys = {f"/shelf/{key}": b"1" for key in ("secret/x", "y", "/own/z")}
    # As stores of objects list; fsspec's own way takes a folder of no name for an object in older versions.
    monkeypatch.setattr(
        MemoryFileSystem,
        "find",
        lambda fs, path, **_: {key: fs.info(key) for key in keys if key.startswith(path)},
    )
    fs = MemoryFileSystem()
    fs.pipe(keys)
    store = daypass.Store("memory://shelf")
    try:
        assert [one.key for one in within(store.root, "/", recursive=True)] == ["/own/z"]
        assert [one.key for one in matching(store.root, "/**")] == ["/own/z"]
    finally:
        for key in keys:
            fs.rm_file(key)


def test_a_policy_knows_local_files_by_their_whole_path(tmp_path, monkeypatch):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_text("a")
    monkeypatch.chdir(tmp_path)
    rules = [
        daypass.Rule(name="no", effect="deny", paths=[f"file://{tmp_path}/in/**"]),
        daypass.Rule(name="yes", paths=["file://**"], methods=["LIST"]),
    ]
    policy = daypass.Policy(rules=rules)
    daypass.set_policy(policy)
    try:
        for path in ("in/*.csv", "file://in/*.csv", "local://in/*.csv", f"{tmp_path}/in/*.csv"):
            with pytest.raises(PolicyError, match="rule 'no' of the policy denies"):
                daypass.create_signed_urls(glob=path)
    finally:
        daypass.set_policy(None, replacing=policy)


def test_what_a_filesystem_cannot_list_is_the_stores_error():
    class Broken(MemoryFileSystem):
        def ls(self, *_, **__):
            raise OSError(SECRET)

        def find(self, *_, **__):
            raise OSError(SECRET)

    store = daypass.Store("memory://shelf", fs=Broken())
    for pattern in ("2026/*.csv", "2026/**"):
        with pytest.raises(StoreError, match="could not list memory://shelf/2026/") as caught:
            matching(store.root, pattern)
        assert SECRET not in str(caught.value)


class Locked(MemoryFileSystem):
    """The same objects, in a store whose folder ``in`` nobody may list."""

    protocol = "memory"
    find = AbstractFileSystem.find

    def ls(self, path, detail=True, **kwargs):
        if path.endswith("/in"):
            raise PermissionError(SECRET)
        return super().ls(path, detail=detail, **kwargs)


class LockedAtOnce(Locked):
    """The same, in a store that lists all at once."""

    def find(self, path, **kwargs):
        raise PermissionError(SECRET)


@pytest.mark.parametrize(
    ("fs", "folder", "recursive", "named"),
    [
        (Locked, "2026", True, "2026/in/"),
        (Locked, "2026/in", True, "2026/in/"),
        (Locked, "2026/in", False, "2026/in/"),
        (LockedAtOnce, "2026", True, "2026/"),
    ],
)
def test_a_folder_that_may_not_be_read_is_not_an_empty_one(shelf, fs, folder, recursive, named):
    store = daypass.Store("memory://shelf", fs=fs())
    with pytest.raises(AccessDeniedError, match=f"may not list memory://shelf/{named}:") as caught:
        within(store.root, folder, recursive=recursive)
    assert SECRET not in str(caught.value)
    assert [one.key for one in within(store.root, "2026", recursive=False)] == [
        "2026/a.csv", "2026/b.csv", "2026/in/", "2026/what[1].csv",
    ]  # fmt: skip


def test_a_name_may_be_an_objects_and_a_folders():
    class Both(MemoryFileSystem):
        def ls(self, path, detail=True, **kwargs):
            return [
                {"name": "/shelf/a", "size": 0, "type": "directory"},
                {"name": "/shelf/a", "size": 3, "type": "file"},
            ]

    found = within(daypass.Store("memory://shelf", fs=Both()).root, "", recursive=False)
    assert [(one.key, one.size) for one in found] == [("a", 3), ("a/", None)]


def test_a_folder_that_goes_while_it_is_listed_is_left_out(shelf):
    class Going(MemoryFileSystem):
        find = AbstractFileSystem.find

        def ls(self, path, detail=True, **kwargs):
            if path.endswith("/in"):
                raise FileNotFoundError(path)
            return super().ls(path, detail=detail, **kwargs)

    store = daypass.Store("memory://shelf", fs=Going())
    keys = [one.key for one in within(store.root, "", recursive=True)]
    assert keys == [key for key in KEYS if "/in/" not in key]


@pytest.fixture
def linked(tmp_path):
    """A folder with symbolic links: to a file and a folder outside of it, to nothing, and to itself."""
    (tmp_path / "priv" / "in").mkdir(parents=True)
    (tmp_path / "priv" / "in" / "x.csv").write_text("four")
    top = tmp_path / "top"
    top.mkdir()
    (top / "a.csv").write_text("a")
    (top / "to-file.csv").symlink_to("../priv/in/x.csv")
    (top / "to-folder").symlink_to("../priv")
    (top / "to-nothing").symlink_to("nothing")
    (top / "to-itself").symlink_to("to-itself")
    os.mkfifo(top / "pipe")
    return top


def test_a_symbolic_link_is_listed_as_what_it_leads_to(linked):
    store = daypass.Store(f"file://{linked}")
    assert [(one.key, one.size) for one in within(store.root, "", recursive=False)] == [
        ("a.csv", 1), ("to-file.csv", 4), ("to-folder/", None),
    ]  # fmt: skip
    files = ["a.csv", "to-file.csv"]
    assert [one.key for one in within(store.root, "", recursive=True)] == files
    assert [one.key for one in matching(store.root, "**")] == files
    assert [one.key for one in matching(store.root, "*")] == files
    (below,) = within(store.root, "to-folder", recursive=True)
    assert below.path == f"file://{linked}/to-folder/in/x.csv"


def test_a_symbolic_link_behind_which_nobody_may_look_is_named(linked, monkeypatch):
    real = os.stat

    def stat(path, **how):
        if str(path).endswith("/to-file.csv"):
            raise PermissionError(path)
        return real(path, **how)

    monkeypatch.setattr(os, "stat", stat)
    store = daypass.Store(f"file://{linked.parent}")
    with pytest.raises(
        AccessDeniedError, match=rf"may not see what {linked}/to-file\.csv leads to"
    ):
        within(store.root, "top", recursive=True)


def test_no_symbolic_link_passes_a_rule_for_the_folder_it_leads_to(linked):
    priv = linked.parent / "priv"
    listing = daypass.Rule(name="yes", paths=["file://**"], methods=["LIST"])
    for denied in (priv, linked / "to-folder"):
        no = daypass.Rule(name="no", effect="deny", paths=[f"file://{denied}/**"])
        with in_force(no, listing):
            for path in (f"{linked}/to-folder", f"{linked}/to-folder/in", f"{linked}//to-folder"):
                with pytest.raises(PolicyError, match="rule 'no' of the policy denies"):
                    within(root_for(path, **NO)[0], path, recursive=False)
    no = daypass.Rule(name="no", effect="deny", paths=[f"file://{priv}/**"])
    with in_force(no, listing):
        assert within(root_for(f"{linked}", **NO)[0], f"{linked}", recursive=True)
    link_alone = daypass.Rule(name="top", paths=[f"file://{linked}/**"], methods=["LIST"])
    with in_force(link_alone), pytest.raises(PolicyError, match=f"LIST on file://{priv}/"):
        within(root_for(f"{linked}", **NO)[0], f"{linked}/to-folder", recursive=False)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (".", ["./a.csv", "./in/"]),
        ("./in", ["./in/b.csv"]),
        ("../here", ["../here/a.csv", "../here/in/"]),
        ("in/..", ["in/../a.csv", "in/../in/"]),
        ("./a.csv", ["./a.csv"]),
        ("file://", ["a.csv", "in/"]),
        ("{}/a.csv", ["{}/a.csv"]),
    ],
)
def test_files_are_listed_by_the_path_that_other_functions_take(tmp_path, monkeypatch, path, found):
    here = tmp_path / "here"
    (here / "in").mkdir(parents=True)
    (here / "a.csv").write_text("a")
    (here / "in" / "b.csv").write_text("b")
    monkeypatch.chdir(here)
    root, key = root_for(path.format(here), **NO)
    entries = within_or_itself(root, key, recursive=False)
    assert [entry.path for entry in entries] == [f"file://{name.format(here)}" for name in found]
    for entry in entries:
        if entry.size is not None:
            assert daypass.head_metadata(entry.path).size == 1


def test_a_store_of_this_machine_is_not_left_by_dots(tmp_path):
    store = daypass.Store(f"file://{tmp_path}")
    with pytest.raises(InvalidPathError, match="could leave the root"):
        within(store.root, "..", recursive=False)


def test_an_object_is_listed_as_itself_where_no_folder_has_its_name(shelf):
    (one,) = within_or_itself(shelf.root, "2026/a.csv", recursive=True)
    assert (one.path, one.key, one.size) == ("memory://shelf/2026/a.csv", "2026/a.csv", 10)
    assert len(within_or_itself(shelf.root, "2026", recursive=True)) == 4
    with pytest.raises(ObjectNotFoundError, match=r"no object memory://shelf/none, and none in a"):
        within_or_itself(shelf.root, "none", recursive=False)
    with pytest.raises(ObjectNotFoundError, match=r"no object in memory://shelf/2026/a\.csv/"):
        within_or_itself(shelf.root, "2026/a.csv/", recursive=False)


def test_many_links_are_signed_by_a_pattern(shelf, fake):
    fs = Fake()
    options = {"fs": fs, "expires_in": "1h"}
    batch = daypass.create_signed_urls(glob="fake://shelf/**/*.csv", **options)
    assert [link.path for link in batch] == [f"fake://shelf/{key}" for key in KEYS]
    store = daypass.Store("fake://shelf/2026", fs=fs)
    paths = [f"fake://shelf/{key}" for key in KEYS[:2]]
    assert [link.path for link in store.create_signed_urls(glob="?.csv*")] == paths
    again = asyncio.run(store.acreate_signed_urls(glob="?.csv*"))
    assert [link.path for link in again] == paths
    again = asyncio.run(daypass.acreate_signed_urls(glob="fake://shelf/2026/?.csv*", **options))
    assert [link.path for link in again] == paths


@pytest.mark.parametrize("given", [{}, {"paths": ["fake://shelf/a"], "glob": "fake://shelf/*"}])
def test_paths_or_a_pattern_are_given_and_not_both(fake, given):
    with pytest.raises(InvalidRequestError, match=r"give the paths.*, or glob="):
        daypass.create_signed_urls(**given)
    with pytest.raises(InvalidRequestError, match=r"give the paths.*, or glob="):
        daypass.Store("fake://shelf").create_signed_urls(given.get("paths"), glob=given.get("glob"))
