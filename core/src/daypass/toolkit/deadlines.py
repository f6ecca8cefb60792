"""One limit in time for all that one hook call does on the network: socket timeouts bound no call."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Self, TypeVar

import attrs

from daypass.errors import DeadlineError

__all__ = ["Deadline", "at_once", "check_may_wait"]

_Answer = TypeVar("_Answer")

#: For so many keys of one call, or what is left of them, there is the time of one call.
_KEYS_AT_A_TIME = 1000


class _Hurry(threading.local):
    """Whether this thread serves others meanwhile."""

    is_on = False


_hurry = _Hurry()


class _AtOnce:
    """Switches it on for a block. A class of two methods, since a redirect waits for it."""

    def __enter__(self) -> None:
        """Wait for nothing from here on."""
        _hurry.is_on = True

    def __exit__(self, *_: object) -> None:
        """Wait again."""
        _hurry.is_on = False


#: For an event loop: inside ``with at_once:`` whatever would wait for the network raises `DeadlineError` in its place, so
#: that what is at hand is signed with there and then, and the rest in a thread.
at_once = _AtOnce()


def check_may_wait(what: str) -> None:
    """Raise inside `at_once`: call it before you wait for the network elsewhere than in `Deadline.run`, and before a lock under which others do.

    Args:
        what: what is waited for, to say of it that it "has to be waited for".

    Raises:
        DeadlineError: where this thread waits for nothing.

    """
    if _hurry.is_on:
        msg = f"{what} has to be waited for: ask in a thread"
        raise DeadlineError(msg)


@attrs.frozen
class Deadline:
    """A moment of the monotonic clock until which an answer must be there.

    >>> Deadline.after(5).run(lambda: 1 + 1, "adding")
    2
    """

    #: The span that was allowed, in seconds.
    seconds: float
    _end: float
    #: The longest that one try may take, in seconds, so that there is time to ask again.
    one_try: float
    _cancelled: threading.Event = attrs.field(factory=threading.Event, eq=False, repr=False)

    @classmethod
    def after(cls, seconds: float) -> Self:
        """Return the deadline so many seconds from now."""
        return cls(seconds, time.monotonic() + seconds, seconds / 3)

    @classmethod
    def for_many(cls, seconds: float, keys: int) -> Self:
        """Return the deadline of one call for many keys: as long for each thousand, from now."""
        total = seconds * max(-(-keys // _KEYS_AT_A_TIME), 1)
        return cls(total, time.monotonic() + total, seconds / 3)

    @property
    def left(self) -> float:
        """The seconds that are left; not positive when none are."""
        return 0.0 if self._cancelled.is_set() else self._end - time.monotonic()

    def cancel(self) -> None:
        """Let the time be over, for everybody who works towards this deadline."""
        self._cancelled.set()

    def sleep(self, seconds: float) -> None:
        """Sleep, but not on when the deadline is cancelled."""
        self._cancelled.wait(seconds)

    def error(self, what: str) -> DeadlineError:
        """Make the error for something that did not end in time."""
        return DeadlineError(f"{what} did not end within {self.seconds:g} s")

    def run(self, function: Callable[[], _Answer], what: str) -> _Answer:
        """Call a function in a thread and wait no longer than what is left.

        Socket timeouts do not bound a call: each byte that drips in starts them anew, they do not stop
        a name server, and SDKs retry and sleep by rules of their own.

        Args:
            function: what to call; it takes nothing.
            what: what it does, to say of it that it "did not end within 5 s".

        Raises:
            DeadlineError: if it did not end in time; the thread is then left to its own timeouts. Or at once, inside `at_once`.
            BaseException: whatever the function raises.

        """
        check_may_wait(what)
        result: list[_Answer] = []
        failure: list[BaseException] = []

        def work() -> None:
            try:
                result.append(function())
            except BaseException as error:  # noqa: BLE001 - raised again below
                failure.append(error)

        thread = threading.Thread(target=work, name="daypass-deadline", daemon=True)
        thread.start()
        while thread.is_alive() and (left := self.left) > 0:
            thread.join(min(left, 1))  # a look around now and then: it may be cancelled
        if failure:
            raise failure[0]
        if not result:
            raise self.error(what)
        return result[0]
