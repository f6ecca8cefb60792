"""Every action passes the policy, before the backend and before every plugin."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import daypass
from daypass.errors import PolicyError, RefusedError, ShortLivedURLWarning
from daypass.policy import Rule
from daypass.policy import in_force as force
from daypass.policy.enforcer import Enforcer
from tests.core.fakes import NOW, SECRET, backend, granting, honest, plugin

PATH = "fake://bucket/data/a"
READ = {"name": "read", "paths": ["fake://bucket/data/**"], "methods": ["GET"]}
WRITE = {"name": "write", "paths": ["fake://bucket/**"], "methods": ["PUT"]}


def sign(path=PATH, **options):
    return daypass.create_signed_url(path, **{"signing_time": NOW, **options})


def refused(path=PATH, **options):
    with pytest.raises(PolicyError) as caught:
        sign(path, **options)
    assert isinstance(caught.value, PermissionError)
    assert isinstance(caught.value, RefusedError)
    assert SECRET not in str(caught.value)
    return caught.value


def _listener(told):
    def listen(event):
        told.append(event)

    return listen


def test_the_first_rule_that_matches_decides(fake, in_force):
    in_force({"name": "no", "effect": "deny", "paths": ["fake://bucket/data/b"]}, READ)
    assert sign().path == PATH
    error = refused("fake://bucket/data/b")
    assert (error.rule, error.nearest) == ("no", None)
    assert len(fake.seen) == 1


def test_what_no_rule_matches_is_refused_naming_the_nearest(fake, in_force):
    in_force(READ)
    error = refused(method="PUT")
    assert error.rule is None
    assert error.asked == f"PUT on {PATH}"
    assert error.nearest == "rule 'read' allows GET on fake://bucket/data/**"
    assert error.nearest in str(error)
    assert fake.seen == []


def test_a_policy_without_rules_refuses_everything(fake, in_force):
    in_force()
    refused()


def test_the_path_is_compared_as_it_stands(fake, in_force):
    in_force(READ)
    for key in ("data", "Data/a", "data%2Fa", "/data/a", "dat\u0430/a", "data/../data2/a"):
        refused(f"fake://bucket/{key}", allow_dot_segments=True)


def test_no_wildcard_stands_for_a_dot_segment(fake, in_force):
    in_force(READ, {"name": "odd", "paths": ["fake://bucket/odd/../**"], "methods": ["GET"]})
    refused("fake://bucket/data/../secret", allow_dot_segments=True)
    refused("fake://bucket/data/./x", allow_dot_segments=True)
    assert sign("fake://bucket/odd/../x", allow_dot_segments=True)
    store = daypass.Store("fake://bucket")
    batch = store.create_signed_urls(
        ["data/a", "data/../b", "odd/../x"], allow_dot_segments=True, errors="collect"
    )
    assert list(batch.errors) == [1]


@pytest.mark.parametrize(
    ("key", "method"),
    [
        ("/secret/a", "GET"),
        ("//secret/a", "GET"),
        ("pub//a", "GET"),
        ("pub/a//", "PUT"),
        ("two//../x", "GET"),
        ("two//a//b", "GET"),
        ("up/../../x", "GET"),
        ("pub/../secret/", "LIST"),
        ("pub/..", "LIST"),
        ("pub//", "LIST"),
        ("/", "LIST"),
    ],
)
def test_no_wildcard_stands_for_a_segment_that_is_taken_out(fake, in_force, key, method):
    paths = ["fake://bucket/**", "fake://bucket/two//**", "fake://bucket/up/../**"]
    methods = ["GET", "PUT", "LIST"]
    in_force({"name": "all", "paths": paths, "methods": methods, "prefixes": True})
    refused(f"fake://bucket/{key}", method=method, allow_dot_segments=True)
    if method != "LIST":
        store = daypass.Store("fake://bucket")
        keys = ["pub/a", key, "two//a", "up/../a"]
        batch = store.create_signed_urls(
            keys, method=method, allow_dot_segments=True, errors="collect"
        )
        assert list(batch.errors) == [1]


def test_a_pattern_of_another_protocol_spells_nothing_out(registry_of, in_force):
    registry_of({"fake": backend(), "other": backend()})
    paths = ["fake://bucket/**", "other://bucket/a//**"]
    in_force({"name": "all", "paths": paths, "methods": ["GET"]})
    assert sign("other://bucket/a//b")
    refused("fake://bucket/a//b")


def test_other_words_for_the_protocol_are_the_same_store(registry_of, in_force):
    module = backend()
    registry = registry_of({"fake": module, "other": backend()})
    registry.claims()["fakes"] = registry.claims()["fake"]
    in_force({"name": "no", "effect": "deny", "paths": ["fake://bucket/secret/**"]},
             {"name": "rest", "paths": ["**"], "methods": ["GET"]})  # fmt: skip
    assert refused("fakes://bucket/secret/x").rule == "no"
    assert sign("other://bucket/secret/x").path == "other://bucket/secret/x"


def test_an_account_in_the_path_does_not_dodge_a_denial(fake, in_force):
    in_force({"name": "no", "effect": "deny", "paths": ["fake://bucket/secret/**"]},
             {"name": "rest", "paths": ["**"], "methods": ["GET"]})  # fmt: skip
    assert refused("fake://bucket@account/secret/x").rule == "no"
    store = daypass.Store("fake://bucket@account")
    with pytest.raises(PolicyError):
        store.create_signed_urls(["a", "secret/x"])


def test_callers_are_matched_and_who_does_not_say_is_nobody(fake, in_force):
    in_force({**READ, "callers": ["team/*"]})
    assert sign(caller="team/ann")
    for caller in (None, "team/a/b", "Team/ann", "ann"):
        refused(caller=caller)


@pytest.mark.parametrize("caller", [5, b"team/ann", ["team/ann"], "team/" + "a" * 1020])
def test_a_caller_is_a_text_of_bounded_length(fake, in_force, caller):
    in_force({**READ, "callers": ["team/*"]})
    with pytest.raises(daypass.InvalidRequestError, match="caller"):
        sign(caller=caller)


def test_a_longer_link_is_refused_with_the_length_that_is_allowed(fake, in_force):
    in_force({**READ, "max_expires_in": "1h"})
    assert sign(expires_in="1h").expires_at == NOW + timedelta(hours=1)
    error = refused(expires_in=3601)
    assert (error.rule, error.nearest) == ("read", "expires_in=3600")
    assert "3601 s" in error.asked
    refused(expires_at=NOW + timedelta(hours=1, seconds=1))


def test_a_longer_link_is_clamped_says_so_and_warns(fake, in_force):
    in_force({**READ, "max_expires_in": "1h", "on_longer": "clamp"})
    with pytest.warns(
        ShortLivedURLWarning, match="rule 'read' of the policy allows 1 hour"
    ) as told:
        link = sign(expires_in="1d")
    assert told[0].filename == __file__
    assert link.expires_at == NOW + timedelta(hours=1)
    assert link.expires_because == "rule 'read' of the policy allows 1 hour at most"
    assert fake.seen[0][1].expires_at == link.expires_at


def test_a_credential_that_ends_before_the_clamp_gives_the_reason(registry_of, in_force):
    early = {"expires_at": NOW + timedelta(minutes=5), "expires_because": "the token ends"}
    registry_of({"fake": backend(lambda location, request: honest(location, request, **early))})
    in_force({**READ, "max_expires_in": "1h", "on_longer": "clamp"})
    with pytest.warns(ShortLivedURLWarning, match="the token ends"):
        assert sign(expires_in="1d").expires_because == "the token ends"


@pytest.mark.parametrize("options", [{"on_short": "raise"}, {"stable_for": "1h"},
                                     {"starts_at": NOW + timedelta(hours=2)}])  # fmt: skip
def test_a_clamp_that_would_make_a_dead_link_refuses(fake, in_force, options):
    in_force({**READ, "max_expires_in": "1h", "on_longer": "clamp"})
    assert refused(expires_in="1d", **options).nearest == "expires_in=3600"


def test_a_signing_time_in_the_future_gains_nothing(fake, in_force):
    in_force({**READ, "max_expires_in": "1h"})
    later = NOW + timedelta(days=300)
    refused(signing_time=later, expires_in=60)
    assert sign(signing_time=NOW + timedelta(minutes=10), expires_in="50m")
    refused(signing_time=NOW + timedelta(minutes=10), expires_in="51m")


def test_without_a_signing_time_the_clock_is_the_processs(fake, in_force, clock):
    in_force({**READ, "max_expires_in": "1h"})
    clock.now = 0
    link = daypass.create_signed_url(PATH, expires_in="1h")
    assert link.expires_at - datetime.now(UTC) <= timedelta(hours=1)


def test_two_policies_must_both_consent(fake, in_force):
    in_force({**READ, "max_expires_in": "1h", "on_longer": "clamp"})
    in_force({**READ, "name": "second", "max_expires_in": "10m", "on_longer": "clamp"})
    with pytest.warns(ShortLivedURLWarning):
        assert sign(expires_in="1d").expires_at == NOW + timedelta(minutes=10)
    refused("fake://bucket/other")


LIMITS = {
    "require": ({"require": ["content_md5"]}, {"content_md5": b"x" * 16}, [{}]),
    "content_types": (
        {"content_types": ["image/*", "text/csv"]},
        {"content_type": "image/png"},
        [{}, {"content_type": "text/html"}, {"content_type": "text/csv; a/b"}],
    ),
    "max_bytes": (
        {"max_bytes": 10},
        {"max_bytes": 10},
        [{}, {"max_bytes": 11}, {"content_length": 11}],
    ),
    "a length for max_bytes": ({"max_bytes": 10}, {"content_length": 0}, [{}]),
    "https": ({"require": ["https_only"]}, {"https_only": True}, [{}, {"https_only": False}]),
    "uses": ({"require": ["max_uses"]}, {"max_uses": 1}, [{}, {"max_uses": None}]),
    "pages": ({"require": ["referrers"]}, {"referrers": "example.org"}, [{}]),
    "storage_class": ({"require": ["storage_class"]}, {"storage_class": "STANDARD_IA"}, [{}]),
    "tags": ({"require": ["tags"]}, {"tags": {"owner": "me"}}, [{}, {"tags": {}}]),
    "query": (
        {"require": ["query"], "query_names": ["x-job"]},
        {"query": {"x-job": "42"}},
        [{}, {"query": {"x-job": "42", "x-b": "1"}}],
    ),
    "ip_ranges": (
        {"ip_ranges": ["192.0.2.0/24", "2001:db8::/32"]},
        {"ip_range": "192.0.2.4-192.0.2.9"},
        [{}, {"ip_range": "192.0.3.1"}, {"ip_range": "192.0.2.9-192.0.3.1"},
         {"ip_range": "192.0.0.0/16"}, {"ip_range": "::1"}],
    ),
    "headers": (
        {"headers": {"X-Amz-Server-Side-Encryption": "aws:kms"}},
        {"headers": {"x-amz-server-side-encryption": "aws:kms", "if-match": "1"}},
        [{}, {"headers": {"x-amz-server-side-encryption": "AES256"}},
         {"headers": {"x-amz-server-side-encryption": "aws:kms", "x-b": "1"}}],
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", LIMITS)
def test_what_a_rule_requires_must_be_asked(fake, in_force, kind):
    limit, good, bad = LIMITS[kind]
    in_force({**WRITE, **limit})
    assert sign(method="PUT", **good)
    for options in bad:
        error = refused(method="PUT", **options)
        assert error.rule == "write"
        assert error.nearest


@pytest.mark.parametrize(
    "kind",
    [
        "require",
        "content_types",
        "max_bytes",
        "ip_ranges",
        "https",
        "storage_class",
        "tags",
        "query",
    ],
)
def test_what_a_rule_requires_cannot_be_waived(registry_of, in_force, kind):
    limit, good, _ = LIMITS[kind]
    option = next(iter(good))
    registry_of({"fake": backend(enforces=frozenset())})
    in_force({**WRITE, **limit})
    with pytest.raises((PolicyError, daypass.UnsupportedOptionError)):
        sign(method="PUT", strict=False, **good)
    weak = backend(
        lambda location, request: honest(location, request, unenforced=frozenset({option}))
    )
    registry_of({"fake": weak})
    assert "does not enforce" in refused(method="PUT", **good).asked or option == "max_bytes"


def test_response_options_are_those_that_the_rule_lists(fake, in_force):
    in_force({**READ, "response_options": ["filename"]})
    assert sign(filename="a.csv")
    error = refused(filename="a.csv", response_content_type="text/html")
    assert error.asked == "response_content_type"


def test_a_link_that_opens_more_than_the_rule_allows_does_not_leave(registry_of, in_force):
    wide = backend(
        lambda location, request: honest(
            location, request, permits=frozenset({"GET", "HEAD", "DELETE"})
        )
    )
    registry_of({"fake": wide})
    in_force(READ)
    assert "DELETE" in refused().asked


def grant(path="fake://bucket/data", **options):
    return daypass.create_signed_prefix(path, signing_time=NOW, **options)


@pytest.fixture
def granter(registry_of):
    module = backend(grant=granting)
    registry_of({"fake": module})
    return module


def test_a_grant_for_a_prefix_needs_a_rule_that_says_so(granter, in_force):
    in_force(READ)
    with pytest.raises(PolicyError, match="a grant for all below a prefix"):
        grant()
    in_force_again = Enforcer(daypass.Policy(rules=[Rule(**READ, prefixes=True)]))
    force._application[:] = [in_force_again]
    assert grant().path == "fake://bucket/data/"
    for path in ("fake://bucket", "fake://bucket/dat"):
        with pytest.raises(PolicyError):
            grant(path)


def test_a_grant_never_reaches_into_what_an_earlier_rule_decides(granter, in_force):
    in_force(
        {"name": "no", "effect": "deny", "paths": ["fake://bucket/data/secret/*"]},
        {**READ, "prefixes": True},
    )
    with pytest.raises(PolicyError, match="rule 'no'"):
        grant()
    assert grant("fake://bucket/data/open")


def test_a_listing_needs_a_rule_that_covers_all_that_it_names(fake, in_force):
    in_force({**READ, "methods": ["LIST", "GET"]})
    assert sign("fake://bucket/data/", method="LIST")
    assert sign("fake://bucket/data/2026", method="LIST")
    for path in ("fake://bucket/data", "fake://bucket/", "fake://bucket"):
        refused(path, method="LIST")


def test_a_listing_whose_prefix_nobody_enforces_does_not_leave(registry_of, in_force):
    loose = backend(
        lambda location, request: honest(location, request, unenforced=frozenset({"prefix"}))
    )
    registry_of({"fake": loose})
    in_force({**READ, "methods": ["LIST"]})
    assert "prefix" in refused("fake://bucket/data/", method="LIST").asked


def test_plugins_are_asked_after_the_policy_and_told_its_rule(registry_of, in_force):
    told = []
    registry_of({"fake": backend()}, [plugin(authorize=_listener(told))])
    in_force({**READ, "max_expires_in": "1h", "on_longer": "clamp"})
    refused("fake://bucket/other")
    assert told == []
    with pytest.warns(ShortLivedURLWarning):
        sign(expires_in="1d")
    assert (told[0].rule, told[0].expires_at) == ("read", NOW + timedelta(hours=1))


def test_a_plugin_that_agrees_opens_nothing(registry_of, in_force):
    registry_of({"fake": backend()}, [plugin(authorize=lambda event: True)])
    in_force(READ)
    refused(method="PUT")


def test_refusals_are_recorded_with_the_reason(registry_of, in_force):
    told = []

    def authorize(event):
        raise PermissionError(SECRET)

    registry_of({"fake": backend()}, [plugin(authorize=authorize, record=_listener(told))])
    in_force(READ)
    error = refused(method="PUT", caller="ann")
    with pytest.raises(RefusedError) as caught:
        sign()
    by_policy, by_plugin = told
    assert {event.decision for event in told} == {"refused"}
    assert (by_policy.reason, by_policy.rule, by_policy.caller) == (str(error), None, "ann")
    assert (by_plugin.reason, by_plugin.rule) == (str(caught.value), "read")
    assert all(event.url_sha256 is None for event in told)
    assert SECRET not in repr(told)


def test_many_keys_are_decided_one_by_one_and_signed_by_rule(fake, in_force):
    in_force(
        {"name": "no", "effect": "deny", "paths": ["fake://bucket/**/secret"]},
        {**READ, "max_expires_in": "1h", "on_longer": "clamp"},
        {"name": "rest", "paths": ["fake://bucket/other/**"], "methods": ["GET"]},
    )
    store = daypass.Store("fake://bucket")
    keys = ["other/a", "data/a", "data/secret", "else", "data/b", "other/b"]
    with pytest.warns(ShortLivedURLWarning):
        batch = store.create_signed_urls(keys, errors="collect", expires_in="2h", signing_time=NOW)
    assert {row: error.rule for row, error in batch.errors.items()} == {2: "no", 3: None}
    assert "data/secret" in str(batch.errors[2])
    assert "else" in str(batch.errors[3])
    assert [batch[row].path for row in (0, 1, 4, 5)] == [
        f"fake://bucket/{keys[row]}" for row in (0, 1, 4, 5)
    ]
    ends = [batch[row].expires_at - NOW for row in (0, 1, 4, 5)]
    assert ends == [timedelta(hours=n) for n in (2, 1, 1, 2)]
    assert "rule 'read'" in batch[1].expires_because
    assert batch[0].expires_because == "requested"


def test_the_first_refused_row_is_named_and_nothing_is_signed(fake, in_force):
    in_force(READ)
    with pytest.raises(PolicyError, match="row 1, ") as caught:
        daypass.create_signed_urls([PATH, "fake://bucket/x", "fake://bucket/y"])
    assert caught.value.row == 1
    assert fake.seen == []


def test_rows_that_are_listings_are_decided_each_by_itself(fake, in_force):
    in_force({**READ, "methods": ["LIST"]})
    batch = daypass.Store("fake://bucket").create_signed_urls(
        ["data/", "x/", "data/b"], method="LIST", errors="collect"
    )
    assert list(batch.errors) == [1]


def test_rows_that_the_backend_refuses_stand_beside_those_of_the_policy(registry_of, in_force):
    """Each row has its own fault, and each good one is signed and recorded once."""
    told = []

    def picky(location, request):
        if "bad" in location.key:
            msg = "no such prefix"
            raise daypass.InvalidRequestError(msg)
        return honest(location, request)

    registry_of({"fake": backend(picky)}, [plugin(record=_listener(told))])
    in_force({**READ, "methods": ["LIST"]})
    keys = ["data/a", "x", "data/bad", "data/b", "y", "data/bad2", "data/c"]
    batch = daypass.Store("fake://bucket").create_signed_urls(keys, method="LIST", errors="collect")
    kinds = {row: type(error).__name__ for row, error in batch.errors.items()}
    assert kinds == {
        1: "PolicyError",
        2: "InvalidRequestError",
        4: "PolicyError",
        5: "InvalidRequestError",
    }
    assert [batch[row].path for row in (0, 3, 6)] == [
        f"fake://bucket/{keys[row]}" for row in (0, 3, 6)
    ]
    allowed = [event.path for event in told if event.decision == "allowed"]
    assert allowed == ["fake://bucket/data/a", "fake://bucket/data/b", "fake://bucket/data/c"]
    assert len([event for event in told if event.decision == "refused"]) == 2


def test_rows_with_values_of_their_own_pass_the_policy_too(fake, in_force):
    in_force({**WRITE, "max_bytes": 5})
    store = daypass.Store("fake://bucket")
    batch = store.create_signed_urls(
        ["a", "b"], method="PUT", content_length=[5, 6], errors="collect"
    )
    assert list(batch.errors) == [1]


KEYS = st.lists(st.sampled_from(["data/a", "data/x/b", "data/x", "o", "data/secret", "x/data/a"]),
                min_size=1, max_size=6)  # fmt: skip
PATTERNS = st.sampled_from(
    [
        "fake://bucket/**",
        "fake://bucket/data/*",
        "fake://bucket/**/a",
        "*://**/x/**",
        "**",
        "no://**",
    ]
)
RULES = st.lists(
    st.tuples(PATTERNS, st.sampled_from(["allow", "deny"]), st.sampled_from(["GET", "PUT"])),
    max_size=4,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rules=RULES, keys=KEYS)
def test_many_are_decided_as_each_alone_is(fake, in_force, rules, keys):
    force._application.clear()
    in_force(*(
        {"name": str(n), "paths": [path], "effect": effect, "methods": [method]}
        for n, (path, effect, method) in enumerate(rules)
    ))  # fmt: skip
    store = daypass.Store("fake://bucket")
    batch = store.create_signed_urls(keys, errors="collect", signing_time=NOW)
    for row, key in enumerate(keys):
        try:
            alone = store.create_signed_url(key, signing_time=NOW)
        except PolicyError as error:
            assert (str(error), error.rule) == (str(batch.errors[row]), batch.errors[row].rule)
        else:
            assert alone == batch[row]
