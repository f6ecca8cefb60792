"""``AuditLogger``: an audit in the standard library's logging."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from daypass.audit.lines import event_text
from daypass.base.messages import shown
from daypass.errors import AuditError, InvalidRequestError
from daypass.hookspecs.events import SigningEvent

__all__ = ["AuditLogger"]


class AuditLogger:
    """An audit as log records, each a line of JSON.

    Logging hides the faults of its handlers: where a record that is lost must stop a link, use an
    `AuditFile`. What can be seen does stop it: a logger that is off, or that nobody listens to.

    Args:
        name: the logger.
        level: the level of its records.
        clock: the time in seconds since the epoch, as it is recorded.

    Raises:
        InvalidRequestError: for a name or a level that is none.

    """

    def __init__(
        self,
        name: str = "daypass.audit",
        *,
        level: int = logging.INFO,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if not isinstance(name, str) or not name:
            msg = f"the name of a logger is text that is not empty, not {shown(name)}"
            raise InvalidRequestError(msg, option="name")
        if type(level) is not int or not 0 < level <= logging.CRITICAL:
            msg = f"level is a number such as logging.INFO, not {shown(level)}"
            raise InvalidRequestError(msg, option="level")
        self.name = name
        self.level = level
        self._clock = clock
        self._log = logging.getLogger(name)

    def __repr__(self) -> str:
        """Show the logger's name."""
        return f"AuditLogger({self.name!r}, level={self.level})"

    def record(self, event: SigningEvent) -> None:
        """Log one record.

        Raises:
            AuditError: if the logger would drop it.

        """
        if not self._log.isEnabledFor(self.level) or not self._log.hasHandlers():
            msg = (
                f"the logger {self.name} takes no records of level {self.level}, so that the audit would "
                "be lost: set its level, and give it a handler"
            )
            raise AuditError(msg)
        self._log.log(self.level, "%s", f"{{{event_text(event, self._clock())}}}")
