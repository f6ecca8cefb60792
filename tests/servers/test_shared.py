"""What shares the servers of other tests between workers."""

import contextlib
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.servers import shared

EVENTS = []


@contextlib.contextmanager
def serve(number):
    EVENTS.append(f"{number} begun")
    yield f"server {number}"
    EVENTS.append(f"{number} ended")


def fail():
    msg = "no server today"
    raise OSError(msg)


@pytest.fixture
def owner(monkeypatch):
    EVENTS.clear()
    kinds = {
        "one": (__name__, "serve", {"number": 1}),
        "two": (__name__, "serve", {"number": 2}),
        "none": (__name__, "fail", {}),
    }
    monkeypatch.setattr(shared, "KINDS", kinds)
    made = shared._Owner()
    yield made
    made.close()


def test_it_is_started_once_however_many_ask_and_ended_with_the_run(owner):
    port = owner.listen()
    assert owner.listen() == port
    assert EVENTS == []
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: shared._ask(port, "one"), range(8)))
    assert answers == ["server 1"] * 8
    assert shared._ask(port, "two") == "server 2"
    assert EVENTS == ["1 begun", "2 begun"]
    owner.close()
    assert EVENTS == ["1 begun", "2 begun", "2 ended", "1 ended"]


def test_why_it_does_not_start_is_told(owner):
    assert shared._ask(owner.listen(), "none") == shared._Failure("no server today")


def test_a_run_without_workers_needs_no_port(owner):
    assert owner.answer("one") == "server 1"
