"""What a Python does in which packages are not installed, for a process of its own: ``python -c`` begins with this."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_BEGIN = """
import re, sys
from importlib.machinery import PathFinder

absent = {absent!r}

class Without(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.partition(".")[0] in absent else super().find_spec(name, path, target)

    @classmethod
    def find_distributions(cls, *args, **kwargs):
        for one in super().find_distributions(*args, **kwargs):
            if re.sub("[-_.]+", "_", one.metadata["Name"].removesuffix("-python")) not in absent:
                yield one

sys.meta_path[:] = [Without if one is PathFinder else one for one in sys.meta_path]
"""


def error_without(absent: set[str], code: str) -> tuple[list[str], str]:
    """Run code where modules cannot be found, as if they were not installed; return the error's classes and message."""
    told = f"""
import daypass
try:
{"".join(f"    {line}{chr(10)}" for line in code.strip().splitlines())}
except Exception as error:
    print(*[kind.__name__ for kind in type(error).__mro__])
    print(error)
"""
    program = _BEGIN.format(absent=absent) + told
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    classes, _, message = done.stdout.strip().partition("\n")
    return classes.split(), message
