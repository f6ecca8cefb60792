"""What passes by itself is tried again, so often, and no longer than anybody waits for it."""

from __future__ import annotations

import threading
import time

import pytest

from daypass.errors import AccessDeniedError, DeadlineError, InvalidRequestError, StoreError
from daypass.transfer import retries
from daypass.transfer.retries import ChangedError, insist, is_temporary


class Failing:
    """Fails as often as it is told, and counts."""

    def __init__(self, *errors):
        self.errors = list(errors)
        self.calls = 0

    def __call__(self):
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"


def busy():
    return StoreError("busy", status=503)


@pytest.mark.parametrize("failures", range(4))
def test_it_is_called_as_often_as_it_takes_and_no_more_than_allowed(failures):
    call = Failing(*(busy() for _ in range(failures)))
    if failures < 3:
        assert insist(call, tries=3) == "done"
    else:
        with pytest.raises(StoreError, match="busy"):
            insist(call, tries=3)
    assert call.calls == min(failures + 1, 3)


@pytest.mark.parametrize(
    ("error", "temporary"),
    [
        (busy(), True),
        (StoreError("no connection"), True),
        (StoreError("slow", status=400, store_code="SlowDown"), True),
        (DeadlineError("silent"), True),
        (StoreError("no", status=403), False),
        (ChangedError("other"), False),
        (AccessDeniedError("no"), False),
        (InvalidRequestError("no"), False),
        (OSError("disk"), False),
    ],
)
def test_only_what_passes_by_itself_is_temporary(error, temporary):
    assert is_temporary(error) is temporary
    call = Failing(error)
    try:
        insist(call, tries=2)
    except Exception as raised:  # noqa: BLE001 - whatever it is
        assert raised is error
    assert call.calls == 1 + temporary


def test_pauses_end_when_they_are_told_to(monkeypatch):
    monkeypatch.setattr(retries, "_FIRST_PAUSE", 1000.0)
    monkeypatch.setattr(retries, "_LONGEST_PAUSE", 1000.0)
    stop = threading.Event()
    call = Failing(*(busy() for _ in range(9)))
    raised = []

    def work():
        try:
            insist(call, tries=9, stop=stop)
        except StoreError as error:
            raised.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    while not call.calls:
        time.sleep(0.001)
    stop.set()
    thread.join(30)
    assert not thread.is_alive()
    assert len(raised) == 1
    assert call.calls <= 2
