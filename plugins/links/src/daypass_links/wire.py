"""What client and service both know: names on the wire, and how errors are told there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from daypass import errors
from daypass.base.times import rfc3339
from daypass.errors import DaypassError
from daypass.model.options import CONDITIONS, LISTING_ONLY
from daypass.model.requests import SignRequest

__all__ = [
    "DIGEST",
    "NEVER",
    "PROBLEM",
    "SCOPES",
    "STATES",
    "USAGE_BY",
    "error_of",
    "name_of",
    "options_of",
]

#: The media type of errors (RFC 9457).
PROBLEM = "application/problem+json"
#: What an API key may be for.
SCOPES = ("links:read", "links:write", "sign", "admin")
#: What a link can be: used as often as it may be, say.
STATES = ("alive", "not_yet", "ended", "used_up", "revoked", "suspended")
#: What usage is added up by.
USAGE_BY = ("link", "owner", "path", "day")
#: What a link's name begins with that is no ID, but the SHA-256 of its token, in hex: for whoever has the URL alone.
DIGEST = "sha256:"
#: A link, or its page; what follows is a key, and may look like one.
_URL = re.compile(r"https?://.*?/[lp]/([A-Za-z0-9_-]{22})(?:/.*)?", re.DOTALL | re.IGNORECASE)
#: Options that a link which lives on is no place for: their values would be kept, hold for one moment alone, or are for a
#: POST, which no link answers.
NEVER = frozenset(
    {
        "copy_source",
        "encryption_key",
        "headers",
        "query",
        "resumable",
        "signing_time",
        "stable_for",
        *LISTING_ONLY,
    }
)

#: Errors by their word on the wire.
_ERRORS: dict[str, type[DaypassError]] = {
    error.code: error
    for error in vars(errors).values()
    if isinstance(error, type) and issubclass(error, DaypassError)
}
# The service's own word for one of them.
_ERRORS["suspended"] = errors.RefusedError


def name_of(link: str) -> str | None:
    """Return by which name a service knows a link, as a segment of a path; None for what is none.

    A URL is not sent anywhere, since it opens something, and may be another service's; what the service keeps of its token is.

    >>> name_of("lnk_0a1b")
    'lnk_0a1b'
    >>> name_of("https://links.example/l/8w2Zk3NfQ0aYx7LmP4sT1A")[:18]
    'sha256:d42ebabd135'

    Args:
        link: its ID, its URL, or that of its page, which the URL of an inbox is.

    """
    if link.startswith("lnk_"):
        return quote(link, safe="")
    found = _URL.fullmatch(link.partition("?")[0].partition("#")[0])
    return f"{DIGEST}{sha256(found[1].encode()).hexdigest()}" if found else None


def options_of(request: SignRequest) -> dict[str, Any]:
    """Return what a request asks of a link besides its end, as JSON has it.

    >>> options_of(SignRequest(method="PUT", content_type="text/csv", if_absent=True))
    {'method': 'PUT', 'content_type': 'text/csv', 'if_absent': True}
    """
    asked = {name: getattr(request, name) for name in sorted(request.conditions & CONDITIONS)}
    asked.pop("signing_time", None)
    if not request.strict:
        asked["strict"] = False
    if request.allow_dot_segments:
        asked["allow_dot_segments"] = True
    return {"method": request.method, **{name: _plain(value) for name, value in asked.items()}}


def _plain(value: Any) -> Any:
    return rfc3339(value) if isinstance(value, datetime) else value


def error_of(problem: Mapping[str, Any], address: str) -> DaypassError | None:
    """Return the error that a problem tells, with the service's own words; None where it is none of ours.

    Args:
        problem: the object of problem+json.
        address: of the service that answered.

    """
    kind = _ERRORS.get(str(problem.get("code")))
    detail = problem.get("detail")
    if kind is None or not isinstance(detail, str):
        return None
    said = f"{address} answered: {detail}"
    option = problem.get("option")
    option = option if isinstance(option, str) else None
    if issubclass(kind, errors.UnsupportedOptionError):
        return kind(said, option=option, backend="links")
    if issubclass(kind, errors.InvalidRequestError):
        return kind(said, option=option)
    return kind(said)
