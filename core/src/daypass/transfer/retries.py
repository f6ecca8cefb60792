"""Trying again: which failures pass by themselves, and how long to wait for that."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from daypass.errors import DaypassError, DeadlineError, StoreError

__all__ = ["TRIES", "ChangedError", "insist", "is_temporary"]

#: How often it is tried: the pauses between are 15 s together at least, for as long as a store restarts.
TRIES = 6
#: The first pause between two tries, at least, and the longest, in seconds. Each may be this first one longer.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 20.0
#: Answers after which the same request may succeed.
_TEMPORARY = frozenset({408, 429, 500, 502, 503, 504})
#: What S3 says with a status that is no such answer.
_TEMPORARY_CODES = frozenset({"RequestTimeout", "SlowDown", "InternalError", "ServerBusy"})

T = TypeVar("T")


class ChangedError(StoreError):
    """The file, or the object, is no longer what it was when the transfer began."""


def is_temporary(error: BaseException) -> bool:
    """Tell whether the same request may succeed a little later."""
    if isinstance(error, ChangedError) or not isinstance(error, (StoreError, DeadlineError)):
        return False
    if isinstance(error, DeadlineError) or error.status is None:
        return True
    return error.status in _TEMPORARY or error.store_code in _TEMPORARY_CODES


def insist(
    call: Callable[[], T],
    *,
    tries: int | None = None,
    again: Callable[[BaseException], bool] = is_temporary,
    stop: threading.Event | None = None,
) -> T:
    """Call a function until it succeeds, with pauses that double from a floor.

    Args:
        call: the function.
        tries: how often it is called at most; `TRIES` without it.
        again: tells whether to call it once more after an error.
        stop: ends the pauses, and the tries, from another thread.

    Raises:
        DaypassError: the last one.

    """
    stop = stop or threading.Event()
    tries = TRIES if tries is None else tries
    try:
        return call()
    except DaypassError as error:
        if tries == 1 or stop.is_set() or not again(error):
            raise
        failed = [error]
    # Imported where something has failed: most transfers, and every start of the command, do without.
    from tenacity import (
        Retrying,
        retry_if_exception,
        sleep_using_event,
        stop_after_attempt,
        stop_when_event_set,
        wait_exponential,
        wait_random,
    )

    def counted() -> T:
        if failed:
            raise failed.pop()  # the try above is the first of them
        return call()

    return Retrying(
        retry=retry_if_exception(again),
        stop=stop_after_attempt(tries) | stop_when_event_set(stop),
        # What failed together shall not come back together.
        wait=wait_exponential(_FIRST_PAUSE, _LONGEST_PAUSE) + wait_random(0, _FIRST_PAUSE),
        sleep=sleep_using_event(stop),
        reraise=True,
    )(counted)
