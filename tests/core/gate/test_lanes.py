"""A lane is prepared once for a request and a second; whatever else can change counts for the very next link."""

from __future__ import annotations

import copy
import os
import pickle
import sys
from collections import OrderedDict
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta, timezone
from types import SimpleNamespace

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

import daypass
from daypass import Policy, Quota, Rule
from daypass.audit.lines import event_text
from daypass.backends import Registry, redaction
from daypass.errors import (
    DaypassError,
    InvalidPathError,
    PluginError,
    PolicyError,
    QuotaError,
    RefusedError,
    ShortLivedURLWarning,
)
from daypass.gate import authorize, check, lanes, parties
from daypass.gate.judge import Judged, judge
from daypass.hookspecs.events import ALIKE, SigningEvent
from daypass.model.links import SignedURL
from daypass.store import prepared, root
from tests.core import fakes
from tests.core.fakes import NOW, honest, plugin

START = int(NOW.timestamp())


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands until it is set."""
    clock = SimpleNamespace(now=START + 0.5)
    clock.time = lambda: clock.now
    monkeypatch.setattr(lanes, "time", clock)
    return clock


@pytest.fixture
def store(fake):
    return daypass.Store("fake://bucket")


def asked(fake):
    return [request for _, request in fake.seen]


def test_links_of_one_second_are_made_of_one_request(fake, store, clock):
    links = [store.create_signed_url(f"k{n}", expires_in=60) for n in range(3)]
    assert len({id(request) for request in asked(fake)}) == 1
    assert len({id(link) for link in links}) == 3
    assert {link.url for link in links} == {
        f"https://bucket.fake.example/k{n}?signature={fakes.SECRET}" for n in range(3)
    }


def test_what_is_done_to_one_link_reaches_no_other(fake, store, clock):
    headers = {"X-A": "1"}
    first, second = (store.create_signed_url("k", headers=headers) for _ in range(2))
    first.headers["X-A"] = "spoilt"
    assert second.headers == store.create_signed_url("k", headers=headers).headers == headers


@pytest.mark.parametrize("step", [1, -1, 3600])
def test_another_second_begins_another_lane(fake, store, clock, step):
    before = store.create_signed_url("k", expires_in=60)
    clock.now += step
    after = store.create_signed_url("k", expires_in=60)
    assert after.expires_at - before.expires_at == timedelta(seconds=step)


def test_requests_by_turns_have_a_lane_each(fake, store, clock):
    for _ in range(2):
        for n in range(60, 60 + 2 * lanes._MOST):
            link = store.create_signed_url("k", expires_in=n)
            assert link.expires_at == NOW + timedelta(seconds=n)


@pytest.mark.parametrize("key", ["", "a/../b", "x" * 1025, "a\nb", "\ud800"])
def test_every_key_is_checked(fake, store, clock, key):
    store.create_signed_url("k")
    with pytest.raises(InvalidPathError):
        store.create_signed_url(key)
    assert len(fake.seen) == 1


def test_a_key_that_is_short_for_most_stores_can_be_too_long_for_one(registry_of, clock):
    registry_of({"fake": fakes.backend(max_key_bytes=10)})
    store = daypass.Store("fake://bucket")
    store.create_signed_url("k" * 10)
    for sign in (store.create_signed_url, lambda key: store.create_signed_urls([key])):
        with pytest.raises(InvalidPathError, match="above the store's 10"):
            sign("k" * 11)


def test_a_link_to_a_version_has_no_part_in_a_lane(fake, store, clock):
    store.create_signed_url("k")
    store.create_signed_url("k", version="v1")
    store.create_signed_url("k")
    assert [location.version for location, _ in fake.seen] == [None, "v1", None]


#: What a backend may do wrong once it has answered rightly.
WRONG = {
    "another key": {"url": "https://bucket.fake.example/other?signature=x"},
    "no URL": {"url": "https://bucket.fake.example/k?signature=x\n"},
    "a broken escape": {"url": "https://bucket.fake.example/k?signature=%zz"},
    "a URL that is no ASCII": {"url": "https://bucket.fake.example/k?signature=é"},
    "bytes": {"url": b"https://bucket.fake.example/k?signature=x"},
    "another method": {"method": "PUT"},
    "permits": {"permits": frozenset({"PUT"})},
    "a set": {"unenforced": set()},
    "a naive end": {"expires_at": NOW.replace(tzinfo=None)},
    "a later end": {"expires_at": NOW + timedelta(days=9)},
    "an end elsewhere": {"expires_at": NOW.astimezone(timezone(timedelta(hours=1)))},
    "no reason": {"expires_because": None},
    "headers with line breaks": {"headers": {"A": "b\nc"}},
    "headers that are none": {"headers": ()},
    "another backend": {"backend": "other"},
    "another path": {"path": "fake://bucket/other"},
}


@pytest.mark.parametrize("fault", WRONG)
def test_an_answer_that_differs_from_a_judged_one_is_judged(registry_of, clock, fault):
    answers = iter([{}, {}, WRONG[fault]])
    registry_of({"fake": fakes.backend(lambda *asked: honest(*asked, **next(answers)))})
    store = daypass.Store("fake://bucket")
    store.create_signed_url("k")
    store.create_signed_url("k")
    with pytest.raises(PluginError):
        store.create_signed_url("k")


def test_an_answer_that_ends_early_says_so_whatever_those_before_it_did(registry_of, clock):
    early = {"expires_because": "its key ends first", "expires_at": NOW + timedelta(seconds=5)}
    answers = iter([{}, {}, early, {}])
    registry_of({"fake": fakes.backend(lambda *asked: honest(*asked, **next(answers)))})
    allowing = Policy(rules=[Rule(name="r", paths=["fake://bucket/**"], methods=["GET"])])
    daypass.set_policy(allowing)
    try:
        store = daypass.Store("fake://bucket", caller="ann")
        for key in "ab":
            store.create_signed_url(key)
        with pytest.warns(ShortLivedURLWarning, match="its key ends first"):
            store.create_signed_url("c")
        assert store.create_signed_url("d").expires_because == "requested"
    finally:
        daypass.set_policy(None, replacing=allowing)


def test_an_answer_that_the_policy_refuses_is_refused_again_and_again(registry_of, clock):
    loose = {"unenforced": frozenset({"content_type"})}
    answers = iter([{}, {}, loose, loose, {}, loose])
    registry_of({"fake": fakes.backend(lambda *asked: honest(*asked, **next(answers)))})
    rule = Rule(name="r", paths=["fake://bucket/**"], methods=["PUT"], require=["content_type"])
    strict = Policy(rules=[rule])
    daypass.set_policy(strict)
    try:
        store = daypass.Store("fake://bucket", caller="ann")
        for is_fine in (True, True, False, False, True, False):
            with nullcontext() if is_fine else pytest.raises(PolicyError, match="does not enforce"):
                store.create_signed_url("a", content_type="text/csv", method="PUT")
    finally:
        daypass.set_policy(None, replacing=strict)


@pytest.mark.parametrize(
    "query",
    ["sig={}&end=1", "start=1&sig={}", "sig={}", "sig={}%2B{}&end=%3D"],
)
def test_answers_whose_signatures_stand_anywhere_are_alike(registry_of, clock, monkeypatch, query):
    monkeypatch.setattr(lanes, "judge", lambda *asked: full.append(asked))
    full, numbers = [], iter("abcdefgh")

    def sign(location, request):
        place = honest(location, request).url.partition("?")[0]
        mark = next(numbers)
        return honest(location, request, url=f"{place}?{query.format(mark, mark)}")

    registry_of({"fake": fakes.backend(sign)})
    store = daypass.Store("fake://bucket")
    for n in range(8):
        store.create_signed_url(f"k/{n} é")
    assert len(full) <= 2


_KEYS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=9)
_ODD = st.sampled_from([
    "", "a", "GET", "PUT", None, 5, "é", "%", "%2", "%2F", "a b", {"A": "b"}, {"A": 5}, {}, set(),
    frozenset(), frozenset({"GET"}), frozenset({"PUT"}), {"GET"}, NOW, NOW + timedelta(seconds=60),
    NOW.replace(tzinfo=None), (NOW + timedelta(seconds=60)).astimezone(timezone(timedelta(hours=2))),
    "fake", "requested", "https://bucket.fake.example/a?signature=b", "https://x/a?signature=b",
])  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    first=_KEYS,
    key=_KEYS,
    changes=st.dictionaries(
        st.sampled_from([field.name for field in attrs.fields(SignedURL)][:9]), _ODD, max_size=2
    ),
    endpoint=st.sampled_from([None, "https://front.example", "https://front.example/folder"]),
)
def test_what_is_like_a_judged_answer_would_be_let_pass(fake, first, key, changes, endpoint):
    store = daypass.Store("fake://bucket", public_endpoint=endpoint)
    request = daypass.SignRequest(expires_in=60).resolve(NOW)
    backend, place = store.backend, store.location
    sound = honest(place.at(first), request)
    judge(backend, place.at(first), request, sound)
    judged = Judged.of(backend, place.at(first), request, sound, None)
    answer = honest(place.at(key), request, **changes)
    if judged is not None and judged.is_like(place.at(key), answer):
        judge(backend, place.at(key), request, answer)
    elif not changes and judged is not None:
        pytest.fail("an honest answer is not alike")


def test_a_fork_begins_without_lanes(fake, store, clock):
    store.create_signed_url("k")
    assert lanes._KEPT in store.location.cache
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            before = lanes._KEPT in store.location.cache
            clock.now += 1
            found = (before, store.create_signed_url("k", expires_in=60).expires_at)
            os.write(writing, pickle.dumps(found))
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    os.close(writing)
    with os.fdopen(reading, "rb") as answer:
        assert pickle.load(answer) == (False, NOW + timedelta(seconds=61))


class Audit:
    """Keeps what it is told."""

    def __init__(self):
        self.events = []

    def record(self, event):
        # What is kept for events alike is what each would say by itself.
        assert event_text(event, 1.0) == event_text(attrs.evolve(event), 1.0)
        self.events.append(event)


#: Equal to names, and to one another, with groups of their own.
CALLERS = [
    daypass.Caller("ann", groups=groups) for groups in ((), ["readers"], ["readers", "writers"])
]


def policy(most, refused):
    return Policy(
        rules=[
            Rule(name="no", effect="deny", paths=[f"fake://bucket/{refused}"]),
            Rule(
                name="writers",
                paths=["fake://bucket/**"],
                methods=["PUT"],
                groups=["writers"],
                max_expires_in=most,
                on_longer="clamp",
            ),
            Rule(
                name="yes",
                paths=["fake://bucket/**"],
                methods=["GET"],
                max_expires_in=most,
                on_longer="clamp",
            ),
        ]
    )


@pytest.fixture
def writers():
    """A policy for uploads alone, whose type the store has to hold them to."""
    rule = Rule(name="w", paths=["fake://bucket/**"], methods=["PUT"], require=["content_type"])
    policy = Policy(rules=[rule])
    daypass.set_policy(policy)
    yield
    daypass.set_policy(None, replacing=policy)


def test_a_refusal_names_the_object_that_it_is_about(registry_of, clock, writers):
    def sign(location, request):
        loose = {"unenforced": frozenset({"content_type"})} if location.key == "second" else {}
        return honest(location, request, **loose)

    registry_of({"fake": fakes.backend(sign)})
    store = daypass.Store("fake://bucket")
    store.create_signed_url("first", method="PUT", content_type="text/csv")
    with pytest.raises(PolicyError, match="PUT on fake://bucket/second"):
        store.create_signed_url("second", method="PUT", content_type="text/csv")


def test_an_answer_is_like_what_another_was_when_it_was_judged(registry_of, clock, writers):
    headers = {}
    registry_of({"fake": fakes.backend(lambda place, asked: honest(place, asked, headers=headers))})
    store = daypass.Store("fake://bucket")
    store.create_signed_url("k", method="PUT", content_type="text/csv")
    headers["x-amz-acl"] = "public-read"  # of a backend that gives all its answers the very same
    with pytest.raises(PolicyError, match="acl"):
        store.create_signed_url("k", method="PUT", content_type="text/csv")


def test_what_an_audit_keeps_of_an_event_is_in_no_copy_of_it(fake, store, clock):
    audit = Audit()
    daypass.add_audit(audit)
    try:
        store.create_signed_url("k")
    finally:
        daypass.remove_audit(audit)
    (event,) = audit.events
    assert getattr(event, ALIKE)
    for same in (copy.copy(event), pickle.loads(pickle.dumps(event)), SigningEvent(**vars(event))):
        assert same == event
        assert not hasattr(same, ALIKE)


def test_a_quota_counts_every_link_of_a_lane(fake, store, clock):
    quota = Quota(urls_per_minute=2, live_links=9)
    before = None
    for _ in range(2):  # an equal policy in its place counts anew
        after = Policy(
            rules=[Rule(name="r", paths=["fake://bucket/**"], methods=["GET"], per_rule=quota)]
        )
        daypass.set_policy(after, replacing=before)
        before = after
        for key in "ab":
            store.create_signed_url(key)
        with pytest.raises(QuotaError):
            store.create_signed_url("c")
    daypass.set_policy(None, replacing=before)


class Lanes(RuleBasedStateMachine):
    """Sign, and change whatever a link depends on: every link is by what is true when it is made."""

    @initialize()
    def begin(self):
        self.patch = pytest.MonkeyPatch()
        self.clock = SimpleNamespace(now=START, time=lambda: self.clock.now)
        self.patch.setattr(lanes, "time", self.clock)
        self.registry = Registry(fakes.finder({"fake": "fake_backend_of_lanes"}))
        self.signature = "first"
        self.patch.setitem(
            sys.modules,
            "fake_backend_of_lanes",
            fakes.backend(
                lambda location, request: honest(
                    location,
                    request,
                    url=f"{honest(location, request).url.partition('?')[0]}?sig={self.signature}",
                )
            ),
        )
        for home in (redaction, authorize, check, parties, root):
            self.patch.setattr(home, "registry", self.registry)
        self.patch.setattr(prepared, "_roots", OrderedDict())
        self.store = daypass.Store("fake://bucket")
        self.policy, self.audits, self.asked, self.told = None, [], [], []
        self.refusing = False
        self.listening = False

    @rule(step=st.sampled_from([1, 5, -1]))
    def let_time_pass(self, step):
        self.clock.now += step

    @rule(most=st.sampled_from([10, 100]), refused=st.sampled_from(["a", "b"]))
    def set_a_policy(self, most, refused):
        after = policy(most, refused)
        daypass.set_policy(after, replacing=self.policy)
        self.policy, self.most, self.refused = after, most, refused

    @rule()
    def take_the_policy_away(self):
        daypass.set_policy(None, replacing=self.policy)
        self.policy = None

    @rule()
    def add_an_audit(self):
        self.audits.append(Audit())
        daypass.add_audit(self.audits[-1])

    @rule()
    def remove_an_audit(self):
        if self.audits:
            daypass.remove_audit(self.audits.pop())

    @rule()
    def register_a_plugin(self):
        if self.listening:
            return
        self.listening = True

        def authorize(event):
            self.asked.append((event.path, event.caller))
            if self.refusing:
                raise ValueError

        self.registry.register_plugin(
            plugin(authorize=authorize, record=lambda event: self.told.append(event.decision)),
            "listener",
        )

    @rule(refusing=st.booleans())
    def let_the_plugin_think_otherwise(self, refusing):
        self.refusing = refusing

    @rule(signature=st.sampled_from(["first", "second", "third%2B"]))
    def rotate_the_key(self, signature):
        self.signature = signature

    @rule(
        key=st.sampled_from(["a", "b", "c d"]),
        lifetime=st.sampled_from([5, 50, 500]),
        caller=st.sampled_from([None, "ann", "bob", *CALLERS]),
        method=st.sampled_from(["GET", "PUT"]),
    )
    def sign(self, key, lifetime, caller, method):
        before = [len(audit.events) for audit in self.audits]
        asked, told = len(self.asked), len(self.told)
        groups = getattr(caller, "groups", ())
        denied = self.policy is not None and (
            key == self.refused or (method != "GET" and "writers" not in groups)
        )
        wanted = PolicyError if denied else None
        if wanted is None and self.listening and self.refusing:
            wanted = RefusedError
        link = None
        try:
            if caller is None:
                link = self.store.create_signed_url(key, expires_in=lifetime, method=method)
            else:
                link = daypass.create_signed_url(
                    f"fake://bucket/{key}", expires_in=lifetime, method=method, caller=caller
                )
        except DaypassError as error:
            assert type(error) is wanted
        else:
            assert wanted is None
            most = lifetime if self.policy is None else min(lifetime, self.most)
            assert link.expires_at == datetime.fromtimestamp(self.clock.now + most, UTC)
            assert link.url.endswith(f"?sig={self.signature}")
            assert link.path == f"fake://bucket/{key}"
            assert link.method == method
        for audit, count in zip(self.audits, before, strict=True):
            (event,) = audit.events[count:]
            assert (event.path, event.caller) == (f"fake://bucket/{key}", caller)
            assert event.decision == ("allowed" if link else "refused")
            assert event.method == method
            assert event.rule == (self.deciding(key, method, groups) if self.policy else None)
            assert link is None or event.expires_at == link.expires_at
        if self.listening:
            assert self.told[told:] == ["allowed" if link else "refused"]
            assert self.asked[asked:] == ([] if denied else [(f"fake://bucket/{key}", caller)])

    def deciding(self, key, method, groups):
        if key == self.refused:
            return "no"
        if method == "GET":
            return "yes"
        return "writers" if "writers" in groups else None

    @invariant()
    def a_lane_is_of_its_second(self):
        kept = self.store.location.cache.get(lanes._KEPT) if hasattr(self, "store") else None
        assert kept is None or len(kept[1]) <= lanes._MOST

    def teardown(self):
        if not hasattr(self, "patch"):
            return
        daypass.set_policy(None, replacing=self.policy)
        for audit in self.audits:
            daypass.remove_audit(audit)
        self.patch.undo()


TestLanes = pytest.mark.filterwarnings("ignore::daypass.errors.ShortLivedURLWarning")(
    Lanes.TestCase
)
