"""The tutorial on links that can be taken back, as it is typed: three terminals, a real store, and what they show."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import socket
import subprocess
import sys
import termios
import time
from contextlib import ExitStack, contextmanager, suppress
from doctest import ELLIPSIS, NORMALIZE_WHITESPACE, OutputChecker
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "share-a-result.md").read_text("utf-8")
#: Seconds until an output that the page shows is given up.
_PATIENCE = 60
#: Colours, and the moves of a cursor.
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
#: What is typed in a terminal and what it shows, by the headings of the page.
_BLOCK = re.compile(r"^## (.*?)$|^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
#: Commands that end when the reader ends them.
_SERVERS = ("python store.py", "daypass serve")


def steps(port=8321):
    """Yield each command of the page with what it shows, and the heading that it stands under."""
    heading = ""
    for title, block in _BLOCK.findall(PAGE.replace("8321", str(port))):
        heading = title or heading
        for part in block.split("$ ")[1:]:
            command, _, shown = part.partition("\n")
            yield heading, command, shown


def fits(shown, said):
    """Tell whether a terminal said what the page shows: ``...`` stands for anything, and a space for any."""
    return OutputChecker().check_output(shown, said, ELLIPSIS | NORMALIZE_WHITESPACE)


class Terminal:
    """A shell on a terminal of its own, which ends with the test."""

    def __init__(self, directory, env):
        self._screen, end = pty.openpty()
        settings = termios.tcgetattr(end)
        settings[1] &= ~termios.ONLCR  # lines end as they were written
        termios.tcsetattr(end, termios.TCSANOW, settings)
        self._shell = subprocess.Popen(
            ["bash", "--norc"],
            cwd=directory,
            env=env,
            stdin=subprocess.PIPE,
            stdout=end,
            stderr=end,
            process_group=0,
        )
        os.close(end)

    def type(self, text):
        self._shell.stdin.write(f"{text}\n".encode())
        self._shell.stdin.flush()

    def read_until(self, over):
        """Return what is said until the predicate is true of it, all that was said if it never is."""
        read, said, end = b"", "", time.monotonic() + _PATIENCE
        while not over(said) and (left := end - time.monotonic()) > 0:
            if select.select([self._screen], [], [], left)[0]:
                try:
                    read += os.read(self._screen, 65_536)
                except OSError:  # nobody holds the other end
                    break
                said = _ESCAPES.sub("", read.decode(errors="replace"))
        return said

    def run(self, command):
        """Return what a command says, when it is over and has gone well."""
        self.type(f"{{ {command}\n}} < /dev/null; echo; echo done: $?")
        said = self.read_until(lambda said: re.search(r"done: \d+\n", said))
        said, _, status = said.rpartition("\r")[2].rpartition("\ndone: ")  # a bar is written over
        assert status.strip() == "0", said
        return said

    def interrupt(self):
        """Press Ctrl-C."""
        os.killpg(self._shell.pid, signal.SIGINT)

    def close(self):
        """Let what runs here end as it does where the terminal is closed, and see that it has."""
        self._shell.stdin.close()
        try:
            self._shell.wait(timeout=10)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(self._shell.pid, signal.SIGKILL)
            self._shell.wait()
        os.close(self._screen)


@contextmanager
def terminals(directory, port):
    """Open terminals by name: each is there when it is first asked for."""
    home = directory / "home"
    home.mkdir()
    env = {
        **{name: value for name, value in os.environ.items() if not name.startswith("XDG_")},
        "HOME": str(home),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "TERM": "xterm",
        "COLUMNS": "120",
        "DAYPASS_SERVER__PORT": str(port),  # another run of this test may have the usual one
    }
    opened = {}

    def terminal(name):
        if name not in opened:
            opened[name] = stack.enter_context(_closing(Terminal(directory, env)))
        return opened[name]

    with ExitStack() as stack:
        yield terminal


@contextmanager
def _closing(terminal):
    try:
        yield terminal
    finally:
        terminal.close()


def free_port():
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return trial.getsockname()[1]


@pytest.mark.servers
def test_the_tutorial_goes_as_it_is_written(tmp_path):
    port, key = free_port(), ""
    (tmp_path / "store.py").write_text(re.search(r"```py\n(.*?)```", PAGE, re.DOTALL)[1])
    with terminals(tmp_path, port) as terminal:
        for heading, command, shown in steps(port):
            name = heading.partition(":")[0] if "terminal" in heading else "The third terminal"
            here = terminal(name)
            if command in _SERVERS:
                here.type(command)
                said = here.read_until(lambda said, shown=shown: fits(shown, said))
            else:
                if "audit verify" in command:
                    terminal("The second terminal").interrupt()
                    terminal("The second terminal").run("true")
                said = here.run(command.replace("dpl_...", key))
            assert fits(shown, said), f"$ {command}\n{said}\nand not\n{shown}"
            if command == "daypass serve":
                key = re.search("first key: (.*)", said)[1]


def test_the_page_has_what_it_is_about():
    typed = [command for _, command, _ in steps()]
    for words in (
        *_SERVERS,
        "daypass link s3",
        "daypass link show",
        "daypass links",
        "daypass link revoke",
        "daypass audit verify",
    ):
        assert any(command.startswith(words) for command in typed), words
