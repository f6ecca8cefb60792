"""``DAYPASS_TRACE=1`` logs who answered each hook and how long it took, and nothing that is secret."""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys

import pytest

import daypass
from tests.core.fakes import SECRET, backend, plugin

LINE = re.compile(r"(\w+) of (\S+) (answered|raised|returned)(?: ([\w.]+))? in \d+\.\d{3} ms")


@pytest.fixture
def lines(monkeypatch, caplog):
    monkeypatch.setenv("DAYPASS_TRACE", "1")
    monkeypatch.setattr(logging.getLogger("daypass.trace"), "level", logging.NOTSET)
    return lambda: [LINE.fullmatch(record.getMessage()).groups() for record in caplog.records]


def test_each_hook_call_is_logged_with_who_answered(registry_of, lines):
    registry_of({"fake": backend()})
    daypass.create_signed_url("fake://bucket/key")
    daypass.head_metadata("fake://bucket/key")
    assert [(hook, kind, what) for hook, _, kind, what in lines()] == [
        ("describe_backend", "answered", "BackendInfo"),
        ("create_signed_url", "answered", "SignedURL"),
        ("head_metadata", "answered", "ObjectMetadata"),
    ]


def test_each_policy_is_logged_by_its_name_and_asked_in_the_same_order(registry_of, lines):
    asked = []

    def refuse(event):
        raise PermissionError(SECRET)

    def note(event):
        asked.append(event)

    registry = registry_of({"fake": backend()})
    registry.register_plugin(plugin(authorize=refuse), "strict")
    registry.register_plugin(plugin(authorize=note), "mild")
    with pytest.raises(daypass.RefusedError):
        daypass.create_signed_url("fake://bucket/key")
    assert lines()[-2:] == [
        ("authorize", "mild", "returned", None),
        ("authorize", "strict", "raised", "builtins.PermissionError"),
    ]
    assert len(asked) == 1


def test_nothing_secret_is_logged(registry_of, lines, caplog):
    registry_of({"fake": backend()})
    daypass.create_signed_url("fake://bucket/hidden", storage_options={"secret": SECRET})
    assert lines()
    assert SECRET not in caplog.text
    assert "hidden" not in caplog.text


@pytest.mark.parametrize("setting", [None, "", "0"])
def test_without_the_setting_nothing_is_logged(registry_of, monkeypatch, caplog, setting):
    if setting is not None:
        monkeypatch.setenv("DAYPASS_TRACE", setting)
    registry_of({"fake": backend()})
    with caplog.at_level(logging.DEBUG):
        daypass.create_signed_url("fake://bucket/key")
    assert not caplog.records


def test_where_no_logging_is_set_up_the_lines_go_to_stderr():
    code = "import daypass; daypass.head_metadata('memory://x', missing_ok=True)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "DAYPASS_TRACE": "1"},
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
    )
    first, second = done.stderr.splitlines()
    assert first.startswith("daypass: trace: describe_backend of daypass.backends.generic answered")
    assert second.startswith(
        "daypass: trace: head_metadata of daypass.backends.generic raised daypass.errors."
    )
    assert done.stdout == ""
