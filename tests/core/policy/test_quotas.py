"""Quotas: URLs per minute and live links, for each caller and each rule."""

from __future__ import annotations

import os
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

import daypass
from daypass import Quota
from daypass.errors import AuditError, PolicyError, QuotaError
from daypass.policy import Policy, Rule
from daypass.policy.counting import Excess, Reserved
from daypass.policy.quotas import Quotas
from tests.core.fakes import NOW, backend, plugin
from tests.core.policy.conftest import Clock

READ = {"name": "read", "paths": ["fake://bucket/**"], "methods": ["GET"]}
START = NOW.timestamp()


def sign(count=1, **options):
    options = {"signing_time": NOW, "expires_in": 600, **options}
    if count == 1:
        return daypass.create_signed_url("fake://bucket/a", **options)
    return daypass.create_signed_urls([f"fake://bucket/{n}" for n in range(count)], **options)


def exceeded(count=1, **options):
    with pytest.raises(QuotaError) as caught:
        sign(count, **options)
    assert isinstance(caught.value, PolicyError)
    return caught.value


def test_urls_per_minute_are_a_window_that_moves(fake, in_force, ticks):
    in_force({**READ, "per_rule": Quota(urls_per_minute=3)})
    sign(2)
    ticks.now += 30
    sign()
    error = exceeded()
    assert (error.rule, error.quota, error.limit, error.retry_after) == (
        *("read", "urls_per_minute", 3, 31),
    )
    assert "3 in 60 seconds, of which 0 are left; try again in 31 seconds" in str(error)
    ticks.now += error.retry_after
    sign(2)
    exceeded()
    assert len(fake.seen) == 5


def test_each_url_of_many_counts_and_more_than_the_quota_is_never_allowed(fake, in_force):
    in_force({**READ, "per_rule": Quota(urls_per_minute=3)})
    error = exceeded(4)
    assert error.retry_after is None
    assert "never allowed" in str(error)
    assert fake.seen == []
    sign(3)


def test_what_one_quota_of_a_minute_refuses_is_no_part_of_another(fake, in_force):
    in_force({**READ, "per_caller": Quota(urls_per_minute=2), "per_rule": Quota(urls_per_minute=3)})
    sign(2, caller="ann")
    exceeded(2, caller="bob")
    sign(caller="bob")
    assert "rule 'read'" in str(exceeded(caller="bob"))


def test_a_quota_of_none_at_all_takes_nothing_from_another(fake, in_force):
    none = Quota(urls_per_minute=0)
    in_force({**READ, "per_caller": Quota(urls_per_minute=1), "per_rule": none})
    for _ in range(2):
        assert (exceeded().limit, exceeded().retry_after) == (0, None)


def test_callers_have_quotas_of_their_own(fake, in_force):
    in_force({**READ, "per_caller": Quota(urls_per_minute=1)})
    for caller in ("ann", "bob", None):
        sign(caller=caller)
        assert str(exceeded(caller=caller)).count("caller")
    in_force(READ, per_caller=Quota(urls_per_minute=1))
    exceeded(caller="ann")


def test_a_callers_name_cannot_take_the_place_of_nobody(fake, in_force):
    in_force({**READ, "per_caller": Quota(urls_per_minute=1)})
    sign()
    for caller in ("None", "-", "", "+", "callers who are not named"):
        sign(caller=caller)


@pytest.mark.isolated
def test_live_links_free_their_place_when_they_end(fake, in_force, clock, ticks):
    in_force({**READ, "per_caller": Quota(live_links=3)})
    sign(2)
    sign(expires_in=60)
    error = exceeded()
    assert (error.quota, error.limit, error.retry_after) == ("live_links", 3, 60)
    clock.now, ticks.now = clock.now + 59, ticks.now + 59
    exceeded()
    clock.now, ticks.now = clock.now + 1, ticks.now + 1
    sign()
    assert exceeded(2).retry_after == 540


def test_what_does_not_leave_is_not_alive(registry_of, in_force):
    def record(event):
        if event.decision == "allowed":
            raise OSError

    registry_of({"fake": backend()}, [plugin(record=record)])
    in_force({**READ, "per_rule": Quota(live_links=1)})
    for _ in range(3):
        with pytest.raises(AuditError):
            sign()


def test_a_signing_time_does_not_dodge_a_quota(fake, in_force):
    from datetime import timedelta

    in_force({**READ, "per_rule": Quota(urls_per_minute=1, live_links=1)})
    sign()
    for hours in (-5, 5):
        exceeded(signing_time=NOW + timedelta(hours=hours))


def test_a_clock_that_goes_back_neither_opens_nor_closes_the_minute(fake, in_force, clock, ticks):
    in_force({**READ, "per_rule": Quota(urls_per_minute=1)})
    sign()
    clock.now -= 86_400
    exceeded()
    ticks.now += 61
    sign()


def test_collected_rows_name_the_quota(fake, in_force):
    in_force({**READ, "per_rule": Quota(urls_per_minute=1)})
    batch = sign(2, errors="collect")
    assert {type(error) for error in batch.errors.values()} == {QuotaError}
    assert len(batch.errors) == 2


def test_a_refusal_by_quota_is_recorded_and_names_no_row(registry_of, in_force):
    told = []

    def record(event):
        told.append(event)

    registry_of({"fake": backend()}, [plugin(record=record)])
    in_force({**READ, "per_rule": Quota(urls_per_minute=1)})
    error = exceeded(2)
    (event,) = told
    assert (event.decision, event.count, event.reason, event.rule) == (
        *("refused", 2, str(error), "read"),
    )
    assert error.row is None


def quotas(clock, ticks, **limits):
    rule = Rule(**READ, per_rule=Quota(**limits))
    return rule, Quotas(Policy(rules=[rule]), clock=clock, ticks=ticks)


def test_threads_never_take_more_than_there_is():
    rule, counted = quotas(Clock(START), Clock(0.0), urls_per_minute=50, live_links=60)
    taken = []

    def take():
        for _ in range(20):
            found = counted.reserve(rule, None, START + 60, 1)
            taken.append(isinstance(found, Reserved))

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (sum(taken), len(taken)) == (50, 160)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="only where there is fork")
def test_a_child_begins_without_the_parents_counts():
    rule, counted = quotas(Clock(START), Clock(0.0), live_links=1)
    assert isinstance(counted.reserve(rule, None, START + 60, 1), Reserved)
    child = os.fork()
    if not child:
        found = counted.reserve(rule, None, START + 60, 1)
        os._exit(0 if isinstance(found, Reserved) else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert isinstance(counted.reserve(rule, None, START + 60, 1), Excess)


STEPS = st.lists(
    st.tuples(st.integers(0, 40), st.integers(1, 4), st.integers(1, 90), st.booleans()), max_size=40
)


@given(steps=STEPS, limit=st.integers(0, 8))
def test_live_links_are_those_of_a_naive_list(steps, limit):
    clock, ticks = Clock(START), Clock(0.0)
    rule, counted = quotas(clock, ticks, live_links=limit)
    alive = []
    for wait, count, lifetime, leaves in steps:
        clock.now, ticks.now = clock.now + wait, ticks.now + wait
        alive = [end for end in alive if end > clock.now]
        found = counted.reserve(rule, None, clock.now + lifetime, count)
        assert isinstance(found, Reserved) is (len(alive) + count <= limit)
        if isinstance(found, Excess):
            assert found.left == limit - len(alive)
            if found.retry_after is not None:
                later = [end for end in alive if end > clock.now + found.retry_after]
                assert len(later) + count <= limit
        elif leaves:
            alive += [clock.now + lifetime] * count
        else:
            counted.release(found)


@pytest.mark.parametrize("step", [3600.0, 86_400.0, 0.5])
def test_a_clock_that_is_set_forward_and_back_forgets_no_live_link(step):
    clock, ticks = Clock(START + 0.25), Clock(7.75)
    rule, counted = quotas(clock, ticks, live_links=2)
    for _ in range(2):
        assert isinstance(counted.reserve(rule, None, clock.now + 600, 1), Reserved)
    clock.now += step
    found = counted.reserve(rule, None, clock.now + 600, 1)
    assert isinstance(found, Excess)
    assert 590 <= found.retry_after <= 601  # and not at once, or never
    clock.now -= step
    assert isinstance(counted.reserve(rule, None, clock.now + 600, 1), Excess)
    clock.now, ticks.now = clock.now + 601, ticks.now + 601
    for _ in range(2):
        assert isinstance(counted.reserve(rule, None, clock.now + 600, 1), Reserved)


def test_a_link_that_was_made_while_the_clock_was_ahead_counts_until_its_end():
    clock, ticks = Clock(START + 3600), Clock(0.0)
    rule, counted = quotas(clock, ticks, live_links=1)
    assert isinstance(counted.reserve(rule, None, clock.now + 60, 1), Reserved)
    clock.now, ticks.now = START + 61, 61.0
    found = counted.reserve(rule, None, clock.now + 60, 1)
    assert isinstance(found, Excess)
    assert found.retry_after == 3599
    clock.now, ticks.now = clock.now + 3599, ticks.now + 3599
    assert isinstance(counted.reserve(rule, None, clock.now + 60, 1), Reserved)


SET = st.lists(
    st.tuples(st.integers(0, 40), st.integers(-200, 200), st.integers(1, 90)), max_size=40
)


@given(steps=SET, limit=st.integers(1, 8))
def test_however_the_clock_is_set_no_more_live_than_the_quota(steps, limit):
    """What a link may live is counted from when it left, by a clock that nobody sets."""
    clock, ticks = Clock(START), Clock(0.0)
    rule, counted = quotas(clock, ticks, live_links=limit)
    alive = []
    for wait, jump, lifetime in steps:
        clock.now, ticks.now = clock.now + wait + jump, ticks.now + wait
        alive = [end for end in alive if end > ticks.now]
        if isinstance(counted.reserve(rule, None, clock.now + lifetime, 1), Reserved):
            alive.append(ticks.now + lifetime)
        assert len(alive) <= limit
    clock.now, ticks.now = clock.now + 10_000, ticks.now + 10_000
    assert isinstance(counted.reserve(rule, None, clock.now + 60, limit), Reserved)


@given(
    steps=st.lists(st.tuples(st.floats(0, 40), st.integers(1, 4)), max_size=40),
    limit=st.integers(1, 8),
)
def test_no_minute_holds_more_urls_than_the_quota(steps, limit):
    ticks = Clock(0.0)
    rule, counted = quotas(Clock(START), ticks, urls_per_minute=limit)
    taken = []
    for wait, count in steps:
        ticks.now += wait
        found = counted.reserve(rule, None, START + 60, count)
        recent = [at for at in taken if at > ticks.now - 60]
        if isinstance(found, Reserved):
            taken += [ticks.now] * count
            assert len(recent) + count <= limit
        else:
            slow = [at for at in taken if at > ticks.now - 62]
            assert len(slow) + count > limit
            assert found.retry_after is None or 1 <= found.retry_after <= 61


def test_memory_is_bounded_by_what_lives():
    clock, ticks = Clock(START), Clock(0.0)
    rule = Rule(**READ, per_caller=Quota(urls_per_minute=5, live_links=5))
    counted = Quotas(Policy(rules=[rule]), clock=clock, ticks=ticks)
    for n in range(20_000):
        clock.now += 1
        ticks.now += 1
        assert isinstance(counted.reserve(rule, str(n), clock.now + 60, 1), Reserved)
    assert len(counted._lives) <= 2048
    assert len(counted._windows._windows) <= 2048
