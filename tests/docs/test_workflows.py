"""What runs on GitHub needs no token, and what it calls exists."""

from __future__ import annotations

import configparser
import os
import re
import subprocess
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


def release():
    return yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text())


def commands(job):
    return [step.get("run", "") for step in job["steps"]]


def before(jobs, name):
    """Return the jobs that have to end well before one begins."""
    needs = jobs[name].get("needs", [])
    needs = [needs] if isinstance(needs, str) else needs
    return set(needs).union(*(before(jobs, need) for need in needs))


def test_the_release_publishes_by_trust_and_only_what_was_checked():
    flow = release()
    jobs = flow["jobs"]
    assert flow["permissions"] == {}
    publish = jobs["publish"]
    assert publish["permissions"] == {"id-token": "write"}
    assert publish["environment"] == "release"
    assert before(jobs, "publish") == {"tag", "test", "build", "install"}
    assert "tox" in commands(jobs["test"])  # every environment of its list
    assert "python tests/wheels.py check dist" in commands(jobs["install"])


def test_the_release_is_of_a_tag_that_is_its_version_and_on_main():
    jobs = release()["jobs"]
    checkout, *_ = jobs["tag"]["steps"]
    assert checkout["with"]["fetch-depth"] == 0  # or main would not be known
    version, on_main = filter(None, commands(jobs["tag"]))
    assert "core/pyproject.toml" in version
    assert '= "$GITHUB_REF_NAME"' in version
    assert on_main == 'git merge-base --is-ancestor "$GITHUB_SHA" origin/main'
    assert all("tag" in before(jobs, name) for name in jobs if name != "tag")


def test_what_is_published_is_built_where_no_test_has_run():
    jobs = release()["jobs"]
    build = jobs["build"]
    assert before(jobs, "build") == {"tag"}
    install, make, sums = filter(None, commands(build))
    assert install.endswith("--require-hashes -r .github/tox.txt")
    assert make == "python tests/wheels.py build dist"
    assert "sha256sum dist/*" in sums
    assert not [step for step in build["steps"] if "cache" in step.get("uses", "")]
    download, check, publish = jobs["publish"]["steps"]
    assert "download-artifact" in download["uses"]
    assert check["env"] == {"SUMS": "${{ needs.build.outputs.sums }}"}
    assert "sha256sum --check --strict" in check["run"]
    assert "pypi-publish" in publish["uses"]


def test_the_sums_of_a_release_find_what_was_changed_and_what_was_added(tmp_path):
    """The commands of the workflow, run."""
    jobs = release()["jobs"]
    (write,) = [run for run in commands(jobs["build"]) if "sha256sum" in run]
    (check,) = [run for run in commands(jobs["publish"]) if run]
    dist, output = tmp_path / "dist", tmp_path / "output"
    dist.mkdir()
    for name in ("a.whl", "a.tar.gz"):
        (dist / name).write_text(name)

    def run(command, **environment):
        shell = ["bash", "-e", "-o", "pipefail", "-c", command]
        environment["PATH"] = os.environ["PATH"]
        done = subprocess.run(
            shell, cwd=tmp_path, env=environment, capture_output=True, check=False
        )
        return done.returncode == 0

    assert run(write, GITHUB_OUTPUT=str(output))
    sums = output.read_text().removeprefix("sums=").strip()
    assert run(check, SUMS=sums)
    assert not run(check, SUMS="")
    (dist / "b.whl").write_text("b")
    assert not run(check, SUMS=sums)
    (dist / "b.whl").unlink()
    (dist / "a.whl").write_text("b")
    assert not run(check, SUMS=sums)


def test_no_workflow_of_ours_installs_what_has_no_hash():
    flows = [place.read_text() for place in PLACES if "template" not in place.parts]
    installs = re.findall(r"pip install .*", "\n".join(flows))
    assert len(installs) == 6
    assert {*installs} == {"pip install -q --require-hashes -r .github/tox.txt"}


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
