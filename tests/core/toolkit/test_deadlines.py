"""A deadline bounds a call that no socket timeout would stop."""

import threading
import time

import pytest

from daypass.errors import DeadlineError
from daypass.toolkit.deadlines import Deadline, at_once, check_may_wait


@pytest.fixture
def never():
    """What a call waits for in vain; at the end of the test it comes, and the thread ends."""
    event = threading.Event()
    yield event
    event.set()


def test_what_the_function_returns_or_raises_is_passed_on():
    assert Deadline.after(10).run(lambda: "answer", "asking") == "answer"
    with pytest.raises(KeyError):
        Deadline.after(10).run(lambda: {}["k"], "asking")


def test_a_call_that_does_not_end_is_left_behind(never):
    begin = time.monotonic()
    with pytest.raises(DeadlineError, match=r"^asking did not end within 0\.1 s$") as found:
        Deadline.after(0.1).run(never.wait, "asking")
    assert isinstance(found.value, TimeoutError)
    assert time.monotonic() - begin < 10


def test_a_cancelled_deadline_has_no_time_left(never):
    deadline = Deadline.after(1000)
    assert 999 < deadline.left <= 1000

    def work():
        deadline.cancel()
        never.wait()

    with pytest.raises(DeadlineError):
        deadline.run(work, "asking")
    assert deadline.left == 0


def test_who_goes_at_once_waits_for_nothing(never):
    begun = []
    with at_once:
        with pytest.raises(DeadlineError, match=r"^asking has to be waited for"):
            Deadline.after(1000).run(lambda: begun.append(never.wait()), "asking")
        with pytest.raises(DeadlineError, match=r"^a key has to be waited for"):
            check_may_wait("a key")
    assert not begun
    check_may_wait("a key")
    assert Deadline.after(10).run(lambda: "answer", "asking") == "answer"


def test_that_one_thread_waits_for_nothing_is_no_other_s_affair():
    with at_once:
        thread = threading.Thread(target=lambda: seen.append(check_may_wait("a key")))
        seen = []
        thread.start()
        thread.join()
    assert seen == [None]
