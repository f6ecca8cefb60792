"""Errors as the service answers them: problem+json (RFC 9457) with a word for programs."""

from __future__ import annotations

from typing import Any

import msgspec

from daypass.errors import ConfigError, DaypassError, QuotaError
from daypass_links.server.logs import log
from daypass_links.wire import PROBLEM

__all__ = [
    "AGAIN",
    "PROBLEM",
    "MediaTypeError",
    "UnauthenticatedError",
    "body",
    "detail",
    "problem",
]

#: When to ask again where the service cannot do just now what was asked, in seconds.
AGAIN = 1
_TITLES = {
    400: "Bad request",
    401: "Not authenticated",
    403: "Refused",
    404: "Not found",
    405: "Method not allowed",
    410: "Gone",
    413: "Too large",
    415: "Unsupported media type",
    422: "Not supported",
    429: "Too many",
    500: "Internal error",
    501: "Not supported",
    502: "The store failed",
    503: "Not available",
}


class UnauthenticatedError(DaypassError, PermissionError):
    """There is no API key and no token, or none that is valid.

    Args:
        message: what to do.
        challenge: the header that says what is wanted (RFC 6750, section 3).

    """

    code = "unauthenticated"
    http_status = 401

    def __init__(self, message: str, challenge: str = "Bearer") -> None:
        super().__init__(message)
        self.challenge = challenge


class MediaTypeError(DaypassError, ValueError):
    """The body says that it is something else than what is read here."""

    code = "unsupported-media-type"
    http_status = 415


def problem(error: DaypassError) -> dict[str, Any]:
    """Return what is told of an error."""
    found = _told(error.http_status, error.code, detail(error))
    option = getattr(error, "option", None)
    if option is not None:
        found["option"] = option
    if isinstance(error, QuotaError) and error.retry_after is not None:
        found["retry_after"] = error.retry_after
    elif error.http_status == 503:  # noqa: PLR2004 - HTTP's own
        found["retry_after"] = AGAIN
    return found


def detail(error: DaypassError) -> str:
    """Return the words for whoever asked; what names the service's files and what is in them, its log says instead."""
    if not isinstance(error, ConfigError):
        return str(error)
    log.error("the configuration does not do what was asked", detail=str(error))
    return "the service cannot do this as it is configured: its log says why"


def body(status: int, code: str, detail: str) -> bytes:
    """Return the body of an answer that is no error of ours."""
    return msgspec.json.encode(_told(status, code, detail))


def _told(status: int, code: str, detail: str) -> dict[str, Any]:
    return {
        "type": f"urn:daypass:{code}",
        "title": _TITLES.get(status, "Error"),
        "status": status,
        "detail": detail,
        "code": code,
    }
