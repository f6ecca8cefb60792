"""A bound that holds: socket timeouts alone stop neither a name server nor one byte per second."""

from __future__ import annotations

from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TypeVar

__all__ = ["within"]

_Answer = TypeVar("_Answer")


def within(seconds: float, call: Callable[[], _Answer]) -> _Answer:
    """Run a call in a thread of its own, and wait no longer than told.

    >>> within(5, lambda: 1 + 1)
    2

    Args:
        seconds: how long to wait.
        call: what to run; if it takes longer, it is left behind in its daemon thread.

    Raises:
        TimeoutError: if the call did not return in time.
        BaseException: whatever the call raises.

    """
    answers: SimpleQueue[tuple[_Answer, None] | tuple[None, BaseException]] = SimpleQueue()

    def run() -> None:
        try:
            answers.put((call(), None))
        except BaseException as error:  # noqa: BLE001 # raised again by the caller's thread
            answers.put((None, error))

    Thread(target=run, name="daypass-redis", daemon=True).start()
    try:
        answer, error = answers.get(timeout=seconds)
    except Empty:
        raise TimeoutError from None
    if error is not None:
        raise error
    return answer  # type: ignore[return-value] # there is an answer where there is no error
