"""``daypass demo`` goes on to a link that is taken back, and leaves nothing behind."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

from daypass_links.commands import demo

DAYPASS = str(Path(sys.executable).with_name("daypass"))


def test_a_link_is_made_used_counted_taken_back_and_refused(tmp_path):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "TMPDIR": str(scratch),
        # What would lead astray who listens to it.
        "http_proxy": "http://192.0.2.1:9",
        "DAYPASS_LINKS_URL": "http://192.0.2.1",
        "DAYPASS_SERVER__HOST": "192.0.2.1",
    }
    done = subprocess.run(
        [DAYPASS, "demo", "--json"],
        check=False, env=environment, capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    steps = [json.loads(line) for line in done.stdout.splitlines()]
    assert (done.returncode, done.stderr) == (0, ""), steps
    assert [step["step"] for step in steps] == list(range(1, 14))
    assert all(step["good"] for step in steps)
    assert [step["status"] for step in steps[8:]] == [None, 200, None, None, 410]
    assert "on record: mint, use" in steps[10]["lines"]
    assert "Signature=" not in done.stdout
    assert done.stdout.count("/l/") == done.stdout.count("/l/****") == 2
    assert [*scratch.iterdir()] == []


def test_without_the_server_there_is_nothing_more_to_tell(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    assert list(demo.tell(None)) == []
