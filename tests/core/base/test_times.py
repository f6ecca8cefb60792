"""A duration is a positive, whole, finite number of seconds; a moment is aware and in UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from enum import IntEnum
from fractions import Fraction
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daypass.base.times import LONGEST, seconds, utc
from daypass.errors import InvalidExpiryError
from tests.core.fakes import Disguise, Hostile
from tests.each import each


class Numpyish:
    """An integer of another library."""

    def __index__(self) -> int:
        return 90


class Minutes(IntEnum):
    QUARTER = 900


@pytest.mark.parametrize(
    ("expected", "value"),
    [
        (1, 1),
        (90, 90.0),
        (90, Numpyish()),
        (900, Minutes.QUARTER),
        (900, "15m"),
        (900, Disguise("15m")),
        (5400, "1h30m"),
        (604_800, "7d"),
        (604_800, "1w"),
        (694_861, "1w1d1h1m1s"),
        (60, "60"),
        (60, "0h60s"),
        (604_800, timedelta(days=7)),
        (LONGEST, LONGEST),
    ],
    ids=count(),
)
def test_a_duration_is_read_as_whole_seconds(expected, value):
    result = seconds(value, "expires_in")
    assert result == expected
    assert type(result) is int


@each(
    "value",
    [
        0,
        -1,
        -5.5,
        0.5,
        1.0000001,
        float("nan"),
        float("inf"),
        float("-inf"),
        10**30,
        10**400,
        -(10**5000),
        LONGEST + 1,
        1_800_000_000,
        True,
        False,
        None,
        "",
        " 15m",
        "15m ",
        "15m\n",
        "15 m",
        "15M",
        "1h1h",
        "1m1h",
        "-5m",
        "+5m",
        "1.5h",
        "1e3",
        "0",
        "0s",
        "0x10",
        "\u0665m",
        "\u0665",
        "9" * 400,
        "999999999w",
        "P1D",
        "15 minutes",
        "\ud800",
        "1\0m",
        b"15m",
        bytearray(b"15"),
        timedelta(0),
        timedelta(seconds=-1),
        timedelta(milliseconds=1500),
        timedelta.max,
        timedelta.min,
        datetime(2026, 1, 1, tzinfo=UTC),
        datetime(2026, 1, 1),
        date(2026, 1, 1),
        Decimal(60),
        Fraction(60),
        60j,
        [60],
        {60},
        object(),
        Hostile(),
        int,
    ],
)
def test_anything_else_is_no_duration(value):
    with pytest.raises(InvalidExpiryError) as caught:
        seconds(value, "expires_in")
    assert "expires_in" in str(caught.value)
    assert caught.value.option == "expires_in"


def test_an_epoch_given_as_duration_is_told_to_be_a_moment():
    with pytest.raises(InvalidExpiryError, match="expires_at"):
        seconds(1_800_000_000, "expires_in")


@given(st.integers() | st.floats() | st.text() | st.timedeltas() | st.decimals() | st.none())
def test_any_value_gives_whole_seconds_within_the_limit_or_an_error(value):
    try:
        result = seconds(value, "expires_in")
    except InvalidExpiryError:
        return
    assert type(result) is int
    assert 1 <= result <= LONGEST


@given(st.integers(1, LONGEST))
def test_every_way_to_write_a_number_of_seconds_means_the_same(number):
    days, rest = divmod(number, 86_400)
    hours, rest = divmod(rest, 3600)
    minutes, rest = divmod(rest, 60)
    ways = (
        number,
        float(number),
        str(number),
        f"{number}s",
        f"{days}d{hours}h{minutes}m{rest}s",
        timedelta(seconds=number),
    )
    assert {number} == {seconds(way, "x") for way in ways}


class NotATime(datetime):
    """What pandas.NaT is: a datetime that raises when it is asked for its zone."""

    def utcoffset(self) -> timedelta:
        msg = "NaTType does not support utcoffset"
        raise ValueError(msg)


class Nanoseconds(datetime):
    """What pandas.Timestamp is: a datetime that writes and replaces in its own way."""

    def astimezone(self, tz: tzinfo | None = None) -> Nanoseconds:
        return Nanoseconds(2026, 1, 1, 12, 0, 0, 999, tzinfo=tz)

    def __format__(self, spec: str) -> str:
        return "disguised"


class HostileZone(tzinfo):
    def utcoffset(self, moment: datetime | None) -> timedelta:
        msg = "hostile"
        raise KeyError(msg)


@pytest.mark.parametrize(
    ("expected", "value"),
    [
        (datetime(2026, 1, 1, 12, tzinfo=UTC), datetime(2026, 1, 1, 12, tzinfo=UTC)),
        (
            datetime(2026, 1, 1, 12, tzinfo=UTC),
            datetime(2026, 1, 1, 14, 0, 0, 999_999, tzinfo=timezone(timedelta(hours=2))),
        ),
        (datetime(2026, 1, 1, 12, tzinfo=UTC), Nanoseconds(2026, 1, 1, 12, tzinfo=UTC)),
        (datetime(1970, 1, 1, tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_moment_becomes_a_plain_datetime_in_utc_cut_to_the_second(expected, value):
    result = utc(value, "expires_at")
    assert result == expected
    assert result.tzinfo is UTC
    assert type(result) is datetime


@pytest.mark.parametrize(
    "value",
    [
        datetime(2026, 1, 1),
        datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC),
        datetime.min.replace(tzinfo=timezone(timedelta(hours=14))),
        datetime.max.replace(tzinfo=timezone(timedelta(hours=-14))),
        NotATime(2026, 1, 1, tzinfo=UTC),
        datetime(2026, 1, 1, tzinfo=HostileZone()),
        date(2026, 1, 1),
        1_800_000_000,
        "2026-01-01T00:00:00Z",
        timedelta(1),
        b"",
        object(),
        Hostile(),
    ],
    ids=count(),
)
def test_anything_else_is_no_moment(value):
    with pytest.raises(InvalidExpiryError) as caught:
        utc(value, "expires_at")
    assert caught.value.option == "expires_at"


@given(st.datetimes(timezones=st.none() | st.timezones() | st.just(UTC)))
def test_any_datetime_is_the_same_moment_in_utc_or_an_error(value):
    try:
        result = utc(value, "expires_at")
    except InvalidExpiryError:
        assert value.tzinfo is None or value.year < 1971 or value.year == 9999
        return
    assert result == value.astimezone(UTC).replace(microsecond=0)
