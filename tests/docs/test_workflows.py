"""What runs on GitHub needs no token, and what it calls exists."""

from __future__ import annotations

import configparser
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


def environments_of_tox():
    config = configparser.ConfigParser(interpolation=None)
    config.read(ROOT / "tox.ini")
    listed = [config["tox"]["env_list"], *(name.removeprefix("testenv:") for name in config)]
    return {
        before + factor
        for before, factors in re.findall(r"([\w-]+)(?:\{([\w,]+)\})?", ",".join(listed))
        for factor in factors.split(",")
    }


def environments_asked_for(job):
    """Return what a job gives to tox -e, in its commands and in its matrix."""
    matrix = job.get("strategy", {}).get("matrix", {})
    asked = [row["environments"] for row in matrix.get("include", [])]
    asked += matrix.get("environments", [])
    asked += re.findall(r"tox -e ([\w,-]+)", " ".join(step.get("run", "") for step in job["steps"]))
    return {name for names in asked for name in names.split(",")}


def test_every_environment_that_a_workflow_asks_for_is_there():
    flows = [yaml.safe_load(place.read_text()) for place in PLACES]
    asked = set().union(*(environments_asked_for(job) for f in flows for job in f["jobs"].values()))
    assert {"lint", "servers", "py314", "nightly", "isolated-gcs", "wheels"} <= asked
    assert asked <= environments_of_tox()
