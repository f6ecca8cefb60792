"""What several processes have in common from their first start on."""

from __future__ import annotations

import json
import sqlite3
import time
from contextlib import closing

import pytest

from tests.plugins.links.server.test_process import configured, served, store

__all__ = ["configured", "store"]

pytestmark = pytest.mark.servers


def count_chains(file):
    with closing(sqlite3.connect(file)) as database:
        return database.execute("SELECT count(DISTINCT chain) FROM event").fetchone()[0]


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
