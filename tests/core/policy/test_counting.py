"""Somebody else counts, for several processes."""

from __future__ import annotations

import os

import attrs
import pytest

import daypass
from daypass import Quota
from daypass.errors import DeadlineError, InvalidRequestError, QuotaError, StoreError
from daypass.policy import Counted, Excess, Reserved, set_counter
from tests.core.fakes import NOW, backend, plugin

READ = {"name": "read", "paths": ["fake://bucket/**"], "methods": ["GET"]}
END = NOW.timestamp() + 600


@attrs.define
class Counter:
    """Counts as it is told."""

    answers: list = attrs.field(factory=list)
    asked: list = attrs.field(factory=list)
    released: list = attrs.field(factory=list)

    def reserve(self, quotas, end, count):
        self.asked.append((quotas, end, count))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def release(self, reserved):
        self.released.append(reserved)


@pytest.fixture
def counter():
    found = Counter()
    set_counter(found)
    yield found
    set_counter(None, replacing=found)


def sign(**options):
    return daypass.create_signed_url("fake://bucket/a", signing_time=NOW, expires_in=600, **options)


def test_it_is_asked_for_every_quota_of_a_link_at_once(fake, in_force, counter):
    rule = {**READ, "per_rule": Quota(live_links=1), "per_caller": Quota(urls_per_minute=2)}
    in_force(rule, per_caller=Quota(urls_per_minute=3))
    counter.answers = [Reserved((), 0, 1)] * 2
    sign(caller="ann")
    sign(caller="bob")  # in memory there would be one too many
    quotas, end, count = counter.asked[0]
    assert (end, count) == (END, 1)
    assert [*quotas] == [
        Counted("caller 'ann'", "application: caller +ann", Quota(urls_per_minute=3)),
        Counted(
            "caller 'ann' under rule 'read'",
            "application: both 'read' +ann",
            Quota(urls_per_minute=2),
        ),
        Counted("rule 'read'", "application: rule 'read'", Quota(live_links=1)),
    ]


def test_it_is_not_asked_of_a_link_without_a_quota(fake, in_force, counter):
    in_force(READ)
    sign()
    assert counter.asked == []


def test_its_refusal_is_a_quota_error(fake, in_force, counter):
    in_force({**READ, "per_rule": Quota(urls_per_minute=9)})
    counter.answers = [Excess("urls_per_minute", 9, "rule 'read'", 0, 17)]
    with pytest.raises(QuotaError, match="9 in 60 seconds, of which 0 are left") as caught:
        sign()
    assert (caught.value.limit, caught.value.retry_after) == (9, 17)
    assert fake.seen == []


def test_no_link_is_made_while_it_cannot_count_and_that_is_on_record(
    registry_of, in_force, counter
):
    told = []

    def record(event):
        told.append(event)

    registry_of({"fake": backend()}, [plugin(record=record)])
    in_force({**READ, "per_rule": Quota(urls_per_minute=9)})
    counter.answers = [StoreError("the counter is away")]
    with pytest.raises(StoreError, match="the counter is away"):
        sign()
    (event,) = told
    assert (event.decision, event.rule) == ("refused", "read")


def test_who_may_not_wait_for_it_was_not_refused(registry_of, in_force, counter):
    told = []

    def record(event):
        told.append(event)

    registry_of({"fake": backend()}, [plugin(record=record)])
    in_force({**READ, "per_rule": Quota(urls_per_minute=9)})
    counter.answers = [DeadlineError("ask in a thread")]
    with pytest.raises(DeadlineError):
        sign()
    assert told == []


def test_it_is_told_of_links_that_did_not_leave(registry_of, in_force, counter):
    def fail(event):
        raise ZeroDivisionError

    registry_of({"fake": backend()}, [plugin(record=fail)])
    in_force({**READ, "per_rule": Quota(live_links=9)})
    reserved = Reserved(("key",), int(END), 1)
    counter.answers = [reserved]
    with pytest.raises(daypass.AuditError):
        sign()
    assert counter.released == [reserved]


def test_who_does_not_hold_it_cannot_replace_it(counter):
    for replacing in (None, Counter(["other"])):
        with pytest.raises(InvalidRequestError, match="replacing=") as caught:
            set_counter(None, replacing=replacing)
        assert caught.value.option == "replacing"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="only where there is fork")
def test_it_counts_for_the_child_of_a_fork_too(counter):
    child = os.fork()
    if not child:
        try:
            set_counter(None, replacing=counter)
        except BaseException:  # noqa: BLE001 - no test goes on in the child
            os._exit(1)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
