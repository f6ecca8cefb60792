"""``daypass links impact``: the plain URLs that end with a store's key, as far as the audit can say."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

import daypass
from daypass import config
from daypass.cli.run import run

KEY = "AKIAEXAMPLE"
CONFIG = """
[profiles.maps]
url = "s3://results/maps"
storage_options = { key = "AKIAEXAMPLE", secret = "made-up", client_kwargs = { region_name = "eu-west-1" } }
[profiles.other]
url = "s3://others"
storage_options = { key = { env = "OTHER_KEY" }, secret = "made-up", client_kwargs = { region_name = "eu-west-1" } }
[audit]
file = "audit.jsonl"
"""


@pytest.fixture
def audited(tmp_path, monkeypatch):
    """An audit with links below two profiles, of which some have ended."""
    file = tmp_path / "config.toml"
    file.write_text(CONFIG)
    monkeypatch.setenv("DAYPASS_CONFIG", str(file))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "nothing"))
    monkeypatch.setenv("OTHER_KEY", "AKIAOTHER")
    config._loaded.clear()
    daypass.create_signed_url("daypass://maps/a.csv", expires_in="1h")
    past = datetime(2020, 1, 1, tzinfo=UTC)
    daypass.create_signed_url("daypass://maps/ended", expires_in="1h", signing_time=past)
    daypass.create_signed_url("daypass://other/b.csv", expires_in="1h", method="PUT")
    daypass.create_signed_urls(["daypass://maps/c", "daypass://maps/d"], expires_in="1h")
    yield tmp_path / "audit.jsonl"
    config._loaded.clear()


def found(capsys, *words):
    assert run(["links", "impact", *words]) == 0
    said = capsys.readouterr()
    return [line.split("\t")[1:4] for line in said.out.splitlines()], said.err


def test_what_is_alive_below_the_profiles_that_name_the_key_is_listed(audited, capsys):
    lines, said = found(capsys, "--key-id", KEY)
    assert lines == [["GET", "s3://results/maps/a.csv", "1"], ["GET", "s3://results/", "2"]]
    assert "maps" in said
    assert "may be" in said


def test_a_key_that_a_reference_names_is_known(audited, capsys):
    lines, _ = found(capsys, "--key-id", "AKIAOTHER", str(audited))
    assert lines == [["PUT", "s3://others/b.csv", "1"]]


def test_of_a_key_that_no_profile_names_everything_alive_is_listed_and_said_so(audited, capsys):
    lines, said = found(capsys, "--key-id", "AKIANOBODY")
    assert len(lines) == 3
    assert "no profile names the key" in said


def test_as_json_a_link_is_told_by_its_digest(audited, capsys):
    assert run(["links", "impact", "--key-id", "AKIAOTHER", "--json"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    said = json.loads(line)
    assert (said["path"], said["count"]) == ("s3://others/b.csv", 1)
    assert len(said["url_sha256"]) == 64


def test_a_profile_whose_key_cannot_be_read_is_told(audited, capsys, monkeypatch):
    monkeypatch.delenv("OTHER_KEY")
    _, said = found(capsys, "--key-id", KEY)
    assert "other may name the key" in said


def test_an_audit_that_was_changed_is_not_taken_for_an_answer(audited, capsys):
    audited.write_bytes(audited.read_bytes().replace(b"others", b"mother"))
    assert run(["links", "impact", "--key-id", KEY]) != 0
    assert "not as it was written" in capsys.readouterr().err


def test_without_an_audit_there_is_nothing_to_look_into(audited, capsys):
    file = audited.with_name("config.toml")
    file.write_text(CONFIG.partition("[audit]")[0])
    config._loaded.clear()
    for key in (KEY, "AKIANOBODY"):
        assert run(["links", "impact", "--key-id", key]) != 0
        (said,) = capsys.readouterr().err.splitlines()
        assert "no audit file is configured" in said
