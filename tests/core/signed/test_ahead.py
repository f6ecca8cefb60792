"""What is read ahead: little where a reader jumps, and more the longer it reads on."""

from __future__ import annotations

import random

import pytest

from daypass.signed.ahead import GrowingAhead

DATA = random.Random(1).randbytes(1 << 20)
KIB = 1 << 10


@pytest.fixture
def asked():
    return []


@pytest.fixture
def cache(asked):
    def fetch(start, end):
        asked.append((start, end))
        return DATA[start:end]

    return GrowingAhead(256 * KIB, fetch, len(DATA))


def test_whoever_reads_on_is_read_ahead_of_twice_as_far_each_time_up_to_a_block(cache, asked):
    read = b"".join(cache._fetch(start, start + 8 * KIB) for start in range(0, len(DATA), 8 * KIB))
    assert read == DATA
    ends = [end // KIB for _, end in asked]
    assert ends == [72, 208, 472, 736, 1000, 1024]
    assert [start for start, _ in asked] == [0, *(end * KIB for end in ends[:-1])]


def test_whoever_jumps_is_read_ahead_of_by_64_kib(cache, asked):
    for start in (900 * KIB, 100 * KIB, 500 * KIB):
        assert cache._fetch(start, start + 10) == DATA[start : start + 10]
    assert [end - start for start, end in asked] == [64 * KIB + 10] * 3


def test_what_is_there_is_not_fetched_again(cache, asked):
    cache._fetch(0, 100)
    assert cache._fetch(50, 60 * KIB) == DATA[50 : 60 * KIB]
    assert len(asked) == 1


def test_of_what_is_there_in_part_the_rest_is_fetched(cache, asked):
    cache._fetch(0, 100)
    assert cache._fetch(10, 70 * KIB) == DATA[10 : 70 * KIB]
    assert asked[1][0] == 64 * KIB + 100


@pytest.mark.parametrize(
    ("start", "end"), [(0, None), (None, 5), (-5, None), (5, 5), (9, 3), (0, 1 << 30)]
)
def test_places_are_those_of_a_slice(cache, start, end):
    assert cache._fetch(start, end) == DATA[start:end]


def test_any_reads_give_what_is_there(cache):
    places = random.Random(2)
    for _ in range(300):
        start = places.randrange(len(DATA))
        end = start + places.choice([1, 100, 5000, 70_000])
        assert cache._fetch(start, end) == DATA[start:end]
