"""Who is told of every link that leaves and of every refusal: the ``record`` plugins and the audit."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Protocol

from daypass.backends.calls import check_silent, named
from daypass.errors import AuditError, PluginError

if TYPE_CHECKING:
    from daypass.hookspecs.events import SigningEvent

__all__ = ["Listener", "Recorder", "record"]

#: The plugins that are asked, or told, of an event.
Listener = Callable[["SigningEvent"], object]


class Recorder(Protocol):
    """Who is told: an audit, or the ``record`` plugins as if they were one."""

    def record(self, event: SigningEvent, /) -> object:
        """Record one event; whatever is answered but None is a fault."""


def record(event: SigningEvent, recorders: Iterable[Recorder]) -> None:
    """Tell of links that are about to leave, or were refused.

    Raises:
        AuditError: if one of those who are told raises; then no link leaves.

    """
    try:
        for sink in recorders:
            check_silent("record", sink.record(event))
    except Exception as error:
        what = (
            "could not be recorded, so it was not handed out"
            if event.decision == "allowed"
            else "was refused, and that could not be recorded"
        )
        why = str(error) if isinstance(error, (AuditError, PluginError)) else named(error)
        msg = f"the {event.method} link for {event.path} {what}: {why}"
        raise AuditError(msg) from error
