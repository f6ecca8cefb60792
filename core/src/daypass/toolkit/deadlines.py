"""One limit in time for all that one hook call does on the network: socket timeouts bound no call."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Self, TypeVar

import attrs

from daypass.errors import DeadlineError

__all__ = ["Deadline"]

_Answer = TypeVar("_Answer")

#: For so many keys of one call, or what is left of them, there is the time of one call.
_KEYS_AT_A_TIME = 1000


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
            DeadlineError: if it did not end in time; the thread is then left to its own timeouts.
            BaseException: whatever the function raises.

        """
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
