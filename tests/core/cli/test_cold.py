"""Every command as it is installed, in a process that begins with nothing: a fork says the same, and ends the same."""

from __future__ import annotations

import re

import pytest

from daypass.cli.commands import COMMANDS

NOW = "2026-11-23T12:00Z"
ENDED = "https://b.s3.amazonaws.com/k?AWSAccessKeyId=AKEXAMPLE&Signature=Zm9v&Expires=1767225600"
#: What is another between the two when an hour strikes.
AGO = re.compile(r"\d+ days(?: \d+ hours?)? ago")
#: What each command can do again and again.
LINES = {
    "sign": ["s3://BUCKET/k", "--signing-time", NOW],
    "form": ["s3://BUCKET/${filename}", "--max-bytes", "9", "--signing-time", NOW],
    "put": ["daypass.toml", "s3://BUCKET/k"],
    "get": ["s3://BUCKET/k", "down"],
    "ls": ["s3://BUCKET"],
    "head": ["s3://BUCKET/k"],
    "explain": [ENDED],
    "verify": [ENDED],
    "config": ["check"],
    "cors": ["s3://BUCKET", "--origin", "https://example.org"],
    "plugins": [],
    "policy": ["test", "s3://BUCKET/k", "--caller", "ann"],
    "audit": ["head", "audit.jsonl"],
    "completion": ["fish"],
}


def test_only_the_demonstration_is_missing_which_is_always_run_so():
    assert COMMANDS.keys() - LINES.keys() == {"demo"}


@pytest.mark.parametrize("command", LINES)
def test_a_command_says_and_does_what_its_fork_does(command, cold, daypass, real, bucket, tmp_path):
    (tmp_path / "daypass.toml").write_text("[profiles]\n")
    line = [command, *(part.replace("BUCKET", bucket) for part in LINES[command])]
    if command == "audit":
        real["DAYPASS_CONFIG"] = str(tmp_path / "config.toml")
        (tmp_path / "config.toml").write_text('[audit]\nfile = "audit.jsonl"\n')
        assert daypass("sign", f"s3://{bucket}/k").returncode == 0
    if command in {"get", "head", "ls"}:
        assert daypass("put", "daypass.toml", f"s3://{bucket}/k").returncode == 0
    begun, forked = (
        (done.returncode, AGO.sub("long ago", done.stdout), done.stderr)
        for done in (cold(*line), daypass(*line))
    )
    assert begun == forked
    code, out, _ = begun
    assert code == (1 if command == "verify" else 0)
    assert out


#: A backend that gives up at its deadline, and leaves a thread that the interpreter waits for at its end.
LATE = """
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from daypass import hookimpl
from daypass.errors import DeadlineError
from daypass.hookspecs import BackendInfo


@hookimpl
def head_metadata(location):
    ThreadPoolExecutor().submit(time.sleep, 600)
    raise DeadlineError("the name server did not answer within 30 s")


@hookimpl
def describe_backend():
    return BackendInfo(name="late", why_not="it cannot")
"""


def test_what_was_given_up_keeps_no_command_alive(cold, install):
    install("acme-late", "daypass.backends", "late", LATE)
    done = cold("head", "late://b/k")  # which waits a minute at most
    assert (done.returncode, done.stdout, done.stderr) == (
        1,
        "",
        "daypass: error: the name server did not answer within 30 s\n",
    )
