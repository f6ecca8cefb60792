"""Build every distribution, and install each wheel alone in a fresh environment.

    python tests/wheels.py build DIRECTORY
    python tests/wheels.py check DIRECTORY

The directory receives the wheels and source archives. Dependencies come from where uv finds them, with the hashes
of `hashes.txt`; the project's own come from the directory. The release runs each step in a job of its own, and
`tox -e wheels` both.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
#: Run in the fresh environment: the package imports, is typed and, of a plugin, is found and loads.
CHECK = """
import importlib, sys
from importlib.metadata import distribution
from pathlib import Path
import daypass
from daypass.backends import registry

name = sys.argv[1]
package = importlib.import_module(name.replace("-", "_"))
assert (Path(package.__file__).parent / "py.typed").is_file(), "py.typed is missing"
assert distribution(name).version == daypass.__version__
for entry in distribution(name).entry_points:
    if entry.group == "daypass.backends":
        assert registry.backend(entry.name).plugin == entry.value
"""


def build(target: Path) -> None:
    """Build source archives, and the wheels from them."""
    held = ("--build-constraints", "hashes.txt", "--require-hashes")
    run("uv", "build", "--all-packages", "--no-create-gitignore", "--out-dir", str(target), *held)


def check(wheel: Path, target: Path) -> None:
    """Install one wheel alone, and try it."""
    name = wheel.name.partition("-")[0].replace("_", "-")
    held = zipfile.ZipFile(wheel).namelist()
    assert any(path.endswith("LICENSE") for path in held), f"{wheel.name} holds no licence"
    with tempfile.TemporaryDirectory() as place:
        run("uv", "venv", "--python", sys.executable, place)
        python = str(Path(place) / "bin" / "python")
        # The workspace would have core installed for editing.
        sources = ("--no-sources", "--find-links", str(target), "--constraints", "hashes.txt")
        run("uv", "pip", "install", "--python", python, *sources, str(wheel))
        run(python, "-I", "-c", CHECK, name)
        run(str(Path(place) / "bin" / "daypass"), "plugins", "--json")
    sys.stdout.write(f"{wheel.name}: installs alone, imports, is typed\n")


def run(*command: str) -> None:
    """Run a command; show what it says only where it fails."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    step, place = sys.argv[1], Path(sys.argv[2]).resolve()
    if step == "build":
        build(place)
    else:
        for made in sorted(place.glob("*.whl")):
            check(made, place)
