"""``daypass audit verify`` verifies what a service on this machine has witnessed."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import create_engine, text

from daypass.cli.run import run
from daypass_links.server import settings
from daypass_links.server.database.engine import opened
from daypass_links.server.run import prepared
from daypass_links.server.service import Service


@pytest.fixture
def data(tmp_path, monkeypatch):
    """The user's data directory, and no configuration."""
    (tmp_path / "config.toml").write_text("")
    monkeypatch.setenv("DAYPASS_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    return tmp_path / "daypass"


@pytest.fixture
def served(data):
    """A service that has run, and has ended."""
    said = settings.load()
    databases = opened(*said.server.databases)
    prepared(databases, 1_796_000_000)
    databases.close()
    service = Service.of(said)
    service.events.note("use", link_id="lnk_1")
    service.close()
    return data


def test_where_no_service_has_run_nothing_is_made(data, capsys):
    assert run(["audit", "verify"]) == 2
    assert not data.exists()


def test_what_it_has_witnessed_verifies(served, capsys):
    assert run(["audit", "verify", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["audit"].startswith("the events in sqlite:///")
    assert (found["ok"], found["lines"]) == (True, 3)
    assert len(found["head"]) == 64


def test_an_event_that_was_removed_is_found(served, capsys):
    engine = create_engine(f"sqlite:///{served / 'events.db'}")
    with engine.begin() as connection:
        connection.execute(text("delete from event where kind in ('use', 'closed')"))
    engine.dispose()
    assert run(["audit", "verify"]) == 1
    assert "which is gone" in capsys.readouterr().err


def test_without_the_key_file_nothing_is_taken_for_verified(served, capsys):
    (served / "server.key").unlink()
    assert run(["audit", "verify"]) == 2
    assert "server.key cannot be read" in capsys.readouterr().err
    assert not (served / "server.key").exists()
