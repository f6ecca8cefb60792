"""Processes that work on chunks, several at a time; the answers come in the order of the questions."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from daypass.errors import DaypassError, StoreError
from daypass.manifest.answers import Answer, Body
from daypass.manifest.child import BROKEN, REFUSED, ROW, receive, send

#: Turns a chunk, and the number of its first row, into an answer.
Work = Callable[[int, Body], Answer]
#: What glibc reads when a process starts (mallopt(3)); other systems do not look. What one chunk takes, the next
#: needs again: left to itself, glibc gives such pieces back each time, and takes them anew page by page.
_KEPT = str(16 << 20)
_MALLOC = {"MALLOC_MMAP_THRESHOLD_": _KEPT, "MALLOC_TRIM_THRESHOLD_": _KEPT}
#: Hands a chunk out; the function it returns waits for the answer.
Submit = Callable[[int, Body], Callable[[], Answer]]


@contextmanager
def workers(work: Work, jobs: int) -> Iterator[Submit]:
    """Run workers for the length of a ``with`` block; one works right here, when it is asked.

    Args:
        work: what each does; it is pickled and sent by a pipe.
        jobs: how many processes.

    Yields:
        What hands out a chunk.

    """
    if jobs == 1:
        yield lambda first, body: lambda: work(first, body)
        return
    children = _Children(work)
    executor = ThreadPoolExecutor(jobs, "daypass-worker")
    try:
        yield lambda first, body: executor.submit(children.work, first, body).result
    finally:
        children.end()  # first, so that no thread waits for an answer any more
        executor.shutdown(cancel_futures=True)


class _Children:
    """One process for each thread that asks."""

    def __init__(self, work: Work) -> None:
        self._work = pickle.dumps(work)
        self._own = threading.local()
        self._lock = threading.Lock()
        self._all: list[subprocess.Popen[bytes]] = []
        self._ended = False

    def work(self, first: int, body: Body) -> Answer:
        """Let this thread's process work; start it first where there is none yet."""
        process: subprocess.Popen[bytes] | None = getattr(self._own, "process", None)
        if process is None:
            process = self._own.process = self._start()
        assert process.stdin is not None  # noqa: S101 - both are pipes
        assert process.stdout is not None  # noqa: S101
        try:
            send(process.stdin, first.to_bytes(ROW), body)
            answer = memoryview(receive(process.stdout))
        except (EOFError, OSError) as error:
            msg = f"a worker process ended early (exit code {process.wait()}): run the same again with resume=True"
            raise StoreError(msg) from error
        kind, rest = answer[:1], answer[1:]
        if kind == REFUSED:
            raise pickle.loads(rest)  # noqa: S301 - our own child's
        if kind == BROKEN:
            msg = f"unexpected {bytes(rest).decode()}: this is a mistake in daypass or a plugin, please report it"
            raise DaypassError(msg)
        return Answer.read(rest)

    def _start(self) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._ended:
                raise EOFError
            process = subprocess.Popen(
                # -P: a directory named daypass where the user stands is not the package.
                [sys.executable, "-P", "-m", "daypass.manifest.child"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=_MALLOC | os.environ,
                # A Ctrl-C in the terminal is for the parent, which ends the children.
                process_group=0,
            )
            self._all.append(process)
        assert process.stdin is not None  # noqa: S101 - a pipe
        # By a pipe and not by arguments, which every user of the machine can read.
        send(process.stdin, self._work)
        return process

    def end(self) -> None:
        """End all processes."""
        with self._lock:
            self._ended = True
        for process in self._all:
            process.kill()
        for process in self._all:
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    _close(stream.close)


def _close(close: Callable[[], None]) -> None:
    try:
        close()
    except OSError:  # what was still to be said finds nobody
        return
