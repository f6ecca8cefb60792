"""``AuditSink``: what an audit must be able to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from daypass.hookspecs.events import SigningEvent

__all__ = ["AuditSink"]


class AuditSink(Protocol):
    """What records: an `AuditFile`, an `AuditLogger`, or your own."""

    def record(self, event: SigningEvent) -> None:
        """Record one event. Raise, and no link leaves."""
