"""What the template makes is a package that installs beside daypass and whose tests are green."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import copier
import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how-to" / "write-a-backend.md").read_text()


def render(place, **answers):
    copier.run_copy(str(ROOT / "template"), place, answers, defaults=True, quiet=True)
    return place


def python(*arguments, cwd, **environment):
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=cwd,
        env={**os.environ, "PYTEST_ADDOPTS": "", **environment},
        capture_output=True,
        check=False,
        text=True,
        timeout=300,
    )


def test_nothing_compiled_goes_along(tmp_path):
    template = tmp_path / "template"
    shutil.copytree(ROOT / "template", template)
    compiled = template / "package" / "tests" / "__pycache__"
    compiled.mkdir(exist_ok=True)
    (compiled / "server.cpython-311.pyc").write_bytes(b"\xa7\r\r\n")
    copier.run_copy(
        str(template), tmp_path / "made", {"protocol": "shelf"}, defaults=True, quiet=True
    )
    assert list((tmp_path / "made").rglob("__pycache__")) == []


def test_its_tests_are_green_beside_core(tmp_path):
    package, site = render(tmp_path / "package", protocol="shelf"), tmp_path / "site"
    offline = ("--no-deps", "--no-build-isolation", "--no-index", "--quiet")
    done = python("pip", "install", *offline, "--target", str(site), ".", cwd=package)
    assert done.returncode == 0, done.stderr
    done = python("pytest", "-q", "-p", "no:cacheprovider", cwd=package, PYTHONPATH=str(site))
    assert done.returncode == 0, done.stdout
    passed = re.search(r"^(\d+) passed in", done.stdout.splitlines()[-1])
    assert passed, done.stdout  # nothing is skipped
    assert int(passed[1]) > 120
    listed = python("daypass.cli", "plugins", "--json", cwd=tmp_path, PYTHONPATH=str(site))
    assert '"daypass-shelf 0.1.0"' in listed.stdout


def _joined(under, over):
    """Lay one table over another."""
    both = {
        name: _joined(under.get(name, {}), value)
        for name, value in over.items()
        if isinstance(value, dict)
    }
    return {**under, **over, **both}


def test_the_page_shows_what_it_makes(tmp_path):
    package = render(tmp_path / "package", protocol="cupboard")
    made = (package / "src" / "daypass_cupboard" / "__init__.py").read_text()
    assert re.search(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)[1] == made
    shown = re.search(r"^```toml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)[1]
    made = tomllib.loads((package / "pyproject.toml").read_text())
    assert _joined(made, tomllib.loads(shown)) == made
    for name in re.findall(r"^\| `([^|]*)` \|", PAGE, re.MULTILINE):
        for path in name.split("`, `"):
            assert (package / path).is_file()


def test_a_script_that_leaves_the_server_running_ends(tmp_path):
    package = render(tmp_path / "package", protocol="shelf")
    script = tmp_path / "script.py"
    script.write_text(
        "from contextlib import ExitStack\nfrom server import cupboard\n"
        "session = ExitStack()\nprint(session.enter_context(cupboard()).url)\n"
    )
    ended = subprocess.run(
        [sys.executable, script],
        env={**os.environ, "PYTHONPATH": str(package / "tests")},
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
    )
    assert ended.stdout.startswith("http://127.0.0.1:")
    assert ended.stderr == ""


def test_the_answers_stand_where_they_belong(tmp_path):
    package = render(tmp_path, protocol="shelf", store="Great Shelf", author="Ada")
    project = tomllib.loads((package / "pyproject.toml").read_text())["project"]
    assert project["description"] == "daypass on Great Shelf"
    assert project["authors"] == [{"name": "Ada"}]
    assert project["entry-points"]["daypass.backends"] == {"shelf": "daypass_shelf"}
    left = [p for p in package.rglob("*") if p.is_file() and "protocol }}" in p.read_text()]
    assert left == []


@pytest.mark.parametrize(
    "answers",
    [
        {"protocol": "My Store"},
        {"protocol": "1st"},
        {"protocol": ""},
        {"protocol": "shelf", "store": 'a "b"'},
        {"protocol": "shelf", "author": " "},
    ],
)
def test_what_could_be_no_package_is_refused(tmp_path, answers):
    with pytest.raises(ValueError, match="Validation error"):
        render(tmp_path, **answers)
