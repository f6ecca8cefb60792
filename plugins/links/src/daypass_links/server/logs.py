"""Logs: a line of JSON for each, on stderr. What is secret is never given to them: links are told by their IDs."""

from __future__ import annotations

import sys

import structlog

__all__ = ["log", "log_as_json"]

#: The service's logger.
log = structlog.get_logger("daypass.links")


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
