"""Runs of pytest in forks of one process that has imported pytest and the kit already.

Most of what a run in a process of its own costs are its imports. The program at the end of this file does them
once, with pytest at work, so that the kit's asserts are rewritten as anywhere; a fork then knows nothing of the
runs before it. The program has one thread, without which forks are not safe.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest

#: Runs pytest in a directory, with arguments, and returns what it wrote.
Run = Callable[[Path, list[str]], str]
#: Seconds until a run that does not end is ended.
_PATIENCE = 120
#: The file that a run writes to.
_REPORT = "report.txt"


@contextmanager
def forks(directory: Path) -> Iterator[Run]:
    """Start the program, in a directory without settings of pytest, for as long as the block lasts."""
    settings = {"PYTEST_ADDOPTS": "", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    with subprocess.Popen(
        [sys.executable, "-P", __file__],
        cwd=directory,
        env={**os.environ, **settings},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as program:

        def run(where: Path, arguments: list[str]) -> str:
            print(json.dumps([str(where), arguments]), file=program.stdin, flush=True)
            answer = program.stdout.readline()
            assert answer, "the program that forks has ended"
            report = (where / _REPORT).read_text()
            assert int(answer) >= 0, f"signal {-int(answer)} ended the run:\n{report}"
            return report

        yield run


class _Program:
    """In place of a run of its own, pytest lets others run."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_cmdline_main(self) -> int:
        import http.server  # noqa: F401 - by the server of every run

        import daypass.testing  # noqa: F401
        from daypass.backends import registry

        registry.claims()  # which distributions are installed is found out once
        gc.collect()
        gc.freeze()  # no run's garbage is looked for among these
        for line in sys.stdin:
            directory, arguments = json.loads(line)
            with warnings.catch_warnings(action="error"):  # Python warns where there are threads
                child = os.fork()
            if not child:
                _run(directory, arguments)
            _, status = os.waitpid(child, 0)
            sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
            sys.stdout.flush()
        return 0


def _run(directory: str, arguments: list[str]) -> NoReturn:
    """Run pytest, and end with it."""
    code = 3
    try:
        signal.alarm(_PATIENCE)
        os.chdir(directory)
        sys.path.insert(0, directory)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        report = os.open(_REPORT, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        os.dup2(report, 1)
        os.dup2(report, 2)
        code = pytest.main(arguments)
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)  # threads that hang are left behind


if __name__ == "__main__":
    sys.exit(pytest.main(["-s"], plugins=[_Program()]))
