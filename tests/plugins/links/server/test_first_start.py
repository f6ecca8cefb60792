"""What several processes have in common from their first start on."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from contextlib import closing

import pytest

from daypass_links.server import run
from tests.servers.links import served

pytestmark = pytest.mark.servers


def count_chains(file):
    with closing(sqlite3.connect(file)) as database:
        return database.execute("SELECT count(DISTINCT chain) FROM event_block").fetchone()[0]


def test_processes_of_one_service_sign_with_one_key_where_there_was_none(configured, tmp_path):
    keys = tmp_path / "keys" / "server.key"
    env = configured | {"DAYPASS_SERVER__WORKERS": "4", "DAYPASS_SERVER__KEY_FILE": str(keys)}
    with served(env, tmp_path / "run") as (output, _):
        output.wait_for("listening on")
        first = json.loads(keys.read_text())
        deadline = time.monotonic() + 60
        while count_chains(tmp_path / "data" / "daypass" / "events.db") < 4:
            assert time.monotonic() < deadline
        assert json.loads(keys.read_text()) == first


def test_no_thread_is_begun_before_the_processes_are_forked(monkeypatch, tmp_path):
    """The lock of an import that a thread held then would stay held in them, and whatever imports there wait for ever."""
    found = []

    class Forking:
        def startup(self, *_):
            found.append(threading.enumerate())

        def serve(self):
            self.startup(None, None)

    monkeypatch.setattr(run, "listener", lambda *_: Forking())
    monkeypatch.setenv("DAYPASS_SERVER__DATABASE", f"sqlite:///{tmp_path / 'links.db'}")
    for name, value in (("HOST", "127.0.0.1"), ("PORT", "0")):  # put back when the test is over
        monkeypatch.setenv(f"DAYPASS_SERVER__{name}", value)
    before = threading.enumerate()
    run.serve("127.0.0.1", None, lambda _: None)
    assert len(found) == 1
    assert set(found[0]) <= {*before}  # one of another test may have ended meanwhile
