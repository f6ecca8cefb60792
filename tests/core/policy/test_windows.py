"""A moving window counts as that of the library ``limits`` does, by the second."""

from __future__ import annotations

from types import SimpleNamespace
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daypass.policy.windows import Windows
from tests.core.policy.conftest import Clock

STEPS = st.lists(
    st.tuples(st.integers(0, 40), st.integers(1, 4), st.sampled_from("ab")), max_size=60
)


@given(steps=STEPS, limit=st.integers(0, 8))
def test_in_whole_seconds_a_window_is_that_of_limits(steps, limit):
    from limits.storage import MemoryStorage, memory

    ticks = Clock(0.0)
    windows = Windows(ticks)
    with mock.patch.object(memory, "time", SimpleNamespace(time=ticks)):
        theirs = MemoryStorage()
        theirs.timer.join()
        # Its thread, which clears up, goes by the same clock and would come at any time.
        theirs.timer = SimpleNamespace(is_alive=lambda: True)
        for wait, count, key in steps:
            ticks.now += wait
            allowed = theirs.acquire_entry(key, limit, 60, count)
            assert windows.take(key, limit, count) is allowed


@given(steps=STEPS, limit=st.integers(1, 8))
def test_after_the_wait_there_is_room_and_a_second_before_there_is_none(steps, limit):
    ticks = Clock(0.0)
    windows = Windows(ticks)
    for passed, count, key in steps:
        ticks.now += passed
        if windows.take(key, limit, count):
            continue
        wait = windows.wait(key, limit, count)
        assert (wait is None) is (count > limit)
        if wait is not None:
            ticks.now += wait - 1
            assert not windows.take(key, limit, count)
            ticks.now += 1
            assert windows.wait(key, limit, count) == 0
            assert windows.take(key, limit, count)


def test_what_is_taken_back_leaves_its_room():
    ticks = Clock(0.0)
    windows = Windows(ticks)
    assert windows.take("k", 3, 2)
    ticks.now += 5
    assert windows.take("k", 3, 1)
    windows.take_back("k", 1)
    assert windows.count("k") == 2
    assert windows.take("k", 3, 1)


@pytest.mark.parametrize(("after", "count"), [(59.9, 1), (60.9, 1), (61.0, 0)])
def test_a_window_is_a_minute_and_up_to_a_second_more(after, count):
    ticks = Clock(100.0)
    windows = Windows(ticks)
    windows.take("k", 1, 1)
    ticks.now += after
    assert windows.count("k") == count


def test_a_window_holds_one_number_for_each_second():
    ticks = Clock(0.0)
    windows = Windows(ticks)
    for _ in range(100_000):
        ticks.now += 0.01
        windows.take("k", 10**9, 1)
    assert len(windows._windows["k"].seconds) <= 62


def test_keys_that_hold_nothing_are_swept_away():
    ticks = Clock(0.0)
    windows = Windows(ticks)
    for number in range(20_000):
        ticks.now += 1
        assert windows.take(str(number), 5, 1)
    assert len(windows._windows) <= 2048
