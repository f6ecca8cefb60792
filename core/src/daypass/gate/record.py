"""Who is told of every link that leaves and of every refusal: the ``record`` plugins and the audit."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from daypass.audit.in_force import sinks
from daypass.backends.calls import check_silent, named
from daypass.backends.loading import registry
from daypass.errors import AuditError, PluginError
from daypass.hookspecs.events import SigningEvent

__all__ = ["Listener", "record", "recorders"]

#: Who is asked, or told, of an event.
Listener = Callable[[SigningEvent], object]


def recorders() -> list[Listener]:
    """Return who is to be told: the plugins first, for what is on record last of all is what leaves."""
    hook, audits = registry.listeners("record"), sinks()
    found: list[Listener] = [audit.record for audit in audits]
    return found if hook is None else [hook, *found]


def record(event: SigningEvent, recorders: Iterable[Listener]) -> None:
    """Tell of links that are about to leave, or were refused.

    Raises:
        AuditError: if one of those who are told raises; then no link leaves.

    """
    try:
        for tell in recorders:
            check_silent("record", tell(event))
    except Exception as error:
        what = (
            "could not be recorded, so it was not handed out"
            if event.decision == "allowed"
            else "was refused, and that could not be recorded"
        )
        why = str(error) if isinstance(error, (AuditError, PluginError)) else named(error)
        msg = f"the {event.method} link for {event.path} {what}: {why}"
        raise AuditError(msg) from error
