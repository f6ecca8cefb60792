"""The README is read from its top: what it sets stays set for whatever is typed below."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"
#: What a reader types into one shell, in its order: a configuration that is named, or left again, and links that are signed.
_TYPED = re.compile(
    r"export (?P<name>DAYPASS_CONFIG)=(?P<value>[\w.]+)|(?P<left>unset DAYPASS_CONFIG)"
    r"|^ *(?:\.venv/bin/)?daypass (?P<signed>sign .*)$",
    re.MULTILINE,
)


def test_links_are_signed_by_what_was_typed_before(tmp_path):
    text = README.read_text()
    team = re.search(r"`team.toml`:\n\n```toml\n(.*?)```", text, re.DOTALL)[1]
    (tmp_path / "team.toml").write_text(team)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "made-up",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }
    signed = 0
    for typed in _TYPED.finditer(text):
        if typed["name"]:
            environment[typed["name"]] = typed["value"]
        elif typed["left"]:
            del environment["DAYPASS_CONFIG"]
        else:
            done = subprocess.run(
                [sys.executable, "-m", "daypass.cli", *shlex.split(typed["signed"])],
                env=environment, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60,
            )  # fmt: skip
            assert (done.returncode, done.stderr) == (0, ""), typed[0]
            signed += 1
    assert signed == 2
    assert (
        "DAYPASS_CONFIG" not in environment
    )  # or the links service below would begin with a team's policy
