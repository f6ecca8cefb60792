"""All distributions agree: one version, and the lowest versions that are tested are those declared."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

import daypass

ROOT = Path(__file__).parents[2]
TOX = (ROOT / "tox.ini").read_text()
#: A plugin under construction becomes one of the distributions when tox installs it.
DISTRIBUTIONS = [
    ROOT / "core",
    *(ROOT / "plugins" / name for name in sorted(set(re.findall(r"-e \./plugins/(\w+)", TOX)))),
]
OWN = {path.name: f"daypass-{path.name}" for path in DISTRIBUTIONS[1:]}


def project(directory):
    return tomllib.loads((directory / "pyproject.toml").read_text())["project"]


def declared():
    """Return the lowest version that anybody declares for each dependency, and so needs."""
    lowest = {}
    for directory in DISTRIBUTIONS:
        table = project(directory)
        extras = table.get("optional-dependencies", {}).values()
        for text in [*table["dependencies"], *(text for extra in extras for text in extra)]:
            requirement = Requirement(text)
            if requirement.name.startswith("daypass"):
                continue
            bounds = [Version(s.version) for s in requirement.specifier if s.operator == ">="]
            assert len(bounds) == 1, f"{directory.name}: {text} needs one lower bound"
            lowest[requirement.name] = max(lowest.get(requirement.name, bounds[0]), bounds[0])
    return lowest


@pytest.mark.parametrize("directory", DISTRIBUTIONS, ids=lambda path: path.name)
def test_one_version_and_one_form(directory):
    table, core = project(directory), project(ROOT / "core")
    assert table["version"] == daypass.__version__
    for name in ("license", "license-files", "requires-python", "authors"):
        assert table[name] == core[name]
    assert (directory / "README.md").is_file()
    assert (directory / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


@pytest.mark.parametrize("directory", DISTRIBUTIONS[1:], ids=lambda path: path.name)
def test_a_plugin_needs_at_least_this_core(directory):
    table = project(directory)
    assert table["name"] == OWN[directory.name]
    core = next(r for r in map(Requirement, table["dependencies"]) if r.name == "daypass")
    lower = next(Version(s.version) for s in core.specifier if s.operator == ">=")
    assert lower.release[:2] == Version(daypass.__version__).release[:2]


@pytest.mark.parametrize("directory", DISTRIBUTIONS, ids=lambda path: path.name)
def test_what_it_imports_is_held_against_what_it_declares(directory):
    place = directory.relative_to(ROOT).as_posix()
    assert f"    deptry --config {place}/pyproject.toml {place}/src\n" in TOX
    assert f" ./{place}\n" in TOX.partition("[testenv:isolated-")[2].partition("\n[")[0]


def test_the_lowest_versions_are_those_declared():
    lines = (ROOT / "tests" / "lowest.txt").read_text().splitlines()
    pins = [line.partition("==")[::2] for line in lines if not line.startswith("#")]
    assert {name: Version(version) for name, version in pins} == declared()
