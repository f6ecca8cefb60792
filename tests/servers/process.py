"""A server as a process that ends when the block does, or with this process, however that ends."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence

#: Seconds until a server that has not said that it is ready is given up.
_PATIENCE = 120
#: A shell stays beside the server and reads a pipe that ends when this process closes it or is gone; then it removes
#: the server and its directory. There is nothing to save, so the server is not asked to leave in good order.
_GUARD = """
"$@" < /dev/null &
exec > /dev/null 2>&1
while read -r _; do :; done
kill -9 $!
wait
rm -rf "$0"
"""


class ServerEndedError(RuntimeError):
    """The server has ended, or is not ready in time; the message holds its last words."""


class Output:
    """What a server says, read all the time so that its pipe never fills."""

    def __init__(self, guard: subprocess.Popen[str]) -> None:
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        #: All that it has said.
        self.said: list[str] = []
        threading.Thread(target=self._read, args=(guard,), daemon=True).start()

    def _read(self, guard: subprocess.Popen[str]) -> None:
        assert guard.stdout is not None
        with guard.stdout:
            for line in guard.stdout:
                self.said.append(line.strip())
                self._lines.put(line.strip())
        self._lines.put(None)

    def wait_for(self, words: str) -> str:
        """Return the next line that holds these words."""
        end = time.monotonic() + _PATIENCE
        heard = []
        with contextlib.suppress(queue.Empty):
            while (line := self._lines.get(timeout=max(0, end - time.monotonic()))) is not None:
                if words in line:
                    return line
                heard.append(line)
        msg = f"the server did not say {words!r}: {' '.join(heard[-20:]) or 'it said nothing'}"
        raise ServerEndedError(msg)


@contextlib.contextmanager
def serving(
    command: Sequence[str], directory: str, env: Mapping[str, str] | None = None
) -> Iterator[Output]:
    """Run a server for as long as the block lasts, in a directory that goes with it."""
    guard = subprocess.Popen(
        ["sh", "-c", _GUARD, directory, *command],
        cwd=directory,
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        # A Ctrl-C in the terminal is for the tests, which end the server.
        process_group=0,
    )
    try:
        yield Output(guard)
    finally:
        assert guard.stdin is not None
        guard.stdin.close()
        try:
            guard.wait(timeout=10)
        except subprocess.TimeoutExpired:  # a child of a test holds the pipe, too
            os.killpg(guard.pid, signal.SIGKILL)
            guard.wait()
