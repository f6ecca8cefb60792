"""The sinks of the audit in this process: the application's, and those of the configuration."""

from __future__ import annotations

import inspect
import logging
import threading

from daypass.audit.sink import AuditSink
from daypass.base.process import after_fork
from daypass.config import Config, Section, load
from daypass.config.in_force import Configured
from daypass.errors import InvalidRequestError

__all__ = ["add_audit", "remove_audit", "sinks"]

_log = logging.getLogger("daypass.audit.changes")
_lock = threading.Lock()
#: What `add_audit` has added: another list each time, since a link that is on its way keeps this one.
_application: list[AuditSink] = []


def add_audit(sink: AuditSink) -> None:
    """Record every link and every refusal of this process here too, before any link leaves.

    Args:
        sink: an `AuditFile`, an `AuditLogger`, or anything with their method ``record``.

    Raises:
        InvalidRequestError: for what cannot record.

    """
    if isinstance(sink, type) or not callable(getattr(sink, "record", None)):
        msg = f"an audit has a method record(event), and a {type(sink).__name__} has none"
        raise InvalidRequestError(msg, option="sink")
    for fits in (
        inspect.iscoroutinefunction,
        inspect.isgeneratorfunction,
        inspect.isasyncgenfunction,
    ):
        if fits(sink.record):
            msg = f"record of a {type(sink).__name__} would never run: write a plain function, which returns when the event is on record"
            raise InvalidRequestError(msg, option="sink")
    global _application  # noqa: PLW0603 - for the whole process
    with _lock:
        _application = [*_application, sink]


def remove_audit(sink: AuditSink) -> None:
    """Stop recording here. Who does not hold the sink cannot remove it.

    Raises:
        InvalidRequestError: for what was never added.

    """
    global _application  # noqa: PLW0603 - for the whole process
    with _lock:
        left = [other for other in _application if other is not sink]
        if len(left) == len(_application):
            msg = "this audit was not added, so it cannot be removed"
            raise InvalidRequestError(msg, option="sink")
        _log.warning("an audit of this process was removed")
        _application = left


def sinks(config: Config | None = None) -> list[AuditSink]:
    """Return the sinks in force; each must have recorded a link before it leaves.

    Args:
        config: the configuration, where it has been loaded for this link.

    Raises:
        ConfigError: if the configuration cannot be read: then nothing is signed.

    """
    config = config or load()
    return _application if config.audit is None else [*_application, *_configured(config)]


def _of_section(section: Section) -> list[AuditSink]:
    from daypass.audit.from_config import audits_of

    return audits_of(section)


_configured = Configured(lambda config: config.audit, _of_section)


@after_fork
def _begin() -> None:
    """Begin with a lock that no thread of the parent holds; what is in force stays so."""
    global _lock  # noqa: PLW0603 - a lock that another process has closed stays closed
    _lock = threading.Lock()
