"""A link that copies: its source is asked about as a GET of the same caller, wherever it is let in."""

from __future__ import annotations

from datetime import timedelta

import pytest

import daypass
from daypass import Policy, Quota, Rule
from daypass.errors import (
    InvalidPathError,
    InvalidRequestError,
    PluginError,
    PolicyError,
    QuotaError,
    RefusedError,
    ShortLivedURLWarning,
    UnsupportedOptionError,
)
from daypass.policy import in_force as force
from daypass.policy.enforcer import Enforcer
from tests.core import fakes
from tests.core.fakes import NOW, SECRET, plugin

SOURCE, COPY = "fake://in/a", "fake://out/b"
READ = {"name": "read", "paths": ["fake://in/**"], "methods": ["GET"]}
WRITE = {
    "name": "write",
    "paths": ["fake://out/**"],
    "methods": ["PUT"],
    "upload_options": ["copy_source"],
}
DENY = {"name": "secret", "paths": ["fake://in/secret/**"], "effect": "deny"}


def copy(source=SOURCE, path=COPY, **options):
    options = {"signing_time": NOW, "method": "PUT", **options}
    return daypass.create_signed_url(path, copy_source=source, **options)


def rehearse(source=SOURCE, **options):
    return daypass.rehearse(COPY, method="PUT", copy_source=source, signing_time=NOW, **options)


def listener(told):
    def listen(event):
        told.append(event)

    return listen


@pytest.fixture
def in_force(monkeypatch):
    """Put rules in force."""
    monkeypatch.setattr(force, "_application", [])

    def put(*rules, **options):
        policy = Policy(rules=[Rule(**rule) for rule in rules], **options)
        force._application[:] = [Enforcer(policy, clock=NOW.timestamp, ticks=lambda: 1.0)]

    return put


@pytest.fixture
def told(registry_of):
    """What an audit is told."""
    told = []
    registry_of({"fake": fakes.backend()}, [plugin(record=listener(told))])
    return told


# The policy.


def test_a_policy_allows_a_copy_whose_source_it_lets_the_caller_read(fake, in_force):
    in_force(DENY, READ, WRITE)
    for _ in range(2):
        assert copy().path == COPY
    assert rehearse().allowed


@pytest.mark.parametrize(
    ("rules", "source", "words"),
    [
        ([DENY, READ, WRITE], "fake://in/secret/a", "rule 'secret' of the policy denies GET on fake://in/secret/a"),
        ([WRITE], SOURCE, "no rule of the policy allows GET on fake://in/a"),
        ([{**READ, "methods": ["PUT", "HEAD"]}, WRITE], SOURCE, "no rule of the policy allows GET"),
        ([{**READ, "callers": ["ann"]}, WRITE], SOURCE, "no rule of the policy allows GET"),
        ([READ, WRITE], "fake://in//a", "no rule of the policy allows GET on fake://in//a"),
        ([READ, WRITE], "fake://other/a", "no rule of the policy allows GET on fake://other/a"),
        ([{**READ, "require": ["ip_range"]}, WRITE], SOURCE, "a link without ip_range"),
        ([{**READ, "max_expires_in": 60}, WRITE], SOURCE, "a lifetime of 15 minutes"),
        ([{**READ, "headers": {"x-a": "1"}}, WRITE], SOURCE, "does not sign the header x-a"),
    ],
    ids=range(9),
)  # fmt: skip
def test_a_policy_refuses_a_copy_whose_source_it_does_not(
    fake, in_force, told, rules, source, words
):
    in_force(*rules)
    with pytest.raises(PolicyError, match=words) as caught:
        copy(source)
    assert str(caught.value).startswith(f"{COPY} would be a copy of {source}, which needs leave")
    (event,) = told
    assert (event.decision, event.path, event.method) == ("refused", COPY, "PUT")
    assert (event.copy_source, event.reason) == (source, str(caught.value))
    assert event.rule == caught.value.rule
    found = rehearse(source)
    assert not found.allowed
    assert found.reason == str(caught.value)
    assert found.expires_in is None
    (steps,) = found.trace
    assert [step.rule for step in steps] == [rule["name"] for rule in (*rules, *rules)]
    assert all(step.why.startswith(f"to read {source}") for step in steps[len(rules) :])


def test_the_rule_of_the_copy_is_asked_first_and_closed_without_a_line(fake, in_force):
    in_force(READ, {**WRITE, "upload_options": []})
    line = r'unless the rule says upload_options = \["copy_source"\]'
    with pytest.raises(PolicyError, match=line):
        copy()
    assert line.replace("\\", "") in rehearse().reason
    assert [len(steps) for steps in rehearse().trace] == [2]


@pytest.mark.parametrize(
    "limit", [{"max_bytes": 100}, {"content_types": ["text/*"]}, {"require": ["checksum_sha256"]}]
)
def test_a_copy_is_held_to_no_size_and_no_type(fake, in_force, limit):
    in_force(READ, {**WRITE, **limit})
    with pytest.raises(PolicyError, match="refuses PUT on fake://out/b"):
        copy()


def test_a_rule_can_allow_copies_alone(fake, in_force):
    in_force(READ, {**WRITE, "upload_options": [], "require": ["copy_source"]})
    assert copy()
    with pytest.raises(PolicyError, match="a link without copy_source"):
        daypass.create_signed_url(COPY, method="PUT", signing_time=NOW)


def test_limits_on_who_may_use_the_link_hold_of_the_source_too(fake, in_force):
    in_force({**READ, "ip_ranges": ["192.0.2.0/24"], "require": ["https_only"]}, WRITE)
    assert copy(ip_range="192.0.2.1", https_only=True)
    with pytest.raises(PolicyError, match=r"ip_range='198\.51\.100\.1'"):
        copy(ip_range="198.51.100.1", https_only=True)


def test_what_the_store_does_not_enforce_is_asked_for_the_source_too(registry_of, in_force):
    def weak(location, request):
        loose = frozenset({"ip_range"}) & request.conditions
        return fakes.honest(location, request, unenforced=loose)

    told = []
    registry_of({"fake": fakes.backend(weak)}, [plugin(record=listener(told))])
    in_force({**READ, "require": ["ip_range"]}, WRITE)
    with pytest.raises(PolicyError, match="the store does not enforce ip_range") as caught:
        copy(ip_range="192.0.2.1")
    assert [event.reason for event in told] == [str(caught.value)]
    in_force(READ, WRITE)
    assert copy(ip_range="192.0.2.1").unenforced == {"ip_range"}


def test_one_rule_can_allow_both_and_what_the_copy_sets_is_asked_of_its_own_alone(fake, in_force):
    both = {**READ, "paths": ["fake://in/**"], "methods": ["GET", "PUT"]}
    in_force(both, {**WRITE, "acls": ["public-read"]})
    assert copy(acl="public-read")


@pytest.mark.parametrize("clamped", ["read", "write"])
def test_a_copy_ends_as_early_as_either_rule_clamps_it(fake, in_force, clamped):
    rules = {"read": READ, "write": WRITE}
    rules[clamped] = {**rules[clamped], "max_expires_in": 60, "on_longer": "clamp"}
    in_force(
        {**rules["read"], **({"max_expires_in": 60} if clamped == "write" else {})}, rules["write"]
    )
    with pytest.warns(ShortLivedURLWarning):
        link = copy(expires_in=600)
    assert link.expires_at == NOW + timedelta(seconds=60)
    assert link.expires_because == f"rule '{clamped}' of the policy allows 1 minute at most"
    assert rehearse(expires_in=600).expires_in == 60


def test_it_counts_as_a_link_to_write_and_one_to_read(fake, in_force):
    in_force({**READ, "per_rule": Quota(live_links=2)}, {**WRITE, "per_rule": Quota(live_links=3)})
    daypass.create_signed_url(SOURCE, signing_time=NOW)
    assert copy()
    with pytest.raises(QuotaError, match="quota live_links of rule 'read'") as caught:
        copy()
    assert str(caught.value).startswith(f"{COPY} would be a copy of {SOURCE}, ")
    daypass.create_signed_url(COPY, method="PUT", signing_time=NOW)  # none of three was lost
    daypass.create_signed_url(COPY, method="PUT", signing_time=NOW)
    with pytest.raises(QuotaError, match="rule 'write'"):
        copy()


def test_a_copy_that_fails_is_no_longer_counted(registry_of, in_force):
    broken = [True]

    def sign(location, request):
        if broken[0]:
            raise OSError
        return fakes.honest(location, request)

    registry_of({"fake": fakes.backend(sign)})
    one = Quota(live_links=1)
    in_force({**READ, "per_rule": one}, {**WRITE, "per_rule": one})
    with pytest.raises(PluginError):
        copy()
    broken[0] = False
    assert copy()


def test_every_source_of_many_is_asked_about_by_itself(fake, in_force):
    in_force(DENY, READ, WRITE)
    batch = daypass.create_signed_urls(
        [COPY, f"{COPY}2", f"{COPY}3"],
        method="PUT",
        copy_source=[SOURCE, "fake://in/secret/a", None],
        errors="collect",
        signing_time=NOW,
    )
    assert list(batch.errors) == [1]
    assert "denies GET on fake://in/secret/a" in str(batch.errors[1])


def test_no_lane_is_kept_for_a_copy(fake, in_force):
    store = daypass.Store("fake://out")
    in_force(READ, WRITE)
    asked = {"method": "PUT", "copy_source": SOURCE, "signing_time": NOW}
    assert store.create_signed_url("a", **asked)
    in_force(DENY | {"paths": ["fake://in/**"]}, READ, WRITE)
    with pytest.raises(PolicyError, match="denies GET on fake://in/a"):
        store.create_signed_url("b", **asked)
    assert store.create_signed_url("b", method="PUT", signing_time=NOW)


# Plugins and the audit.


def test_plugins_are_asked_of_the_source_as_of_a_get(registry_of):
    asked, told = [], []
    plugins = [plugin(authorize=listener(asked), record=listener(told))]
    registry_of({"fake": fakes.backend()}, plugins)
    copy(caller="ann", acl="private")
    read, written = asked
    assert (read.method, read.path, read.caller) == ("GET", SOURCE, "ann")
    assert (read.conditions, read.copy_source) == ({"signing_time"}, None)
    assert (written.method, written.path, written.copy_source) == ("PUT", COPY, SOURCE)
    assert read.expires_at == written.expires_at
    (event,) = told
    assert (event.path, event.copy_source, event.decision) == (COPY, SOURCE, "allowed")


def test_a_plugin_that_refuses_the_source_refuses_the_copy(registry_of):
    told = []

    def authorize(event):
        if event.method == "GET":
            raise PermissionError

    registry_of({"fake": fakes.backend()}, [plugin(authorize=authorize, record=listener(told))])
    with pytest.raises(RefusedError, match="GET on fake://in/a was refused by a plugin") as caught:
        copy()
    (event,) = told
    assert (event.decision, event.copy_source) == ("refused", SOURCE)
    assert event.reason == str(caught.value)


# What cannot be a source, and what does not go with one.


@pytest.mark.parametrize("source", ["s3://in/a", "daypass://profile/a", "https://in/a"])
def test_the_source_lies_in_the_store_of_the_copy(fake, source):
    with pytest.raises(InvalidRequestError, match="name it by fake://bucket/key") as caught:
        copy(source)
    assert caught.value.option == "copy_source"


def test_its_key_is_one_that_the_store_can_have(fake):
    with pytest.raises(InvalidPathError, match="dot_segments"):
        copy("fake://in/../a")
    assert copy("fake://in/../a", allow_dot_segments=True)
    with pytest.raises(InvalidPathError, match="above the store's 1024"):
        copy("fake://in/" + "a" * 1025)


def test_other_doors_take_no_copy(registry_of):
    registry_of(
        {"fake": fakes.backend(grant=fakes.granting, session=fakes.FakeSession, form=fakes.forming)}
    )
    with pytest.raises(InvalidRequestError, match="copy_source describes one object"):
        daypass.create_signed_prefix("fake://out/", method="PUT", copy_source=SOURCE)
    for strict in (True, False):
        with pytest.raises(UnsupportedOptionError, match="has no parts: leave copy_source out"):
            daypass.create_multipart_upload(COPY, size=10**8, copy_source=SOURCE, strict=strict)
    with pytest.raises(InvalidRequestError, match="copy_source"):
        daypass.create_upload_form(COPY, copy_source=SOURCE)


def test_a_backend_that_does_not_copy_refuses_by_name(registry_of):
    able = fakes.EVERY_CONDITION - {"copy_source"}
    registry_of({"fake": fakes.backend(enforces=able)})
    for strict in (True, False):
        with pytest.raises(UnsupportedOptionError, match="fake cannot enforce copy_source"):
            copy(strict=strict)


def test_no_answer_copies_what_nobody_was_asked_about(registry_of):
    def sign(location, request):
        return fakes.honest(location, request, headers={"X-Fake-Copy-Source": "in/secret"})

    registry_of({"fake": fakes.backend(sign)})
    with pytest.raises(PluginError, match="for which nobody asked"):
        daypass.create_signed_url(COPY, method="PUT", signing_time=NOW)
    assert copy().headers


# Profiles.


def profile(monkeypatch, name, url):
    monkeypatch.setenv(f"DAYPASS_PROFILES__{name.upper()}__URL", url)


def test_below_a_profile_the_source_is_named_by_the_same(fake, monkeypatch, told):
    profile(monkeypatch, "maps", "fake://bucket/root")
    profile(monkeypatch, "other", "fake://bucket/other")
    assert copy("daypass://maps/a", "daypass://maps/b").path == "fake://bucket/root/b"
    assert [event.copy_source for event in told] == ["fake://bucket/root/a"]
    for source in ("daypass://other/a", "fake://bucket/root/a", "fake://elsewhere/a"):
        with pytest.raises(InvalidRequestError, match="write daypass://maps/key") as caught:
            copy(source, "daypass://maps/b")
        assert caught.value.option == "copy_source"


def test_no_error_shows_a_login(fake):
    with pytest.raises(InvalidRequestError, match="without a login") as caught:
        copy(f"fake://user:{SECRET}@in/a")
    assert SECRET not in str(caught.value)
