"""What a store answered: its XML error, read as data from a stranger."""

from __future__ import annotations

from datetime import datetime

import attrs

from daypass.durations import span
from daypass.errors import InvalidRequestError
from daypass.reading.findings import Finding

__all__ = ["ErrorBody", "clock_skew", "parse_error"]

#: Bytes. Stores answer with a few hundred.
_LONGEST = 1 << 20
_LONGEST_TEXT = 10_000
#: Seconds. S3 refuses requests whose clock differs by more than a quarter of an hour.
_SKEW = 60


@attrs.frozen(kw_only=True)
class ErrorBody:
    """A store's error, whatever the store: the elements of its XML by name."""

    #: Such as ``"AccessDenied"``; empty where the answer names none.
    code: str
    message: str = attrs.field(repr=False)
    #: All elements that hold text, the first of each name.
    details: dict[str, str] = attrs.field(factory=dict, repr=lambda details: repr(list(details)))


def parse_error(body: str | bytes) -> ErrorBody:
    """Read an error body.

    Raises:
        InvalidRequestError: for what is no XML, or holds a document type (entities may hide there).

    """
    if not isinstance(body, (str, bytes)):
        msg = f"error must be the text or bytes of a store's answer, not {type(body).__name__}"
        raise InvalidRequestError(msg, option="error")
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import ParseError, fromstring

    if len(body) > _LONGEST:
        msg = f"error has more than {_LONGEST} bytes, which no store's error has: is it the object itself?"
        raise InvalidRequestError(msg, option="error")
    text = body.lstrip("\ufeff \t\r\n") if isinstance(body, str) else body.lstrip(b" \t\r\n")
    try:
        root = fromstring(text, forbid_dtd=True)
    except DefusedXmlException:
        msg = "error holds a document type, which no store sends and where entities may hide: it is not read"
        raise InvalidRequestError(msg, option="error") from None
    except (ParseError, ValueError, LookupError):
        msg = "error is not the XML that stores answer with: save the body of the answer, without its headers"
        raise InvalidRequestError(msg, option="error") from None
    details: dict[str, str] = {}
    for element in root.iter():
        name = str(element.tag).rpartition("}")[2]  # without a namespace
        if element.text and element.text.strip():
            details.setdefault(name, element.text.strip()[:_LONGEST_TEXT])
    return ErrorBody(
        code=details.get("Code", ""), message=details.get("Message", ""), details=details
    )


def clock_skew(now: datetime, server: datetime) -> list[Finding]:
    """Compare this machine's clock with the store's, as its answer tells it."""
    difference = (now - server).total_seconds()
    if abs(difference) <= _SKEW:
        return []
    side = "ahead of" if difference > 0 else "behind"
    why = f"this machine's clock is {span(abs(difference))} {side} the store's (unless the answer is that old): set it by NTP"
    return [Finding("warning", "clock-skew", why)]
