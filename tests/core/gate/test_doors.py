"""One way leads to a backend: check, authorize, call, judge the answer, record."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from itertools import count
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import daypass
from daypass.errors import (
    DaypassError,
    InvalidExpiryError,
    InvalidPathError,
    InvalidRequestError,
    ObjectNotFoundError,
    PluginError,
    ShortLivedURLError,
    ShortLivedURLWarning,
    SigningNotSupportedError,
    StoreError,
    UnsupportedOptionError,
)
from daypass.gate import check
from daypass.hookspecs import SigningEvent, hookimpl
from tests.core.fakes import EVERY_CONDITION, NOW, SECRET, backend, honest
from tests.core.values import ODD_KEYS, is_path

PATH = "fake://bucket/key"


def sign(path=PATH, **options):
    return daypass.create_signed_url(path, **{"signing_time": NOW, **options})


def answering(**changes):
    """Make a backend whose answer differs from an honest one."""
    return backend(lambda location, request: honest(location, request, **changes))


def test_an_honest_answer_is_handed_out_as_it_is(fake):
    link = sign(headers={"X-A": "1"}, expires_in="15m")
    (location, request), = fake.seen  # fmt: skip
    assert honest(location, request) == link
    assert NOW + timedelta(minutes=15) == link.expires_at


def test_the_backend_gets_a_request_whose_clock_is_fixed(fake):
    sign(expires_in="15m")
    request = fake.seen[0][1]
    assert (NOW, 900, NOW + timedelta(minutes=15)) == (
        request.signing_time,
        request.expires_in,
        request.expires_at,
    )


def test_the_clock_is_read_once_per_signature(fake, monkeypatch):
    readings = []

    def clock():
        readings.append("read")
        return NOW.timestamp() + 0.9

    monkeypatch.setattr(check.time, "time", clock)
    link = daypass.create_signed_url(PATH)
    assert readings == ["read"]
    assert NOW + timedelta(hours=1) == link.expires_at


def test_the_same_request_is_resolved_anew_in_the_next_second(fake, monkeypatch):
    store = daypass.Store("fake://bucket")
    asked = []
    start = NOW.timestamp()
    for moment in (start, start + 0.5, start + 1):
        monkeypatch.setattr(check.time, "time", lambda now=moment: now)
        store.create_signed_url("key", expires_in=60)
        asked.append(fake.seen[-1][1])
    first, same, last = asked
    assert same is first
    assert last.expires_at == first.expires_at + timedelta(seconds=1)
    store.create_signed_url("key", expires_in=61)
    assert fake.seen[-1][1].expires_at == last.expires_at + timedelta(seconds=1)


@pytest.mark.parametrize("key", ODD_KEYS)
def test_an_odd_key_reaches_the_backend_exactly_as_stored(fake, key):
    link = sign(f"fake://bucket/{key}")
    assert key == fake.seen[0][0].key
    assert link.url.partition("?")[0].endswith("/" + quote(key, safe="/~"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(key=st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=300))
def test_any_key_is_signed_exactly_as_stored_or_refused(fake, key):
    fake.seen.clear()
    try:
        daypass.Store("fake://bucket").create_signed_url(key, signing_time=NOW)
    except InvalidPathError:
        too_long = len(key.encode()) > 1024
        assert not key or too_long or is_path(key) or {".", ".."} & set(key.split("/"))
        return
    assert key == fake.seen[0][0].key


@pytest.mark.parametrize(
    "path",
    ["fake://bucket", "fake://bucket/", "fake://bucket/a/../b", "fake://bucket/.",
     "fake://bucket/" + "é" * 513],
    ids=count(),
)  # fmt: skip
def test_a_key_that_cannot_be_signed_never_reaches_the_backend(fake, path):
    with pytest.raises(InvalidPathError):
        sign(path)
    assert fake.seen == []


def test_dot_segments_are_signed_as_stored_where_the_caller_insists(fake):
    assert "/a/../b?" in sign("fake://bucket/a/../b", allow_dot_segments=True).url


def test_seven_days_to_the_second_are_accepted_and_one_more_is_refused(fake):
    assert NOW + timedelta(days=7) == sign(expires_in="7d").expires_at
    assert NOW + timedelta(days=7) == sign(expires_at=NOW + timedelta(days=7)).expires_at
    for options in (
        {"expires_in": 604_801},
        {"expires_at": NOW + timedelta(days=7, seconds=1)},
        {"expires_in": "7d1s"},
    ):
        with pytest.raises(InvalidExpiryError, match="above the 7 days"):
            sign(**options)
    assert len(fake.seen) == 2


@pytest.mark.parametrize("method", ["PUT", "DELETE", "HEAD"])
def test_a_method_beyond_the_backend_is_refused_naming_those_it_has(registry_of, method):
    registry_of({"fake": backend(methods=("GET",))})
    with pytest.raises(UnsupportedOptionError, match="it signs GET") as caught:
        sign(method=method)
    assert (
        caught.value.option,
        caught.value.backend,
        caught.value.alternatives,
    ) == ("method", "fake", ("GET",))


@pytest.mark.parametrize("module", [{"sign": None}, {"methods": ()}])
def test_a_backend_that_cannot_sign_says_why(registry_of, module):
    registry_of({"fake": backend(**module, why_not="it has no server; copy it")})
    with pytest.raises(NotImplementedError, match="it has no server; copy it") as caught:
        sign()
    assert isinstance(caught.value, SigningNotSupportedError)


def test_a_backend_that_cannot_sign_says_so_whatever_else_was_asked(registry_of):
    registry_of({"fake": backend(sign=None, enforces=(), versions=False)})
    for options in ({"filename": "a"}, {"version": "1"}, {"method": "PUT", "if_absent": True}):
        with pytest.raises(SigningNotSupportedError):
            sign(**options)


RESTRICTIONS = {
    "content_md5": {"method": "PUT", "content_md5": b"x" * 16},
    "content_length": {"method": "PUT", "content_length": 0},
    "max_bytes": {"method": "PUT", "max_bytes": 0},
    "if_absent": {"method": "PUT", "if_absent": True},
    "checksum_sha256": {"method": "PUT", "checksum_sha256": b"x" * 32},
    "starts_at": {"starts_at": NOW},
    "ip_range": {"ip_range": "192.0.2.1"},
    "https_only": {"https_only": True},
    "max_uses": {"max_uses": 1},
    "referrers": {"referrers": "example.org"},
}


@pytest.mark.parametrize("option", RESTRICTIONS)
def test_a_restriction_the_backend_cannot_enforce_is_refused_naming_who_can(registry_of, option):
    weak, able = backend(enforces=EVERY_CONDITION - {option}), backend(name="able")
    registry_of({"fake": weak, "able": able, "broken": backend(describe=lambda: None)})
    with pytest.raises(
        UnsupportedOptionError, match=rf"{option}: able can.*strict=False"
    ) as caught:
        sign(**RESTRICTIONS[option])
    assert (option, "fake", ("able",)) == (
        caught.value.option,
        caught.value.backend,
        caught.value.alternatives,
    )
    assert weak.seen == []


@pytest.mark.parametrize("option", RESTRICTIONS)
def test_a_restriction_the_caller_waives_is_named_and_not_asked_for(registry_of, option):
    weak = backend(enforces=EVERY_CONDITION - {option})
    registry_of({"fake": weak})
    link = sign(**RESTRICTIONS[option], strict=False)
    assert {option} == link.unenforced
    assert option not in weak.seen[0][1].conditions


@pytest.mark.parametrize("option", ["acl", "requester_pays", "headers", "filename", "stable_for"])
def test_what_shapes_a_request_is_refused_even_where_restrictions_are_waived(registry_of, option):
    registry_of({"fake": backend(enforces=EVERY_CONDITION - {option})})
    value = {"acl": "private", "requester_pays": True, "headers": {"x-a": "1"}, "filename": "a",
             "stable_for": 60}[option]  # fmt: skip
    with pytest.raises(UnsupportedOptionError, match=option):
        sign(method="PUT" if option == "acl" else "GET", strict=False, **{option: value})


def test_signing_time_and_stable_for_are_core_or_capability_but_never_ignored(fake):
    assert (
        sign(signing_time=NOW + timedelta(seconds=59), stable_for=60).expires_at
        - (timedelta(hours=1))
        == NOW
    )


@pytest.mark.parametrize("silent", [frozenset(), frozenset({"metadata"})])
def test_what_describes_an_upload_and_is_not_enforced_must_be_named(registry_of, silent):
    weak = backend(
        lambda location, request: honest(location, request, unenforced=silent),
        enforces=EVERY_CONDITION - {"content_type"},
    )
    registry_of({"fake": weak})
    with pytest.raises(PluginError, match="no word in unenforced of content_type"):
        sign(method="PUT", content_type="text/csv")


def test_md5_metadata_of_a_waived_md5_is_named_and_not_dropped_in_silence(registry_of):
    weak = backend(enforces=EVERY_CONDITION - {"content_md5"})
    registry_of({"fake": weak})
    link = sign(method="PUT", content_md5=b"x" * 16, add_content_md5_metadata=True, strict=False)
    assert weak.seen[0][1].object_metadata or "add_content_md5_metadata" in link.unenforced


@pytest.mark.parametrize("option", ["version", "public_endpoint"])
def test_what_the_backend_does_not_have_is_refused(registry_of, option):
    registry_of({"fake": backend(versions=False, public_endpoint=False)})
    value = {"version": "v1", "public_endpoint": "http://localhost:1"}[option]
    with pytest.raises(UnsupportedOptionError) as caught:
        sign(**{option: value})
    assert option == caught.value.option


def test_a_version_names_an_object_that_exists(fake):
    assert (sign(version="v1"), fake.seen[0][0].version)[1] == "v1"
    with pytest.raises(InvalidRequestError, match="not PUT"):
        sign(version="v1", method="PUT")


LATER = NOW + timedelta(hours=1, seconds=1)
WRONG = {
    "another key": {"url": "https://bucket.fake.example/other?s=1"},
    "a longer key": {"url": "https://bucket.fake.example/another-key?s=1"},
    "key in the query": {"url": "https://bucket.fake.example/?/key"},
    "key in the fragment": {"url": "https://bucket.fake.example/x#/key"},
    "line break in the URL": {"url": "https://h/\r\nX:y/key?s=1"},
    "line break in the query": {"url": "https://h/key?s=1\r\nX: y"},
    "trailing line break": {"url": "https://h/key?s=1\n"},
    "user info": {"url": "https://user:pass@h/key?s=1"},
    "user": {"url": "https://bucket@evil/key?s=1"},
    "backslash": {"url": "https://h\\evil/key?s=1"},
    "space": {"url": "https://h/key?a b"},
    "not ASCII": {"url": "https://h\u00f6st/key?s=1"},
    "surrogate": {"url": "https://h/key?\ud800"},
    "no host": {"url": "https:///key?s=1"},
    "port out of range": {"url": "https://h:99999/key?s=1"},
    "Arabic port": {"url": "https://h:\u0669/key?s=1"},
    "another scheme": {"url": "ftp://h/key?s=1"},
    "a script": {"url": "javascript:alert(1)//key"},
    "half an escape": {"url": "https://h/key?s=%zz"},
    "no URL": {"url": None},
    "bytes": {"url": b"https://h/key"},
    "empty": {"url": ""},
    "wrong method": {"method": "PUT"},
    "permits nothing": {"permits": frozenset()},
    "permits another method": {"permits": frozenset({"PUT"})},
    "permits is None": {"permits": None},
    "permits is a number": {"permits": 5},
    "permits is text": {"permits": "GET,PUT"},
    "later end": {"expires_at": LATER},
    "end at once": {"expires_at": NOW},
    "end in the past": {"expires_at": NOW - timedelta(days=1)},
    "naive end": {"expires_at": datetime(2026, 11, 23, 12, 30)},
    "end in another zone": {"expires_at": (NOW + timedelta(minutes=1)).astimezone(timezone(timedelta(hours=2)))},
    "end is None": {"expires_at": None},
    "end is text": {"expires_at": "2026-11-23T12:30:00Z"},
    "another backend": {"backend": "other"},
    "another path": {"path": "fake://bucket/other"},
    "line break in a header": {"headers": {"x-a": "1\r\nx-b: 2"}},
    "line break in a header's name": {"headers": {"x-a\n": "1"}},
    "header that is no text": {"headers": {"x-a": 1}},
    "headers are None": {"headers": None},
    "headers are a list": {"headers": [("a", "b")]},
    "unenforced is a list": {"unenforced": ["x"]},
    "unenforced is None": {"unenforced": None},
    "no reason": {"expires_because": None},
}  # fmt: skip


@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_answer_is_the_plugins_fault_and_no_url_leaves(registry_of, kind):
    registry_of({"fake": answering(**WRONG[kind])})
    with pytest.raises(PluginError) as caught:
        sign(expires_in="1h")
    assert caught.value.plugin == "fake_backend_fake"
    assert "fake_backend_fake" in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "query", ["s=1", "x-job=43", "X-Job=42", "x-job=42&x-job=43", "y=x-job%3D42"]
)
def test_a_link_without_the_parameters_that_were_asked_for_is_the_plugins_fault(registry_of, query):
    registry_of({"fake": answering(url=f"https://bucket.fake.example/key?{query}")})
    with pytest.raises(PluginError, match="does not carry the parameters"):
        sign(query={"x-job": "42"})


@pytest.mark.parametrize("answer", [None, "https://h/key", {}, 5, SigningEvent])
def test_an_answer_of_another_type_is_the_plugins_fault(registry_of, answer):
    registry_of({"fake": backend(lambda location, request: answer)})
    with pytest.raises(PluginError, match="not a SignedURL"):
        sign()


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("https://localhost:9000/bucket/key", "https://localhost:9000"),
        ("https://bucket.localhost:9000/key", "https://localhost:9000"),
        ("https://CDN.example/key", "https://cdn.example"),
        ("https://cdn.example/key", "https://cdn.example:443"),
        ("http://cdn.example:80/key", "http://cdn.example"),
        ("https://cdn.example/base/bucket/key", "https://cdn.example/base"),
    ],
)
def test_a_host_at_or_below_the_public_endpoint_is_right(registry_of, url, endpoint):
    registry_of({"fake": answering(url=url)})
    assert url == sign(public_endpoint=endpoint).url


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("https://evil.example/key", "https://cdn.example"),
        ("https://evilcdn.example/key", "https://cdn.example"),
        ("https://cdn.example.evil/key", "https://cdn.example"),
        ("http://cdn.example/key", "https://cdn.example"),
        ("https://cdn.example:444/key", "https://cdn.example"),
        ("https://cdn.example/other/key", "https://cdn.example/base"),
        ("https://cdn.example/basement/key", "https://cdn.example/base"),
    ],
)
def test_any_other_host_than_the_public_endpoints_is_wrong(registry_of, url, endpoint):
    registry_of({"fake": answering(url=url)})
    with pytest.raises(PluginError, match="public endpoint"):
        sign(public_endpoint=endpoint)


@pytest.mark.parametrize("error", [KeyError("x"), AttributeError("x"), ValueError(SECRET),
                                   RecursionError(), UnicodeError(), OverflowError(), OSError(),
                                   NotImplementedError()], ids=count())  # fmt: skip
def test_what_a_backend_raises_becomes_a_daypass_error_without_its_text(registry_of, error):
    def broken(*_args):
        raise error

    registry_of({"fake": backend(broken, broken)})
    with pytest.raises(PluginError, match=type(error).__name__) as caught:
        sign()
    assert error is caught.value.__cause__
    assert SECRET not in str(caught.value)
    with pytest.raises(StoreError, match=type(error).__name__) as read:
        daypass.head_metadata(PATH)
    assert SECRET not in str(read.value)


@pytest.mark.parametrize("error", [InvalidRequestError("x"), ObjectNotFoundError("x")])
def test_a_daypass_error_of_a_backend_passes_as_it_is(registry_of, error):
    def refusing(*_args):
        raise error

    registry_of({"fake": backend(refusing, refusing)})
    for ask in (sign, lambda: daypass.head_metadata(PATH)):
        with pytest.raises(type(error)) as caught:
            ask()
        assert error is caught.value


@pytest.mark.parametrize("answer", [None, {}, "x"])
def test_metadata_of_another_type_is_the_plugins_fault(registry_of, answer):
    registry_of({"fake": backend(head=lambda location: answer)})
    with pytest.raises(PluginError, match="not an ObjectMetadata"):
        daypass.head_metadata(PATH)


def test_metadata_of_a_version_needs_a_backend_with_versions(registry_of):
    registry_of({"fake": backend(versions=False)})
    with pytest.raises(UnsupportedOptionError):
        daypass.head_metadata(PATH, version="v1")


EARLY = {
    "expires_at": NOW + timedelta(minutes=5),
    "expires_because": "the session token ends first",
}


def test_a_link_that_ends_early_warns_where_it_was_asked_for(registry_of):
    registry_of({"fake": answering(**EARLY)})
    with pytest.warns(ShortLivedURLWarning, match="session token ends first") as caught:
        link = sign()
    assert EARLY["expires_at"] == link.expires_at
    assert SECRET not in str(caught[0].message)


@pytest.mark.parametrize(
    "face",
    [
        lambda: daypass.create_signed_url(PATH, signing_time=NOW),
        lambda: daypass.Store("fake://bucket").create_signed_url("key", signing_time=NOW),
    ],
    ids=["function", "Store"],
)
def test_the_warning_points_at_the_callers_line(registry_of, face):
    registry_of({"fake": answering(**EARLY)})
    with pytest.warns(ShortLivedURLWarning) as caught:
        face()
    assert __file__ == caught[0].filename


def test_a_link_that_ends_early_is_an_error_where_the_caller_says_so(registry_of):
    registry_of({"fake": answering(**EARLY)})
    with pytest.raises(ShortLivedURLError, match="session token ends first") as caught:
        sign(on_short="raise")
    assert SECRET not in str(caught.value)


def test_an_earlier_end_needs_a_reason(registry_of):
    registry_of({"fake": answering(expires_at=EARLY["expires_at"])})
    with pytest.raises(PluginError):
        sign()


def test_every_error_of_the_gate_is_a_daypass_error(registry_of):
    module = backend()
    module.describe_backend = hookimpl(lambda: 1 / 0)
    registry_of({"fake": module})
    with pytest.raises(DaypassError):
        sign()


def test_where_a_links_service_can_it_is_said_how_it_is_asked(registry_of):
    able = backend(name="links", enforces=EVERY_CONDITION)
    registry_of({"fake": backend(enforces=()), "able": able})
    with pytest.raises(UnsupportedOptionError, match="links can \\(signer='links'"):
        daypass.create_signed_url("fake://team/inbox/a", method="PUT", max_bytes=5)
