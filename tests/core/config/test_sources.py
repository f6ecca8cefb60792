"""Which files are found, and what becomes of those that cannot be read."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from daypass import ConfigError, config
from daypass.config import sources

MAPS = '[profiles.maps]\nurl = "s3://maps"\n'


def kinds():
    return [(source.kind, source.file) for source in sources.find()]


def test_without_any_file_there_is_an_empty_configuration(places):
    loaded = config.load()
    assert (dict(loaded.profiles), loaded.policy, loaded.audit, loaded.files) == (
        {},
        None,
        None,
        (),
    )


@pytest.mark.isolated
def test_the_files_are_found_in_the_order_in_which_later_ones_win(places):
    places.write(user=MAPS, project="", named="")
    assert kinds() == [
        ("user", str(places.user)),
        ("project", str(places.project)),
        ("named", str(places.named)),
    ]


def test_the_project_is_searched_upward_and_the_nearest_wins(places, monkeypatch):
    places.write(project=MAPS)
    below = places.project.parent / "a" / "b"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert kinds() == [("project", str(places.project))]
    (below.parent / "daypass.toml").write_text("")
    assert kinds() == [("project", str(below.parent / "daypass.toml"))]


@pytest.mark.parametrize("mark", ["directory", "file of a worktree"])
def test_the_search_ends_where_the_repository_does(places, monkeypatch, mark):
    places.write(project=MAPS)
    inner = places.project.parent / "vendored" / "src"
    inner.mkdir(parents=True)
    git = inner.parent / ".git"
    _ = git.mkdir() if mark == "directory" else git.write_text("gitdir: elsewhere")
    monkeypatch.chdir(inner)
    assert kinds() == []


def test_the_search_ends_below_the_home_directory(places):
    (places.project.parents[1] / "daypass.toml").write_text(MAPS)
    assert kinds() == []


def test_in_the_home_directory_itself_a_file_is_found(places, monkeypatch):
    (places.project.parents[1] / "daypass.toml").write_text(MAPS)
    monkeypatch.chdir(places.project.parents[1])
    assert [kind for kind, _ in kinds()] == ["project"]


def test_a_project_file_that_the_user_names_counts_once_and_as_named(places, monkeypatch):
    places.write(project=MAPS)
    monkeypatch.setenv("DAYPASS_CONFIG", "daypass.toml")
    assert kinds() == [("named", str(places.project))]


def test_an_empty_variable_names_no_file(places, monkeypatch):
    monkeypatch.setenv("DAYPASS_CONFIG", "")
    assert kinds() == []


def test_a_working_directory_that_is_gone_has_no_project(places, tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert kinds() == []


def test_a_byte_order_mark_and_windows_lines_are_read(places):
    places.write(user=b"\xef\xbb\xbf[profiles.maps]\r\nurl = 's3://maps'\r\n")
    assert config.load().profile("maps").url == "s3://maps"


BAD = {
    "not UTF-8": (b'[profiles.maps]\nurl = "s3://m\xe4ps"\n', "is not UTF-8, from byte 29 on"),
    "UTF-16": ("[profiles]".encode("utf-16"), "is not UTF-8, from byte 0 on"),
    "no TOML": (b"[profiles.maps\n", "is not TOML: "),
    "a key twice": (b"[profiles.maps]\nurl='a'\nurl='b'\n", "is not TOML: "),
    "a table twice": (b"[profiles.maps]\n[profiles.maps]\n", "is not TOML: "),
    "a NUL": (b"a = '\0'", "is not TOML: "),
    "a number of 5000 digits": (b"a = " + b"9" * 5000, "is not TOML: "),
    "a date that is none": (b"a = 2026-13-40", "is not TOML: "),
    "huge": (b"#" * (sources.LARGEST + 1), "is larger than 1048576 bytes"),
    "deep arrays": (b"a = " + b"[" * 5000, "nested more than 32 tables deep"),
    "deep tables": (b"a" + b".a" * 100_000 + b" = 1", "nested more than 32 tables deep"),
}


@pytest.mark.parametrize(("data", "why"), BAD.values(), ids=BAD)
def test_a_file_that_cannot_be_read_is_told_with_its_name(faults, places, data, why):
    (fault,) = faults(user=data)
    assert fault.startswith(f"{places.user}: the configuration ")
    assert why in fault


@pytest.mark.parametrize("data", [b"[profiles.maps\nsecret = 'sw0rdfish'", b"secret = 'sw0rdfish' x",
                                  b"secret = '''sw0rdfish", b"secret = 'sw0rdfish\xff'"])  # fmt: skip
def test_what_cannot_be_read_is_not_shown(places, data):
    places.write(user=data)
    with pytest.raises(ConfigError) as caught:
        config.load()
    error: BaseException | None = caught.value
    while error is not None:
        assert "sw0rdfish" not in f"{error} {vars(error)} {error.args}"
        error = error.__cause__


def test_a_named_file_that_is_missing_is_an_error(places, monkeypatch):
    monkeypatch.setenv("DAYPASS_CONFIG", "nowhere.toml")
    with pytest.raises(ConfigError, match=r"nowhere\.toml: .* cannot be read: No such file"):
        config.load()


@pytest.mark.parametrize("which", ["user", "project"])
def test_a_loop_of_links_and_a_link_to_nothing_are_errors(places, which):
    path = getattr(places, which)
    path.symlink_to(path)
    with pytest.raises(ConfigError, match="Too many levels of symbolic links"):
        config.load().profile("maps")  # a project's file stops nothing but its own profiles
    path.unlink()
    path.symlink_to(path.parent / "nothing")
    config._loaded.clear()
    with pytest.raises(ConfigError, match="No such file"):
        config.load().profile("maps")


@pytest.mark.parametrize("kind", ["directory", "pipe"])
def test_what_is_no_file_is_not_waited_for(places, kind):
    _ = places.user.mkdir() if kind == "directory" else os.mkfifo(places.user)
    with pytest.raises(ConfigError, match="is not a regular file"):
        config.load()


def test_a_device_is_no_file(places, monkeypatch):
    monkeypatch.setenv("DAYPASS_CONFIG", "/dev/zero")
    with pytest.raises(ConfigError, match="is not a regular file"):
        config.load()


_AS_NOBODY = """
import os, sys
from daypass import ConfigError, config
from daypass.config import overrides, presets, profiles, tables  # before rights are given up
import cattrs.gen, platformdirs.unix, tomllib
if os.getuid() == 0:
    os.setgid(65534); os.setuid(65534)
try:
    config.load()
except ConfigError as error:
    print(error)
"""


@pytest.mark.parametrize("hidden", ["the file", "its directory"])
def test_what_nobody_may_read_is_an_error_and_not_passed_by(places, hidden, tmp_path):
    """A policy may be in it."""
    places.write(user=MAPS)
    for directory in (*places.user.parents, *tmp_path.parents):
        if directory.stat().st_uid == os.getuid() and directory != tmp_path.parents[-1]:
            directory.chmod(directory.stat().st_mode | 0o055)
    locked = places.user if hidden == "the file" else places.user.parent
    locked.chmod(0)
    try:
        done = subprocess.run(
            [sys.executable, "-c", _AS_NOBODY],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
    finally:
        locked.chmod(0o700)
    assert done.stdout.startswith(f"{places.user}: the configuration cannot be read: Permission")
