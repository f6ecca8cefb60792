"""A caller with groups is the caller's name, and cannot become another one."""

from __future__ import annotations

import copy
import pickle

import pytest

from daypass import Caller, InvalidRequestError
from daypass.model.callers import check_caller, groups_of
from tests.core.fakes import Disguise, Hostile


def test_a_caller_is_equal_to_the_name_and_hashes_as_it():
    ann = Caller("ann", groups=["analysts"])
    assert ann == "ann" == ann
    assert ann == Caller("ann") == Caller("ann", groups=["others"])
    assert hash(ann) == hash("ann")
    assert {ann: 1}["ann"] == 1
    assert (str(ann), f"{ann}", repr(ann)) == ("ann", "ann", "'ann'")
    assert type(str(ann)) is str


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ((), ()),
        (["b", "a", "b"], ("a", "b")),
        ({"b", "a"}, ("a", "b")),
        (frozenset({"a"}), ("a",)),
        ((Disguise("a"),), ("a",)),
        ([f"{number:04}" for number in range(1000)], tuple(f"{n:04}" for n in range(1000))),
    ],
    ids=range(6),
)
def test_groups_are_kept_in_order_and_each_once(given, kept):
    groups = Caller("ann", groups=given).groups
    assert groups == kept
    assert {type(group) for group in groups} <= {str}


@pytest.mark.parametrize(
    ("name", "groups"),
    [
        *((name, ()) for name in (None, 5, b"ann", ["ann"], "a" * 1025, Hostile())),
        *(
            ("ann", groups)
            for groups in (
                *(None, "analysts", b"analysts", 5, {"a": 1}, iter(["a"]), Hostile()),
                *([None], [5], [b"a"], ["a" * 1025], [["a"]], [Hostile()], [str(n) for n in range(1001)]),
            )
        ),
    ],
    ids=range(20),
)  # fmt: skip
def test_what_is_no_name_and_no_list_of_groups_is_refused(name, groups):
    with pytest.raises(InvalidRequestError) as caught:
        Caller(name, groups=groups)
    assert caught.value.option == "caller"
    assert len(str(caught.value)) < 200


def test_a_caller_cannot_be_changed():
    ann = Caller("ann", groups=["analysts"])
    for name in ("groups", "_groups", "other"):
        with pytest.raises(AttributeError):
            setattr(ann, name, ("admins",))
        with pytest.raises(AttributeError):
            delattr(ann, name)
    assert ann.groups == ("analysts",)
    assert not hasattr(ann, "__dict__")


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_caller_travels_with_its_groups(protocol):
    ann = Caller("ann", groups=["analysts"])
    for again in (pickle.loads(pickle.dumps(ann, protocol)), copy.copy(ann), copy.deepcopy(ann)):
        assert (type(again), again, again.groups) == (Caller, "ann", ("analysts",))


def test_only_a_caller_itself_brings_groups():
    """Whatever else is text is its characters: its own words on groups are not asked."""

    class Boaster(str):
        __slots__ = ()
        groups = ("admins",)

    ann = Caller("ann", groups=["analysts"])
    assert check_caller(ann) is ann
    assert check_caller(None) is None
    assert type(check_caller(Boaster("ann"))) is str
    assert [groups_of(caller) for caller in (ann, Boaster("ann"), "ann", None)] == [
        ("analysts",), (), (), (),
    ]  # fmt: skip
