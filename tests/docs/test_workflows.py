"""What runs on GitHub needs no token, and what it calls exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PLACES = [
    *sorted((ROOT / ".github" / "workflows").glob("*.yml")),
    *sorted((ROOT / "template" / "package" / ".github" / "workflows").glob("*.yml")),
]


@pytest.fixture(params=PLACES, ids=lambda path: str(path.relative_to(ROOT)))
def text(request):
    return request.param.read_text()


def test_actions_are_pinned_by_commit_with_their_tag(text):
    used = re.findall(r"uses: (\S+)(.*)", text)
    assert used
    for action, comment in used:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", action)
        assert re.fullmatch(r" # v\d+\.\d+\.\d+", comment)


def test_no_workflow_knows_a_secret(text):
    assert "secrets." not in text


def test_the_release_publishes_by_trust_and_only_what_was_checked():
    flow = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text())
    assert flow["permissions"] == {}
    publish = flow["jobs"]["publish"]
    assert publish["permissions"] == {"id-token": "write"}
    assert (publish["needs"], publish["environment"]) == ("build", "release")
    called = [step.get("run", "") for step in flow["jobs"]["build"]["steps"]]
    assert ".ci/run" in called
    environments = re.findall(
        r"^\[testenv:([\w-]+)\]", (ROOT / "tox.ini").read_text(), re.MULTILINE
    )
    for command in called:
        for asked in re.findall(r"tox -e ([\w-]+)", command):
            assert asked in environments
