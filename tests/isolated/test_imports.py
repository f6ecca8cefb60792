"""Whatever is installed of daypass finds all that it imports, on paths too that no test walks.

In tox's environments ``isolated-*`` that is core and at most one plugin, as wheels, and what they declare.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import distributions, requires
from importlib.util import find_spec
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from daypass.arrow import sign_batch
from daypass.demo.server import ServerMissingError, swift

pytestmark = pytest.mark.isolated

ROOT = Path(__file__).parents[2]
INSTALLED = sorted(
    {
        found.name
        for found in distributions()
        if found.name == "daypass" or found.name.startswith("daypass-")
    }
)
#: They load what imports them, detect-secrets and UPath a module and fsspec's filesystem of HTTP, which is made of
#: aiohttp, what is called of it; for daypass they are never installed.
HOSTS = {"detect_secrets", "upath", "aiohttp"}
#: Packages that several distributions share, whose names begin with theirs.
SHARED = ("opentelemetry",)
#: The module of a package of another name.
CALLED = {"argon2_cffi": "argon2"}


def held(package):
    """Return all files of a package, by their paths in it."""
    return {
        path.relative_to(package): path.read_bytes()
        for path in package.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }


@pytest.mark.parametrize("distribution", INSTALLED)
def test_what_is_installed_is_the_present_source_and_in_its_own_environment_a_wheel(distribution):
    name = distribution.replace("-", "_")
    installed = Path(find_spec(name).origin).parent
    (source,) = [*ROOT.glob(f"core/src/{name}"), *ROOT.glob(f"plugins/*/src/{name}")]
    ours, theirs = held(source), held(installed)
    assert [path for path in ours | theirs if ours.get(path) != theirs.get(path)] == []
    if os.environ.get("TOX_ENV_NAME", "").startswith("isolated-"):
        assert installed != source


def optional(distribution):
    """Return what comes with an extra alone."""
    asked = map(Requirement, requires(distribution))
    extras = [needed.name for needed in asked if "extra ==" in str(needed.marker)]
    names = {CALLED.get(name, name) for name in (extra.replace("-", "_") for extra in extras)}
    return names | {shared for shared in SHARED if any(name.startswith(shared) for name in names)}


@pytest.mark.parametrize("distribution", INSTALLED)
def test_all_that_is_imported_is_installed_or_comes_with_an_extra(distribution):
    program = Path(__file__).with_name("imports.py")
    command = [sys.executable, "-I", str(program), distribution.replace("-", "_")]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
    missing = json.loads(done.stdout)
    assert {
        name: modules
        for name, modules in missing.items()
        if name.partition(".")[0] not in optional(distribution) | HOSTS
    } == {}


def test_what_an_extra_brings_is_asked_for_by_its_name(monkeypatch):
    for name in ("pyarrow", "swift"):
        monkeypatch.setitem(sys.modules, name, None)  # as if it were not installed
    with pytest.raises(ImportError, match=r"pip install 'daypass\[arrow\]'"):
        sign_batch(None)
    with pytest.raises(ServerMissingError, match=r"pip install 'daypass\[demo\]'"), swift():
        pass
