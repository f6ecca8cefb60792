"""``daypass audit verify`` verifies what a service on this machine has witnessed."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import create_engine, text

from daypass.cli.run import run
from daypass_links.server import settings
from daypass_links.server.database.engine import opened
from daypass_links.server.events import configured
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
        connection.execute(text("delete from event_block where last = 3"))
    engine.dispose()
    assert run(["audit", "verify"]) == 1
    assert "which is gone" in capsys.readouterr().err


def test_a_service_writes_while_it_is_verified(served, monkeypatch):
    """And what it writes meanwhile is no fault."""
    service = Service.of(settings.load())
    real, found = configured.verify_events, []

    class Writes:
        """So much time that something happens whenever it is asked how much is left."""

        @property
        def left(self):
            service.events.durable("use", link_id="lnk_1").result(timeout=4)
            return 1.0

    monkeypatch.setattr(
        configured,
        "verify_events",
        lambda engine, keys: found.append(real(engine, keys, Writes())) or found[0],
    )
    assert run(["audit", "verify"]) == 0
    service.close()
    monkeypatch.undo()


def test_without_the_key_file_nothing_is_taken_for_verified(served, capsys):
    (served / "server.key").unlink()
    assert run(["audit", "verify"]) == 2
    assert "server.key cannot be read" in capsys.readouterr().err
    assert not (served / "server.key").exists()


def test_before_the_first_checkpoint_there_is_no_head_to_note(served, capsys):
    engine = create_engine(f"sqlite:///{served / 'events.db'}")
    with engine.begin() as connection:
        connection.execute(text("delete from checkpoint"))
    engine.dispose()
    assert run(["audit", "verify"]) == 0
    said = capsys.readouterr()
    assert said.out.endswith("3 lines verify, there is no head to note yet\n")
    assert "there is no checkpoint yet" in said.err


def test_with_the_public_halves_alone_it_verifies_and_signs_nothing(served, capsys, monkeypatch):
    assert run(["serve", "keys", "--json"]) == 0
    public = served.parent / "public.json"
    public.write_text(capsys.readouterr().out)
    public.chmod(0o644)
    (served / "server.key").rename(served.parent / "elsewhere")
    monkeypatch.setenv("DAYPASS_SERVER__KEY_FILE", str(public))
    assert run(["audit", "verify"]) == 0
    assert "3 lines verify, the head is" in capsys.readouterr().out
    assert run(["serve", "keys", "rotate"]) == 2
    assert "only the public half is here" in capsys.readouterr().err
    other = json.loads(public.read_text())
    other["keys"][0]["public"] = "11" * 32
    public.write_text(json.dumps(other))
    assert run(["audit", "verify"]) == 1
    assert "its signature is not that of its text" in capsys.readouterr().err


def test_keys_overlap_and_a_running_service_signs_with_the_newest(served, capsys):
    service = Service.of(settings.load())
    assert run(["serve", "keys", "rotate"]) == 0
    newest = capsys.readouterr().out.strip()
    service.events.note("use", link_id="lnk_2")
    service.close()
    assert run(["serve", "keys"]) == 0
    rows = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [state for _, state, _ in rows] == ["signs", "verifies"]
    assert rows[0][0] == newest
    assert {kid[:4] for kid, _, _ in rows} == {"kid_"}  # an API key's ID begins otherwise
    engine = create_engine(f"sqlite:///{served / 'events.db'}")
    with engine.connect() as connection:
        kids = [*connection.scalars(text("select kid from checkpoint order by n"))]
    engine.dispose()
    assert kids == [rows[1][0], newest]
    assert run(["audit", "verify"]) == 0
