"""Whose frames lose their local variables where an error leaves daypass, and which generators still go on."""

from __future__ import annotations

import traceback
from types import ModuleType

import pytest

from daypass.base.tracebacks import discreet
from daypass.errors import DaypassError

ROWS = """
def rows():
    for n in range(3):
        try:
            raise KeyError(n)
        except KeyError as error:
            yield error

async def arows():
    for error in rows():
        try:
            raise error
        except KeyError as error:
            yield error
"""
FAIL = """
def fail():
    secret = "Pl4nted"
    raise KeyError(secret)
"""


def module(name, text):
    made = ModuleType(name)
    exec(text, vars(made))
    return made


@discreet
def refuse(cause=None):
    raise DaypassError from cause


def kept(error):
    """Return the secrets in the frames of a function `fail`."""
    return [
        frame.f_locals.get("secret")
        for frame, _ in traceback.walk_tb(error.__traceback__)
        if frame.f_code.co_name == "fail"
    ]


@pytest.mark.parametrize("name", ["daypass_pipeline", "daypass.made"])
def test_a_generator_goes_on_whose_error_was_being_handled(name):
    seen = []
    for error in module(name, ROWS).rows():
        seen.append(error.args)
        try:
            raise error
        except KeyError:
            with pytest.raises(DaypassError):
                refuse()
    assert seen == [(0,), (1,), (2,)]


def test_a_generator_goes_on_whose_error_is_a_cause():
    seen = []
    for error in module("daypass.made", ROWS).rows():
        seen.append(error.args)
        with pytest.raises(DaypassError):
            refuse(error)
    assert seen == [(0,), (1,), (2,)]


def test_an_async_generator_goes_on_too():
    rows = module("daypass.made", ROWS).arows()
    for n in range(3):
        with pytest.raises(StopIteration) as stopped:
            rows.__anext__().send(None)
        error = stopped.value.value
        assert error.args == (n,)
        with pytest.raises(DaypassError):
            refuse(error)


def test_what_was_being_handled_keeps_its_variables():
    with pytest.raises(KeyError) as handled:
        module("daypass.made", FAIL).fail()
    try:
        raise handled.value
    except KeyError:
        with pytest.raises(DaypassError):
            refuse()
    assert kept(handled.value) == ["Pl4nted"]


@pytest.mark.parametrize(
    ("name", "left"),
    [("daypass", None), ("daypass.made", None), ("daypass_pipeline", "Pl4nted"), ("daypasses", "Pl4nted")],
)  # fmt: skip
def test_only_frames_of_the_package_itself_lose_theirs(name, left):
    with pytest.raises(KeyError) as caught:
        discreet(module(name, FAIL).fail)()
    assert kept(caught.value) == [left]


def test_a_generator_that_ended_where_it_yielded_loses_its_variables():
    made = module("daypass.made", "def fail():\n    secret = 'Pl4nted'\n    yield secret\n")

    @discreet
    def inside():
        suspended = made.fail()
        next(suspended)
        suspended.throw(KeyError())

    with pytest.raises(KeyError) as caught:
        inside()
    assert kept(caught.value) == [None]
