"""All distributions agree: one version, and the lowest versions that are tested are those declared."""

from __future__ import annotations

import configparser
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
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


def test_core_has_an_extra_for_each_plugin_and_one_for_all():
    extras = project(ROOT / "core")["optional-dependencies"]
    assert {name: extras[name] for name in OWN} == {name: [own] for name, own in OWN.items()}
    assert extras["all"] == sorted(OWN.values())


@pytest.mark.parametrize("directory", DISTRIBUTIONS, ids=lambda path: path.name)
def test_what_it_imports_is_held_against_what_it_declares(directory):
    place = directory.relative_to(ROOT).as_posix()
    assert f"    deptry --config {place}/pyproject.toml {place}/src\n" in TOX
    assert f" ./{place}\n" in TOX.partition("[testenv:isolated-")[2].partition("\n[")[0]


def test_the_lowest_versions_are_those_declared():
    lines = (ROOT / "tests" / "lowest.txt").read_text().splitlines()
    pins = [line.partition("==")[::2] for line in lines if not line.startswith("#")]
    assert {name: Version(version) for name, version in pins} == declared()


def pinned(name):
    """Return what a file of constraints has: each version by its name, and its hashes."""
    text = (ROOT / name).read_text().replace("\\\n", " ")
    found = {}
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            requirement, *hashes = re.split(r"\s+--hash=", line.strip())
            parsed = Requirement(requirement)
            found[canonicalize_name(parsed.name)] = (str(parsed.specifier), hashes)
    return found


@pytest.mark.parametrize("name", ["hashes.txt", ".github/tox.txt"])
def test_each_version_has_the_hashes_of_its_files(name):
    versions, hashed = pinned("constraints.txt"), pinned(name)
    assert set(hashed) == set(versions) if name == "hashes.txt" else "uv" in hashed
    for package, (version, hashes) in hashed.items():
        assert hashes
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", value) for value in hashes)
        assert (package, version) == (package, versions[package][0])


@pytest.mark.parametrize("name", ["constraints.txt", "hashes.txt", ".github/tox.txt"])
def test_no_constraint_names_a_place(name):
    lines = (ROOT / name).read_text().splitlines()
    assert not [
        line for line in lines if "://" in line or line.startswith(("-i", "--index", "--find"))
    ]


def test_what_tox_installs_is_held_against_the_hashes():
    settings = configparser.ConfigParser(interpolation=None)
    settings.read(ROOT / "tox.ini")
    held = {
        name: section["constraints"]
        for name, section in settings.items()
        if "constraints" in section
    }
    assert held == {"testenv": "hashes.txt", "testenv:lowest": "tests/lowest.txt"}
