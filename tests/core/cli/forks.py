"""The command as a process, without the wait for what others wrote.

A parent imports the SDKs and daypass once, and forks for each command line. A fork has an environment, descriptors
and an exit code of its own, as every process; the parent has called nothing of daypass, so a fork knows of no
configuration and of no plugin. That each command imports what it needs is held by ``test_cold.py``: every one does
there what it does in a process that begins with nothing.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import os
import pkgutil
import runpy
import signal
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from multiprocessing.connection import Connection
from pathlib import Path

#: What is imported once: most of what a command would wait for.
SHARED = (
    "aiobotocore.session",
    "aiohttp",
    "botocore.session",
    "botocore.signers",
    "cattrs",
    "click",
    "defusedxml.ElementTree",
    "packaging.specifiers",
    "platformdirs",
    "pluggy",
    "rich.progress",
    "rich.table",
    "s3fs",
    "tenacity",
)
#: Rooms that no command of these tests leads to, or that act when they are imported.
_ELSEWHERE = {"arrow", "demo", "leaks", "signed", "testing"}
#: After so many seconds a command is ended.
PATIENCE = 60


class Forks:
    """What asks the parent; `forking` makes it."""

    def __init__(self, connection: Connection, descriptors: socket.socket) -> None:
        self._connection = connection
        self._descriptors = descriptors

    def run(
        self, arguments: list[str], environment: dict[str, str], place: str, given: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command line between pipes; ``given`` is what it can read."""
        pipes = [os.pipe() for _ in range(3)]
        theirs = [pipes[0][0], pipes[1][1], pipes[2][1]]
        self._connection.send((arguments, environment, place))
        socket.send_fds(self._descriptors, [b"."], theirs)
        for descriptor in theirs:
            os.close(descriptor)
        with ThreadPoolExecutor(3) as executor:
            executor.submit(_write, pipes[0][1], given)
            said = executor.map(_read, (pipes[1][0], pipes[2][0]))
            return subprocess.CompletedProcess(arguments, self._connection.recv(), *said)


def _write(descriptor: int, text: str) -> None:
    with suppress(BrokenPipeError), open(descriptor, "w") as file:
        file.write(text)


def _read(descriptor: int) -> str:
    with open(descriptor) as file:
        return file.read()


@contextmanager
def forking(environment: dict[str, str]) -> Iterator[Forks]:
    """Run the parent for the length of a ``with`` block; the environment is that of its imports."""
    ours, theirs = socket.socketpair()
    with ours, closing(Connection(os.dup(ours.fileno()))) as connection:
        with theirs:
            parent = subprocess.Popen(
                [sys.executable, "-P", __file__, str(theirs.fileno())],
                env=environment,
                pass_fds=[theirs.fileno()],
                # Pipes, as those of each fork: Python asks at its start whether a stream can be wound back.
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        try:
            yield Forks(connection, ours)
        finally:
            parent.kill()  # between two commands it does nothing
            print(parent.communicate()[0], end="")  # noqa: T201 - why it could not start


def _serve(descriptor: int) -> None:
    """Be the parent, until nobody asks any more."""
    for name in SHARED:
        with suppress(ModuleNotFoundError):  # where core is alone, no command imports it either
            importlib.import_module(name)
    _import_daypass()
    _hasten()
    _read_once()
    gc.collect()
    gc.freeze()  # so that a fork copies no page only to count what is on it
    with closing(Connection(os.dup(descriptor))) as connection, suppress(EOFError):
        while True:
            command = connection.recv()
            with socket.socket(fileno=os.dup(descriptor)) as descriptors:
                _, standard, _, _ = socket.recv_fds(descriptors, 1, 3)
            child = os.fork()
            if not child:
                connection.close()
                os.close(descriptor)
                _be(standard, *command)
            for each in standard:
                os.close(each)
            connection.send(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


def _import_daypass() -> None:
    """Import the commands and what they lead to, as far as the SDKs for it are there: half of what a command does."""
    for package in ("daypass", "daypass_s3"):
        with suppress(ModuleNotFoundError):
            for module in pkgutil.walk_packages(
                importlib.import_module(package).__path__, f"{package}."
            ):
                if module.name.partition(".")[2].split(".")[
                    0
                ] in _ELSEWHERE or module.name.endswith("__main__"):
                    continue
                with suppress(ImportError):
                    importlib.import_module(module.name)


def _hasten() -> None:
    """Let no command wait between two tries: how long it would is held by ``tests/core/transfer/test_retries.py``."""
    tenacity = sys.modules.get("tenacity")
    if tenacity is not None:
        tenacity.sleep_using_event = lambda event: lambda _: event.wait(0.001)  # type: ignore[attr-defined]


def _read_once() -> None:
    """Let botocore parse its own data here and not in each fork, which takes 0.1 s; it keeps nothing else."""
    session = sys.modules.get("botocore.session")
    if session is None:
        return
    # By its path, since a command must not find these tests.
    runpy.run_path(str(Path(__file__).parents[2] / "botocore_once.py"))["find_out_once"]()
    found = session.Session()  # type: ignore[attr-defined]
    loader = found.get_component("data_loader")
    for name in ("endpoints", "partitions", "sdk-default-configuration", "_retry"):
        loader.load_data(name)
    loader.load_service_model("s3", "service-2", None)
    loader.load_service_model("s3", "endpoint-rule-set-1", None)
    found.create_client(
        "s3", "eu-west-1", aws_access_key_id="AKEXAMPLE", aws_secret_access_key="made-up"
    ).close()


def _be(standard: list[int], arguments: list[str], environment: dict[str, str], place: str) -> None:
    """Be the command, in a fork, and end as it ends."""
    signal.alarm(PATIENCE)
    for number, descriptor in enumerate(standard):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.chdir(place)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[:0] = filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))
    sys.argv = ["daypass", *arguments]
    code = 1
    try:
        from daypass.cli import main

        code = main()
    except SystemExit as end:
        code = end.code or 0
    except BaseException:  # noqa: BLE001 - told as the interpreter tells it
        traceback.print_exc()
    finally:
        # What the interpreter does at its end, but for taking apart all that was imported, which takes longer than
        # most commands do.
        threading._shutdown()
        atexit._run_exitfuncs()
        gc.collect()
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(code)


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
