"""Policy and audit stand before every link of an upload in parts, and before its completion."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import pytest

import daypass
from daypass import (
    AuditError,
    InvalidRequestError,
    PluginError,
    Policy,
    PolicyError,
    RefusedError,
    Rule,
    ShortLivedURLWarning,
    UploadedPart,
)
from daypass.policy import in_force
from tests.core import fakes
from tests.core.fakes import FakeSession
from tests.core.store.parts import begin

pytestmark = pytest.mark.usefixtures("nothing_stored")


def test_policy_is_asked_and_the_audit_told_of_every_link(registry_of):
    seen = []
    hooks = {
        "authorize": lambda event: seen.append(("authorize", event.action, event.method)),
        "record": lambda event: seen.append((event.action, event.count, event.url_sha256)),
    }
    registry_of({"fake": fakes.backend(session=FakeSession)}, [fakes.plugin(**hooks)])
    upload = begin(caller="ann")
    link = upload.part(1)
    upload.complete({1: "a", 2: "b", 3: "c"})
    name = "create_multipart_upload"
    assert seen == [
        ("authorize", name, "PUT"),
        (name, 0, None),
        ("authorize", name, "PUT"),
        (name, 1, hashlib.sha256(link.url.encode()).hexdigest()),
    ]


def test_the_caller_is_told_of_every_step(registry_of):
    callers = []
    hooks = {
        "authorize": lambda event: callers.append(event.caller),
        "record": lambda event: callers.append(event.caller),
    }
    registry_of({"fake": fakes.backend(session=FakeSession)}, [fakes.plugin(**hooks)])
    begin(caller="ann").part(1)
    daypass.Store("fake://bucket", caller="bob").create_multipart_upload("k", size=5).part(1)
    assert callers == ["ann"] * 4 + ["bob"] * 4
    begin().part(1)
    assert callers[8:] == [None] * 4


def test_a_refused_upload_never_begins(registry_of):
    def authorize(event):
        raise PermissionError

    registry_of({"fake": fakes.backend(session=FakeSession)}, [fakes.plugin(authorize=authorize)])
    with pytest.raises(RefusedError):
        begin()
    assert FakeSession.stored == {}
    with pytest.raises(RefusedError):
        daypass.resume_multipart_upload("fake://bucket/k", "upload-1", size=5)


def test_an_upload_that_cannot_be_recorded_is_taken_back(registry_of):
    def record(event):
        raise OSError

    registry_of({"fake": fakes.backend(session=FakeSession)}, [fakes.plugin(record=record)])
    with pytest.raises(AuditError):
        begin()
    assert FakeSession.stored == {}


def test_a_part_that_cannot_be_recorded_has_no_link(registry_of):
    def record(event):
        if event.count:
            raise OSError

    registry_of({"fake": fakes.backend(session=FakeSession)}, [fakes.plugin(record=record)])
    upload = begin()
    with pytest.raises(AuditError):
        upload.part(1)


def test_a_policy_holds_every_part_to_what_the_whole_was_asked(uploader, monkeypatch):
    rule = Rule(
        name="small-csv",
        paths=["fake://bucket/**"],
        methods=["PUT"],
        content_types=["text/csv"],
        max_bytes=30,
        max_expires_in="2m",
        on_longer="clamp",
    )
    monkeypatch.setattr(in_force, "_application", [])
    daypass.set_policy(Policy(rules=[rule]))
    upload = begin(content_type="text/csv", expires_in="10m")
    with pytest.warns(ShortLivedURLWarning, match="small-csv"):
        link = upload.part(1)
    assert link.expires_at <= datetime.now(UTC) + timedelta(minutes=2)
    for options in ({}, {"content_type": "text/csv", "size": 31}):
        with pytest.raises(PolicyError):
            begin(**options)
    with pytest.raises(PolicyError):
        daypass.resume_multipart_upload("fake://bucket/k", "upload-1", size=25)
    assert len(FakeSession.stored) == 1


@pytest.fixture
def thirty_bytes(uploader, monkeypatch):
    monkeypatch.setattr(in_force, "_application", [])
    rule = Rule(name="small", paths=["fake://**"], methods=["PUT"], max_bytes=30)
    daypass.set_policy(Policy(rules=[rule]))


def upload_of_two_plans():
    """Have the parts 1 and 2 of one plan in the store, and the part 3 of another: 40 bytes where 30 are allowed."""
    upload = begin(size=30, part_size=10)
    other = daypass.resume_multipart_upload(
        "fake://bucket/k", upload.upload_id, size=30, part_size=15
    )
    for one, number in ((other, 1), (other, 2), (upload, 3)):
        one.part(number)
    return upload, other


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        (None, "part 1 must have 10 bytes, and the store has 15"),
        ({1: "etag-1", 2: "etag-2", 3: "etag-3"}, "must have 10 bytes"),
        ([UploadedPart(number=n, size=10, etag=f"etag-{n}") for n in (1, 2, 3)], "must have 10"),
        ({1: "etag-1", 2: "another", 3: "etag-3"}, "no part 2 with that ETag"),
    ],
    ids=["the store's list", "ETags", "sizes that are not true", "an ETag of before"],
)
@pytest.mark.usefixtures("thirty_bytes")
def test_a_rule_of_a_size_is_not_passed_by_parts_of_another_plan(parts, words):
    upload, other = upload_of_two_plans()
    with pytest.raises(InvalidRequestError, match=words):
        upload.complete(parts)
    with pytest.raises(InvalidRequestError, match="no part 3"):
        other.complete()
    assert other.complete({1: "etag-1", 2: '"etag-2"'}).etag == "etag-1+etag-2"  # 30 bytes


@pytest.mark.usefixtures("thirty_bytes")
def test_a_store_that_tells_no_sizes_completes_nothing_under_a_rule_of_a_size(monkeypatch):
    upload = begin(size=5, part_size=10)
    upload.part(1)
    monkeypatch.setattr(FakeSession, "list_parts", lambda *_: [UploadedPart(number=1, etag="a")])
    with pytest.raises(InvalidRequestError, match="does not say how large part 1 is"):
        upload.complete({1: "a"})


@pytest.fixture
def with_headers(registry_of, monkeypatch):
    """Begin an upload whose session says some headers, under a rule for uploads."""
    monkeypatch.setattr(in_force, "_application", [])

    def begin_with(headers, **limits):
        in_force._application.clear()
        rule = Rule(name="puts", paths=["fake://bucket/**"], methods=["PUT"], **limits)
        daypass.set_policy(Policy(rules=[rule]))
        session = type("Own", (FakeSession,), {"headers": lambda _: headers})
        registry_of({"fake": fakes.backend(session=session)})
        return begin()

    monkeypatch.setattr(FakeSession, "stored", {})
    return begin_with


def test_what_settings_add_to_an_object_in_parts_is_held_to_the_rule(with_headers):
    public = {"x-amz-acl": "public-read"}
    with pytest.raises(PolicyError, match=r'acls = \["private", "public-read"\]'):
        with_headers(public)
    assert FakeSession.stored == {}
    assert with_headers(public, acls=["public-read"])


@pytest.mark.parametrize("headers", [None, [], {"a": 1}, {1: "a"}])
def test_headers_of_a_session_that_are_none_are_the_plugins_fault(with_headers, headers):
    with pytest.raises(PluginError, match=r"headers of a multipart upload .*returned"):
        with_headers(headers)
    assert FakeSession.stored == {}
