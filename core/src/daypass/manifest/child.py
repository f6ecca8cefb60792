"""A worker's process: signs what comes in by stdin, answers on stdout, and ends when stdin does."""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Callable, Sequence
from typing import IO

from daypass.base.messages import module_of, place_of
from daypass.errors import DaypassError
from daypass.manifest.answers import Answer, Body

#: How many bytes the number of a chunk's first row takes.
ROW = 8
#: What an answer begins with: it is one, an error of daypass's own, or the place of another.
GOOD, REFUSED, BROKEN = b"+", b"!", b"?"
_LENGTH = 8


def send(stream: IO[bytes], *parts: Body) -> None:
    """Write one message."""
    stream.write(sum(map(len, parts)).to_bytes(_LENGTH))
    for part in parts:
        stream.write(part)
    stream.flush()


def receive(stream: IO[bytes]) -> bytes:
    """Read one message.

    Raises:
        EOFError: if the other side has gone.

    """
    head = stream.read(_LENGTH)
    length = int.from_bytes(head)
    body = stream.read(length) if len(head) == _LENGTH else b""
    if len(head) != _LENGTH or len(body) != length:
        raise EOFError
    return body


def main() -> None:
    """Serve until stdin ends. Both pipes lead to the process that started this one, and only there."""
    source, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a plugin prints is no answer
    work = pickle.loads(receive(source))  # noqa: S301 - from the parent, by a pipe of its own
    if work.arrow:
        from daypass.manifest.lean import lean_pyarrow

        lean_pyarrow()
    while True:
        send(answers, *_answered(work, memoryview(receive(source))))


def _answered(work: Callable[[int, Body], Answer], question: memoryview) -> Sequence[Body]:
    try:
        return GOOD, *work(int.from_bytes(question[:ROW]), question[ROW:]).parts()
    except DaypassError as error:
        error.raised_in = module_of(error)
        return REFUSED, pickle.dumps(error)
    except Exception as error:  # noqa: BLE001 - never a traceback
        return BROKEN, f"{type(error).__qualname__} {place_of(error)}".encode()


if __name__ == "__main__":
    try:
        main()
    except (EOFError, BrokenPipeError):
        os._exit(0)  # nobody listens any more: neither to an answer nor to a last flush
