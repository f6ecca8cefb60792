"""What the project's own files must never hold."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
#: Registries by host name (installers are told by their own settings), and paths of one machine.
FORBIDDEN = re.compile(
    rb"pypi\.org|pythonhosted\.org|registry\.npmjs|registry\.yarnpkg|proxy\.golang"
    rb"|(?<![\w.:/-])/(?:work|root)/\w|(?<![\w.:/-])/(?:home|Users)/[a-z]"
)


def tracked():
    """Return the files that git tracks or would track; vectors are data from elsewhere."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("only a clone knows which files are the project's")
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    names = [name for name in listing.stdout.decode().split("\0") if name]
    return [ROOT / name for name in names if "node_modules" not in name]


def test_no_file_names_a_registry_or_a_machine():
    found = [
        f"{path.relative_to(ROOT)}: {match[0]!r}"
        for path in tracked()
        if path.is_file()
        for match in FORBIDDEN.finditer(path.read_bytes())
    ]
    assert found == []


def test_links_between_the_texts_lead_somewhere():
    """Sphinx checks docs/; the texts at the root have nobody else."""
    broken = [
        f"{name}: {target}"
        for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", (ROOT / name).read_text())
        if not (ROOT / target).exists()
    ]
    assert broken == []


def test_the_ci_runs_the_command_of_the_readme():
    commands = re.findall(
        r"^    (python3 -m venv .*)$", (ROOT / "README.md").read_text(), re.MULTILINE
    )
    assert commands[-1].endswith("tox -p auto -o")
    assert commands[-1] in (ROOT / ".ci" / "run").read_text().splitlines()
