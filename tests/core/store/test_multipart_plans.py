"""How an object is cut into parts: within the store's limits, or refused."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daypass import InvalidRequestError, PartLimits
from daypass.hookspecs.parts import PartPlan, plan_parts
from tests.core.fakes import LIMITS
from tests.core.store.parts import Hostile, begin

pytestmark = pytest.mark.usefixtures("nothing_stored")


@given(
    st.integers(1, 1 << 62),
    st.none() | st.integers(1, 1 << 45),
    st.sampled_from(
        [
            PartLimits(min_part_size=5 << 20, max_part_size=5 << 30, max_parts=10_000, max_size=1 << 53),
            PartLimits(min_part_size=1, max_part_size=4000 << 20, max_parts=50_000, max_size=1 << 46),
        ]
    ),
)  # fmt: skip
def test_an_object_is_cut_within_the_limits_or_refused(size, part_size, limits):
    try:
        plan = plan_parts(size, part_size, limits, "fake")
    except InvalidRequestError as error:
        largest = min(limits.max_size, limits.max_parts * limits.max_part_size)
        wrong = {"size": size > largest, "part_size": part_size is not None}
        assert wrong[error.option]
        return
    assert plan.count <= limits.max_parts
    assert plan.part_size <= limits.max_part_size
    assert plan.part_size >= limits.min_part_size or plan.count == 1
    assert (plan.count - 1) * plan.part_size + plan.size_of(plan.count) == size
    assert 0 < plan.size_of(plan.count) <= plan.part_size


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (1, (16 << 20, 1)),
        (200 << 20, (16 << 20, 13)),
        (16 << 20, (16 << 20, 1)),
        (1 << 40, (105 << 20, 9987)),
    ],
)
def test_the_size_of_a_part_follows_from_the_objects(size, expected):
    limits = attrs.evolve(LIMITS, max_part_size=5 << 30, max_parts=10_000, max_size=1 << 50)
    plan = plan_parts(size, None, limits, "fake")
    assert (plan.part_size, plan.count) == expected


@pytest.mark.parametrize(
    "size",
    [0, -1, -(10**30), 1.0, True, "5", None, 10**30, 10**5000, 50_001, Hostile()],
    ids=range(11),
)
def test_a_size_is_a_positive_number_of_bytes_below_the_limit(uploader, size):
    with pytest.raises(InvalidRequestError) as caught:
        begin(size=size)
    assert caught.value.option == "size"
    assert uploader.seen == []


@pytest.mark.parametrize(
    "part_size", [0, -5, 9, 1001, True, 1.5, "10", 10**30, 10**5000, Hostile()], ids=range(10)
)
def test_a_part_size_is_within_the_limits(uploader, part_size):
    with pytest.raises(InvalidRequestError) as caught:
        begin(part_size=part_size)
    assert caught.value.option == "part_size"


def test_too_many_parts_are_refused(uploader):
    with pytest.raises(InvalidRequestError, match=r"makes 101 parts, and fake takes 100"):
        begin(size=1001, part_size=10)
    assert begin(size=1000, part_size=10).part_count == 100


def test_the_only_part_may_be_small(uploader):
    assert begin(size=3, part_size=5).part_count == 1


@pytest.mark.parametrize("number", [0, 4, -1, True, 1.0, "1", None, 10**30])
def test_there_are_the_parts_that_there_are(uploader, number):
    upload = begin()
    with pytest.raises(InvalidRequestError, match=r"parts 1 to 3") as caught:
        upload.part(number)
    assert caught.value.option == "number"


def test_a_plan_of_one_byte():
    assert (PartPlan(1, 10).count, PartPlan(1, 10).size_of(1)) == (1, 1)
