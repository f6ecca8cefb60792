"""What a store's answer says of a link: its error in our words, what arrived, and how far its clock is off."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from daypass.base.messages import escaped
from daypass.base.times import span
from daypass.hookspecs.explanations import Explanation
from daypass.hookspecs.findings import Finding
from daypass.hookspecs.found import ErrorBody

__all__ = ["answered", "arrived_method", "clock_skew", "ended_before", "headers_to_send"]

#: Seconds. S3 refuses requests whose clock differs by more than a quarter of an hour.
_SKEW = 60


def answered(error: ErrorBody, said: str | None, *, who: str = "the store") -> Finding:
    """Say what an error means.

    >>> answered(ErrorBody(code="SlowDown", message=""), "try again, more slowly").message
    'the store answered SlowDown: try again, more slowly'

    Args:
        error: the error.
        said: what its code means and what to do; None for a code that nobody knows, whose message
            is then shown.
        who: who answered.

    """
    code = escaped(error.code, 60)
    if not code:
        said = "the answer names no error code: it may come from a proxy and not from the store"
    said = said or escaped(error.message, 200)
    why = f"{who} answered {code or 'without a code'}: {said}"
    return Finding("error", f"store-{code or 'unknown'}"[:60], why)


def arrived_method(details: Mapping[str, str]) -> list[Finding]:
    """Name the method that arrived, where a store returns with a mismatch what it would have signed.

    Args:
        details: of the error: ``CanonicalRequest`` of Version 4, or ``StringToSign`` of Version 2, which
            begin with the method.

    """
    arrived = details.get("CanonicalRequest", "")
    if "\n" not in arrived:
        arrived = details.get("StringToSign", "")
    method = arrived.partition("\n")[0]
    if not method.isalpha():
        return []
    why = f"what arrived was a {method[:10]} request: the link must have been signed for {method[:10]}"
    return [Finding("note", "arrived-method", why)]


def headers_to_send(link: Explanation) -> list[Finding]:
    """Name the headers that a link holds with only, where the answer does not say what arrived."""
    if not link.headers:
        return []
    why = f"this link holds only where {', '.join(sorted(link.headers))[:200]} arrive with the signed values: see its headers to send"
    return [Finding("note", "headers-to-send", why)]


def clock_skew(now: datetime, server: datetime) -> list[Finding]:
    """Compare this machine's clock with the store's, as its answer tells it."""
    difference = (now - server).total_seconds()
    if abs(difference) <= _SKEW:
        return []
    side = "ahead of" if difference > 0 else "behind"
    why = f"this machine's clock is {span(abs(difference))} {side} the store's (unless the answer is that old): set it by NTP"
    return [Finding("warning", "clock-skew", why)]


def ended_before(end: datetime | None, server: datetime) -> list[Finding]:
    """Say where a link had ended by the store's clock."""
    if end is None or server < end:
        return []
    why = f"by the store's clock the link had ended {span((server - end).total_seconds())} before"
    return [Finding("note", "ended-before", why)]
