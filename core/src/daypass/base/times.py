"""Spans and moments as daypass accepts them, and as it says them: whole seconds, aware and in UTC."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from operator import index

from daypass.errors import InvalidExpiryError, InvalidRequestError

__all__ = [
    "LONGEST",
    "Duration",
    "apart",
    "epoch",
    "exactly",
    "http_date",
    "in_utc",
    "moment",
    "rfc3339",
    "seconds",
    "span",
    "timestamp",
    "until",
    "utc",
    "utc_or_text",
]

_HINT = "give seconds, a timedelta or text such as '15m', '1h30m' or '7d'"

Duration = int | float | timedelta | str

#: No link lives longer than this, whatever the backend: ten years, in seconds.
LONGEST = 10 * 366 * 86_400

_UNITS = {"w": 604_800, "d": 86_400, "h": 3600, "m": 60, "s": 1}
_WORDS = {"day": 86_400, "hour": 3600, "minute": 60, "second": 1}
_TEXT = re.compile(
    r"(?:(?P<w>\d{1,9})w)?(?:(?P<d>\d{1,9})d)?(?:(?P<h>\d{1,9})h)?"
    r"(?:(?P<m>\d{1,9})m)?(?:(?P<s>\d{1,9})s)?",
    re.ASCII,
)


def seconds(value: Duration, option: str) -> int:
    """Read a duration as whole seconds.

    >>> seconds("1h30m", "expires_in"), seconds(90.0, "expires_in")
    (5400, 90)

    Raises:
        InvalidExpiryError: for anything that is not a positive, whole, finite number of seconds.

    """
    if type(value) is int:
        count: int | float = value
    elif value is None or isinstance(value, (bool, datetime)):
        msg = f"{option} is a duration, not a {type(value).__name__}: {_HINT}"
        raise InvalidExpiryError(msg, option=option)
    elif isinstance(value, timedelta):
        count = timedelta.total_seconds(value)
    elif isinstance(value, str):
        count = _read(str.__str__(value), option)
    elif isinstance(value, float):
        count = float.__float__(value)
    else:
        try:
            count = index(value)
        except Exception:  # noqa: BLE001 - whatever a stranger's __index__ raises
            msg = f"{option} is a duration, not a {type(value).__name__}: {_HINT}"
            raise InvalidExpiryError(msg, option=option) from None
    # Integers are compared first: the huge ones can become neither floats nor text.
    if count <= 0 or (isinstance(count, float) and not math.isfinite(count)):
        shown = "a negative number" if count < -LONGEST else f"{count:.6g}"
        msg = f"{option} must be a positive number of seconds, not {shown}: {_HINT}"
        raise InvalidExpiryError(msg, option=option)
    if count > LONGEST:
        msg = (
            f"{option} is above {LONGEST} seconds (ten years), which looks like a moment and not "
            "a duration: give a moment as expires_at, an aware datetime"
        )
        raise InvalidExpiryError(msg, option=option)
    whole = int(count)
    if whole != count:
        msg = f"{option} must be whole seconds, not {count:.6g}: signatures hold no fractions"
        raise InvalidExpiryError(msg, option=option)
    return whole


def _read(text: str, option: str) -> int:
    if re.fullmatch(r"\d{1,18}", text, re.ASCII):
        return int(text)
    match = _TEXT.fullmatch(text)
    if match is None or not text:
        msg = f"{option} {text[:40]!r} is not a duration: {_HINT}"
        raise InvalidExpiryError(msg, option=option)
    return sum(int(match[unit] or 0) * size for unit, size in _UNITS.items())


def utc(value: datetime, option: str) -> datetime:
    """Return an aware datetime in UTC, cut to the second.

    Raises:
        InvalidExpiryError: for a naive datetime, another type, or a moment outside 1970-9999.

    """
    if not isinstance(value, datetime):
        msg = f"{option} must be an aware datetime, not a {type(value).__name__}"
        raise InvalidExpiryError(msg, option=option)
    outside = f"{option} lies outside the years 1970 to 9999"
    try:
        naive = value.utcoffset() is None
        found = value if naive else value.astimezone(UTC)
        # Built anew: a subclass may keep nanoseconds, or write itself in its own way.
        moment = datetime(
            found.year, found.month, found.day, found.hour, found.minute, found.second, tzinfo=UTC
        )
    except OverflowError:
        raise InvalidExpiryError(outside, option=option) from None
    except Exception:  # noqa: BLE001 - whatever a stranger's time zone or not-a-time raises
        msg = f"{option} is a {type(value).__name__} from which no moment can be read"
        raise InvalidExpiryError(msg, option=option) from None
    if naive:
        msg = f"{option} has no time zone, so it names no moment: use datetime.now(UTC) or replace(tzinfo=UTC)"
        raise InvalidExpiryError(msg, option=option)
    if moment.year < 1970:  # noqa: PLR2004 - the epoch; signatures count from it
        raise InvalidExpiryError(outside, option=option)
    return moment


def utc_or_text(value: datetime | str | None, option: str) -> datetime | None:
    """Return an aware datetime, or one in ISO 8601 text such as configuration holds, in UTC.

    >>> utc_or_text("2026-01-01T09:30:00+01:00", "credentials_expire_at")
    datetime.datetime(2026, 1, 1, 8, 30, tzinfo=datetime.timezone.utc)

    Raises:
        InvalidRequestError: for text that is none.
        InvalidExpiryError: as `utc` does.

    """
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            msg = f"{option} must be a moment as ISO 8601, such as 2026-12-01T09:30Z, or an aware datetime"
            raise InvalidRequestError(msg, option=option) from None
        if value.tzinfo is None:
            msg = f"{option} has no time zone: append Z for UTC, or an offset such as +01:00"
            raise InvalidExpiryError(msg, option=option)
    return None if value is None else utc(value, option)


def span(seconds: float) -> str:
    """Say a span of time by its two largest units; from ten minutes on, to the minute.

    >>> span(5400), span(3599.4), span(61), span(0.2)
    ('1 hour 30 minutes', '1 hour', '1 minute 1 second', '1 second')
    """
    step = 60 if seconds >= 595 else 1  # noqa: PLR2004 - five seconds below ten minutes
    left = max(1, round(seconds / step) * step)
    parts: list[str] = []
    for unit, size_of_unit in _WORDS.items():
        count, left = divmod(left, size_of_unit)
        if count:
            parts.append(f"{count} {unit}" + ("s" if count != 1 else ""))
        elif parts:
            break
    return " ".join(parts[:2])


def exactly(seconds: int) -> str:
    """Say a whole number of seconds by the largest unit that measures it out.

    >>> exactly(7_776_000), exactly(129_600), exactly(61), exactly(1)
    ('90 days', '36 hours', '61 seconds', '1 second')
    """
    unit, size = next(one for one in _WORDS.items() if seconds % one[1] == 0)
    count = seconds // size
    return f"{count} {unit}" + ("s" if count != 1 else "")


def apart(moment: datetime, now: datetime) -> str:
    """Say a moment relative to now.

    >>> apart(datetime(2026, 1, 1, 9, tzinfo=UTC), datetime(2026, 1, 1, 12, tzinfo=UTC))
    '3 hours ago'
    """
    left = (moment - now).total_seconds()
    return f"in {span(left)}" if left > 0 else f"{span(-left)} ago"


def until(end: datetime, now: datetime) -> str:
    """Say a moment in UTC and relative to now."""
    return f"{in_utc(end)}, {apart(end, now)}"


def in_utc(moment: datetime) -> str:
    """Write an aware moment for people, to the second and in UTC: in messages, on cards and pages, and in mails alike.

    >>> in_utc(datetime(2026, 11, 23, 12, tzinfo=UTC))
    '2026-11-23 12:00:00 UTC'
    """
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def moment(text: object) -> datetime | None:
    """Read an ISO 8601 moment in UTC as policies write it; None for anything else."""
    if not isinstance(text, str) or len(text) > 40:  # noqa: PLR2004 - with fractions and offset
        return None
    try:
        value = datetime.fromisoformat(text)
        return value.replace(tzinfo=UTC) if value.utcoffset() is None else value.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def http_date(text: object) -> datetime | None:
    """Read a moment as HTTP's headers write it (RFC 9110, section 5.6.7); None for anything else.

    >>> http_date("Sun, 06 Nov 1994 08:49:37 GMT")
    datetime.datetime(1994, 11, 6, 8, 49, 37, tzinfo=datetime.timezone.utc)
    """
    if not isinstance(text, str) or len(text) > 40:  # noqa: PLR2004 - the longest form has 33
        return None
    from email.utils import parsedate_to_datetime

    try:
        value = parsedate_to_datetime(text)
        return value.replace(tzinfo=UTC) if value.utcoffset() is None else value.astimezone(UTC)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def rfc3339(moment: datetime) -> str:
    """Write a moment in UTC for programs: as ISO 8601, and as RFC 3339 has it.

    >>> rfc3339(datetime(2026, 11, 23, 12, tzinfo=UTC))
    '2026-11-23T12:00:00Z'
    """
    return moment.isoformat().replace("+00:00", "Z")


def epoch(text: str | None) -> datetime | None:
    """Read seconds since 1970; None for anything else."""
    if text is None or not re.fullmatch(r"[0-9]{1,11}", text):
        return None
    try:
        return datetime.fromtimestamp(int(text), UTC)
    except (OverflowError, ValueError, OSError):
        return None


def timestamp(moment: datetime) -> str:
    """Write a moment in UTC as V4 does: ``YYYYMMDDTHHMMSSZ``."""
    return (
        f"{moment.year:04}{moment.month:02}{moment.day:02}T"
        f"{moment.hour:02}{moment.minute:02}{moment.second:02}Z"
    )
