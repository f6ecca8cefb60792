"""``daypass audit verify`` without a file verifies what is configured, and what packages witness."""

from __future__ import annotations

import json
import sys
from importlib.metadata import EntryPoint
from types import ModuleType

import pytest

from daypass.audit import AuditFile, Verdict
from daypass.backends import registry
from daypass.cli.run import run
from tests.core.audit.conftest import event


@pytest.fixture
def configured(tmp_path, monkeypatch):
    """Write a configuration that names an audit file with two lines; return the file."""
    file = tmp_path / "audit.jsonl"
    audit = AuditFile(file, fsync=False)
    audit.record(event())
    audit.record(event())
    (tmp_path / "config.toml").write_text('[audit]\nfile = "audit.jsonl"\n')
    monkeypatch.setenv("DAYPASS_CONFIG", str(tmp_path / "config.toml"))
    return file


@pytest.fixture
def witness(monkeypatch):
    """Return a function that installs a package which witnesses something."""

    def install(verify):
        module = ModuleType("acme_witness")
        module.verify = verify
        monkeypatch.setitem(sys.modules, "acme_witness", module)
        entry = EntryPoint("acme", "acme_witness", "daypass.audits")
        monkeypatch.setitem(registry.claims("daypass.audits"), "acme", [entry])

    return install


def test_the_configured_file_is_verified_where_none_is_named(configured, capsys):
    assert run(["audit", "verify"]) == 0
    assert capsys.readouterr().out.startswith(f"{configured}: 2 lines verify, the head is ")
    configured.write_bytes(configured.read_bytes().replace(b"allowed", b"refused", 1))
    assert run(["audit", "verify"]) == 1
    assert "line 1 is bad: it was changed" in capsys.readouterr().err


def test_before_the_first_record_nothing_verifies_and_is_no_broken_chain(
    configured, witness, capsys
):
    configured.unlink()
    witness(lambda: {"the inbox": Verdict(ok=True, lines=3, head="ab" * 32)})
    assert run(["audit", "verify"]) == 1
    told = capsys.readouterr()
    assert told.out == f"the inbox: 3 lines verify, the head is {'ab' * 32}\n"
    assert told.err.startswith(f"daypass: error: {configured}: nothing has been recorded yet, or")
    assert run(["audit", "verify", "--json"]) == 1
    first, _ = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["audit"], first["ok"], first["head"]) == (str(configured), False, None)
    # A file that is named is one that was seen.
    assert run(["audit", "verify", str(configured)]) == 2
    AuditFile(configured, fsync=False).record(event())
    assert run(["audit", "verify"]) == 0


def test_what_a_package_witnesses_is_verified_too(configured, witness, capsys):
    bad = Verdict(ok=False, lines=7, head="0" * 64, why="checkpoint 2 was changed")
    witness(lambda: {"acme's events": bad})
    assert run(["audit", "verify", "--json"]) == 1
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(one["audit"], one["ok"]) for one in found] == [
        (str(configured), True),
        ("acme's events", False),
    ]


def test_a_package_that_has_no_verdict_is_named(configured, witness, capsys):
    witness(None)
    assert run(["audit", "verify"]) == 5
    assert "acme_witness" in capsys.readouterr().err


def test_where_nothing_is_configured_that_is_said(tmp_path, monkeypatch, capsys):
    (tmp_path / "config.toml").write_text("")
    monkeypatch.setenv("DAYPASS_CONFIG", str(tmp_path / "config.toml"))
    assert run(["audit", "verify"]) == 2
    assert "no audit is configured" in capsys.readouterr().err


def test_a_head_is_that_of_files_that_are_named(configured, capsys):
    assert run(["audit", "verify", "--expect-head", "0" * 64]) == 2
    assert "name its files" in capsys.readouterr().err
