"""Logs: a line of JSON for each, on stderr. What is secret is never given to them: links are told by their IDs."""

from __future__ import annotations

import sys
import time

import structlog

__all__ = ["Burst", "log", "log_as_json", "reason"]

#: The service's logger.
log = structlog.get_logger("daypass.links")
#: While something goes on failing, a line tells of it so often, in seconds.
_EVERY = 10.0
#: The most that is told of a driver's words.
_LONGEST = 300


class Burst:
    """Tells of what fails for one request after the other: of the first, and then now and then of how many there were.

    Args:
        event: what the line says.

    """

    def __init__(self, event: str) -> None:
        self._event = event
        self._next, self._untold = 0.0, 0

    def tell(self, error: BaseException, **more: object) -> None:
        """Tell of one more, or count it."""
        now = time.monotonic()
        if now < self._next:
            self._untold += 1
            return
        log.error(self._event, error=reason(error), before=self._untold, **more)
        self._next, self._untold = now + _EVERY, 0


def reason(error: BaseException) -> str:
    """Say what failed: in a driver's own words where they are about its server or the disk, since others may hold values.

    Args:
        error: of daypass, of SQLAlchemy or of a driver.

    """
    cause = getattr(error, "orig", None) or error
    kinds = {kind.__name__ for kind in type(cause).__mro__}
    if kinds.isdisjoint({"OperationalError", "DaypassError"}):
        return type(error).__name__
    return f"{type(cause).__name__}: {str(cause).partition(chr(10))[0][:_LONGEST]}"


def _to_stderr(*_: object) -> structlog.PrintLogger:
    return structlog.PrintLogger(sys.stderr)  # which may be another one by then


def log_as_json() -> None:
    """Have every log of this process written as JSON with its time in UTC."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,  # without the values of variables
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=_to_stderr,
    )
