"""Trying again: which failures pass by themselves, how long to wait for that, and when to give up."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import TypeVar

import attrs

from daypass.errors import DaypassError, DeadlineError, StoreError
from daypass.toolkit.failures import is_lasting

__all__ = ["TRIES", "ChangedError", "Patience", "insist", "is_final", "is_temporary"]

#: How often it is tried: the pauses between are 15 s together at least, for as long as a store restarts.
TRIES = 6
#: The first pause between two tries, at least, and the longest, in seconds. Each may be this first one longer.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 20.0
#: Seconds in which nothing comes or goes, in all tries of one request together, after which none is begun.
_PATIENCE = 120.0
#: Answers after which the same request may succeed.
_TEMPORARY = frozenset({408, 429, 500, 502, 503, 504})
#: What S3 says with a status that is no such answer.
_TEMPORARY_CODES = frozenset({"RequestTimeout", "SlowDown", "InternalError", "ServerBusy"})

T = TypeVar("T")


class ChangedError(StoreError):
    """The file, or the object, is no longer what it was when the transfer began."""


@attrs.define
class Patience:
    """How long all tries of one request may bring nothing: else each would have its own time for that."""

    _left: float = attrs.field(factory=lambda: _PATIENCE)
    _since: float = 0.0

    @property
    def is_over(self) -> bool:
        """Tell whether too much time has gone in vain."""
        return self._left <= 0

    def go_on(self) -> None:
        """Count from now: a try begins, or bytes have come or gone."""
        self._since = time.monotonic()

    def lose(self) -> None:
        """Count what has gone since then: the try has failed."""
        self._left -= time.monotonic() - self._since


def is_temporary(error: BaseException) -> bool:
    """Tell whether the same request may succeed a little later."""
    if isinstance(error, ChangedError) or not isinstance(error, (StoreError, DeadlineError)):
        return False
    if isinstance(error, DeadlineError) or error.status is None:
        return not is_lasting(error)
    return error.status in _TEMPORARY or error.store_code in _TEMPORARY_CODES


def is_final(error: BaseException) -> bool:
    """Tell whether going on could only fail in the same way; with other credentials it may not."""
    if isinstance(error, ChangedError):
        return True
    return (
        isinstance(error, StoreError)
        and error.status not in (None, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
        and not is_temporary(error)
    )


def insist(
    call: Callable[[], T],
    *,
    tries: int | None = None,
    again: Callable[[BaseException], bool] = is_temporary,
    stop: threading.Event | None = None,
    patience: Patience | None = None,
) -> T:
    """Call a function until it succeeds, with pauses that double from a floor.

    Args:
        call: the function.
        tries: how often it is called at most; `TRIES` without it.
        again: tells whether to call it once more after an error.
        stop: ends the pauses, and the tries, from another thread.
        patience: what the function tells of bytes that come or go; without it, none do.

    Raises:
        DaypassError: the last one.

    """
    stop = stop or threading.Event()
    patience = Patience() if patience is None else patience
    tries = TRIES if tries is None else tries

    def once() -> T:
        patience.go_on()
        try:
            return call()
        except DaypassError:
            patience.lose()
            raise

    def once_more(error: BaseException) -> bool:
        return not patience.is_over and again(error)

    try:
        return once()
    except DaypassError as error:
        if tries == 1 or stop.is_set() or not once_more(error):
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
        return once()

    return Retrying(
        retry=retry_if_exception(once_more),
        stop=stop_after_attempt(tries) | stop_when_event_set(stop),
        # What failed together shall not come back together.
        wait=wait_exponential(_FIRST_PAUSE, _LONGEST_PAUSE) + wait_random(0, _FIRST_PAUSE),
        sleep=sleep_using_event(stop),
        reraise=True,
    )(counted)
