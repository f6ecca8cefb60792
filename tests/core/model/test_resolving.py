"""A request is resolved against the clock: its start, its lifetime, its end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daypass.base.times import LONGEST
from daypass.errors import (
    InvalidExpiryError,
)
from daypass.model.options import DEFAULT_LIFETIMES
from daypass.model.requests import SignRequest
from tests.core.fakes import NOW


@pytest.mark.parametrize(("method", "lifetime"), DEFAULT_LIFETIMES.items())
def test_the_lifetime_depends_on_the_method_where_none_is_given(method, lifetime):
    resolved = SignRequest(method=method).resolve(NOW)
    assert {"GET": 3600, "HEAD": 3600, "LIST": 3600, "PUT": 900, "DELETE": 300}[method] == lifetime
    assert lifetime == resolved.expires_in
    assert NOW + timedelta(seconds=lifetime) == resolved.expires_at


def test_resolving_fixes_clock_lifetime_and_end_in_whole_seconds():
    resolved = SignRequest(expires_in="1h").resolve(NOW.replace(microsecond=999_999))
    assert (NOW, 3600, NOW + timedelta(hours=1)) == (
        resolved.signing_time,
        resolved.expires_in,
        resolved.expires_at,
    )


def test_resolving_leaves_the_request_as_it_was():
    request = SignRequest(expires_in=60)
    request.resolve(NOW)
    assert SignRequest(expires_in=60) == request
    assert request.signing_time is None


def test_signing_time_replaces_the_clock_in_every_comparison():
    past = datetime(2001, 1, 1, tzinfo=UTC)
    request = SignRequest(signing_time=past, expires_at=past + timedelta(minutes=1))
    assert request.resolve(NOW).expires_in == 60


@pytest.mark.parametrize("delta", [timedelta(0), timedelta(seconds=-1), timedelta(days=-9000)])
def test_an_end_that_is_not_after_the_signing_time_is_refused(delta):
    with pytest.raises(InvalidExpiryError):
        SignRequest(expires_at=NOW + delta).resolve(NOW)


def test_no_link_lives_longer_than_ten_years_however_it_is_asked_for():
    with pytest.raises(InvalidExpiryError):
        SignRequest(expires_at=NOW + timedelta(seconds=LONGEST + 1)).resolve(NOW)


def test_an_end_beyond_the_calendar_is_refused():
    with pytest.raises(InvalidExpiryError):
        SignRequest(expires_in="1d", signing_time=datetime(9999, 12, 31, tzinfo=UTC)).resolve(NOW)


def test_a_start_must_lie_before_the_end():
    with pytest.raises(InvalidExpiryError):
        SignRequest(starts_at=NOW + timedelta(minutes=5), expires_in="5m").resolve(NOW)


@given(
    st.integers(1, 7200),
    st.integers(1, 86_400),
    st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1), timezones=st.just(UTC)),
    st.integers(0, 10**6),
)
def test_within_one_bucket_all_requests_resolve_alike_and_no_link_is_born_dead(
    bucket, lifetime, moment, offset
):
    request = SignRequest(stable_for=bucket, expires_in=lifetime)
    if bucket >= lifetime:
        with pytest.raises(InvalidExpiryError):
            request.resolve(moment)
        return
    first = request.resolve(moment)
    start = first.signing_time
    assert start.timestamp() % bucket == 0
    assert start <= moment.replace(microsecond=0) < first.expires_at
    assert start + timedelta(seconds=lifetime) == first.expires_at
    assert request.resolve(start + timedelta(seconds=offset % bucket)) == first
    assert request.resolve(start + timedelta(seconds=bucket)) != first


def test_with_an_end_of_its_own_a_stable_link_still_ends_there():
    end = NOW + timedelta(hours=2)
    resolved = SignRequest(stable_for="1h", expires_at=end).resolve(NOW + timedelta(minutes=7))
    assert (NOW, 7200, end) == (resolved.signing_time, resolved.expires_in, resolved.expires_at)


def test_signing_time_says_which_bucket():
    request = SignRequest(stable_for=600, signing_time=NOW + timedelta(seconds=599))
    assert request.resolve(NOW + timedelta(days=1)).signing_time == NOW
