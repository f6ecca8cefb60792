"""Who listens at the doors: policies and audits of plugins, and sinks. They are told, may refuse, and answer nothing."""

from __future__ import annotations

import hashlib
import traceback
from datetime import timedelta
from itertools import count
from types import SimpleNamespace

import attrs
import pytest

import daypass
from daypass.errors import (
    AuditError,
    InvalidRequestError,
    PluginError,
    RefusedError,
    ShortLivedURLWarning,
)
from daypass.hookspecs import SigningEvent
from tests.core.fakes import EVERY_CONDITION, NOW, SECRET, backend, honest, plugin

PATH = "fake://bucket/key"
EARLY = {
    "expires_at": NOW + timedelta(minutes=5),
    "expires_because": "the session token ends first",
}


def sign(path=PATH, **options):
    return daypass.create_signed_url(path, **{"signing_time": NOW, **options})


def _listener(told):
    def listen(event):
        told.append(event)

    return listen


def test_plugins_are_told_what_is_asked_for_and_never_the_values(registry_of):
    told = []
    registry_of(
        {"fake": backend()},
        [plugin(authorize=_listener(told), record=_listener(told))],
    )
    secret = {"x-key": "s3cr3t"}
    sign(method="PUT", query=secret, tags=secret, headers=secret, storage_class="s3cr3t")
    for event in told:
        assert {"query", "tags", "headers", "storage_class"} <= event.conditions
    assert len(told) == 2
    assert "s3cr3t" not in repr(told)


def test_plugins_are_told_before_and_after_and_never_the_url(registry_of):
    told = []
    registry_of(
        {"fake": backend()},
        [plugin(authorize=_listener(told), record=_listener(told))],
    )
    link = sign(
        method="PUT",
        content_type="text/csv",
        headers={"X-Secret-Header": SECRET},
        acl="public-read",
        caller="ann",
        version=None,
        expires_in="5m",
    )
    before, after = told
    expected = SigningEvent(
        action="create_signed_url",
        caller="ann",
        backend="fake",
        path=PATH,
        version=None,
        method="PUT",
        signing_time=NOW,
        expires_at=NOW + timedelta(minutes=5),
        conditions=frozenset({"acl", "content_type", "headers", "signing_time"}),
        headers=frozenset({"x-secret-header"}),
        acl="public-read",
    )
    assert expected == before
    assert after == attrs.evolve(
        expected,
        expires_because="requested",
        url_sha256=hashlib.sha256(link.url.encode()).hexdigest(),
    )
    assert SECRET not in repr(told)


def test_an_audit_is_told_the_real_end_and_what_is_not_enforced(registry_of):
    told = []
    weak = backend(
        lambda location, request: honest(location, request, **EARLY),
        enforces=EVERY_CONDITION - {"ip_range"},
    )
    registry_of({"fake": weak}, [plugin(record=_listener(told))])
    with pytest.warns(ShortLivedURLWarning):
        sign(ip_range="192.0.2.1", strict=False)
    (event,) = told
    assert (EARLY["expires_at"], EARLY["expires_because"], frozenset({"ip_range"})) == (
        event.expires_at,
        event.expires_because,
        event.unenforced,
    )


@pytest.mark.parametrize("error", [PermissionError(SECRET), KeyError("x"), ValueError(), OSError()],
                         ids=count())  # fmt: skip
def test_a_plugin_refuses_by_raising_and_the_backend_is_never_asked(registry_of, error):
    def authorize(event):
        raise error

    module = backend()
    registry_of({"fake": module}, [plugin(authorize=authorize)])
    with pytest.raises(RefusedError) as caught:
        sign()
    assert isinstance(caught.value, PermissionError)
    assert error is caught.value.__cause__
    assert SECRET not in str(caught.value)
    assert module.seen == []


@pytest.mark.parametrize("error", [OSError("disk full"), InvalidRequestError("x"), KeyError("x")])
def test_an_audit_that_raises_means_no_url(registry_of, error):
    def record(event):
        raise error

    registry_of({"fake": backend()}, [plugin(record=record)])
    with pytest.raises(AuditError) as caught:
        sign()
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_one_refusal_outweighs_every_other_plugin(registry_of):
    def refuse(event):
        msg = "no"
        raise PermissionError(msg)

    agree = [plugin(authorize=lambda event: None) for _ in range(2)]
    registry_of({"fake": backend()}, [agree[0], plugin(authorize=refuse), agree[1]])
    with pytest.raises(RefusedError):
        sign()


def _generator(event):
    yield "this line never runs"
    msg = "refused"
    raise PermissionError(msg)


async def _later():
    pytest.fail("nobody awaits it")


ANSWERS = {
    "False": lambda event: False,
    "True": lambda event: True,
    "a coroutine": lambda event: _later(),
    "a generator": lambda event: (_ for _ in ()),
    "an empty list": lambda event: [],
}


@pytest.mark.parametrize("traced", [False, True])
@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize(("hook", "error"), [("authorize", PluginError), ("record", AuditError)])
def test_whoever_listens_and_answers_lets_no_link_leave(
    registry_of, monkeypatch, hook, error, answer, traced
):
    """It believes that its answer counts, and that of another is None."""
    if traced:
        monkeypatch.setenv("DAYPASS_TRACE", "1")
    silent = [plugin(**{hook: lambda event: None}) for _ in range(2)]
    plugins = [silent[0], plugin(**{hook: ANSWERS[answer]}), silent[1]]
    registry_of({"fake": backend()}, plugins)
    for door in (sign, lambda: daypass.create_signed_urls(["fake://bucket/key"])):
        with pytest.raises(error, match=f"{hook} returned "):
            door()


@pytest.mark.parametrize("answer", ANSWERS)
def test_a_sink_that_answers_lets_no_link_leave(registry_of, answer):
    registry_of({"fake": backend()})
    sink = SimpleNamespace(record=ANSWERS[answer])
    daypass.add_audit(sink)
    try:
        with pytest.raises(AuditError, match="record returned "):
            sign()
    finally:
        daypass.remove_audit(sink)


async def _asynchronous(event):
    pytest.fail("nobody awaits it")


async def _asynchronous_generator(event):
    yield event


@pytest.mark.parametrize("record", [_generator, _asynchronous, _asynchronous_generator])
def test_a_sink_that_would_never_run_is_refused_when_it_is_added(record):
    with pytest.raises(InvalidRequestError, match="would never run"):
        daypass.add_audit(SimpleNamespace(record=record))


def test_every_audit_is_told(registry_of):
    told = []
    plugins = [plugin(record=_teller(told, number)) for number in range(3)]
    registry_of({"fake": backend()}, plugins)
    sign()
    assert sorted(told) == [0, 1, 2]


def _teller(told, number):
    def record(event):
        told.append(number)

    return record


def test_an_audit_hears_only_of_urls_that_were_made(registry_of):
    told = []
    lying = backend(lambda location, request: honest(location, request, url="https://h/other"))
    registry_of({"fake": lying}, [plugin(record=_teller(told, 1))])
    with pytest.raises(PluginError):
        sign()
    assert told == []


@pytest.mark.parametrize("hook", ["authorize", "record"])
def test_a_hook_that_would_never_run_is_refused_and_not_ignored(registry_of, hook):
    """A generator function or a coroutine in disguise is called, and its body never runs."""
    registry_of({"fake": backend()}, [plugin(**{hook: _generator})])
    with pytest.raises(PluginError):
        sign()


def _keyword_only(*, event):
    return None


@pytest.mark.parametrize("hook", ["authorize", "record"])
def test_a_hook_whose_argument_would_never_arrive_names_the_plugin(registry_of, hook):
    registry_of({"fake": backend()}, [plugin(**{hook: _keyword_only})])
    with pytest.raises(PluginError):
        sign()


@pytest.mark.parametrize("module", [
    plugin(athorize=lambda event: None), plugin(authorize=lambda event=None: None),
    plugin(authorize=lambda request: None), plugin(create_signed_url=lambda location: None)],
    ids=["misspelt", "default", "argument", "backend hook"])  # fmt: skip
def test_a_broken_policy_stops_every_signature(registry_of, module):
    registry_of({"fake": backend()}, [module])
    for _ in range(2):
        with pytest.raises(PluginError, match="fake_plugin_0"):
            sign()


def test_a_policy_is_not_asked_about_metadata(registry_of):
    def authorize(event):
        raise AssertionError

    registry_of({"fake": backend()}, [plugin(authorize=authorize)])
    assert daypass.head_metadata(PATH).size == 3


def test_a_plugin_registered_later_is_asked_from_then_on(registry_of):
    told = []
    registry = registry_of({"fake": backend()})
    sign()
    registry.register_plugin(plugin(record=_teller(told, 1)), "late")
    sign()
    sign()
    assert told == [1, 1]
