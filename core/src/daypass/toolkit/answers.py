"""What a store's answer tells beside its error: how far its clock is from ours."""

from __future__ import annotations

from datetime import datetime

from daypass.base.times import span
from daypass.hookspecs.findings import Finding

__all__ = ["clock_skew"]

#: Seconds. S3 refuses requests whose clock differs by more than a quarter of an hour.
_SKEW = 60


def clock_skew(now: datetime, server: datetime) -> list[Finding]:
    """Compare this machine's clock with the store's, as its answer tells it."""
    difference = (now - server).total_seconds()
    if abs(difference) <= _SKEW:
        return []
    side = "ahead of" if difference > 0 else "behind"
    why = f"this machine's clock is {span(abs(difference))} {side} the store's (unless the answer is that old): set it by NTP"
    return [Finding("warning", "clock-skew", why)]
