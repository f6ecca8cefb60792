"""Uploads in parts: cut within the store's limits, and each link judged, told and recorded like any other."""

from __future__ import annotations

import asyncio
import hashlib
import inspect
import json
import pickle
from datetime import UTC, datetime, timedelta

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import daypass
from daypass import (
    AuditError,
    InvalidRequestError,
    ObjectNotFoundError,
    PartLimits,
    PluginError,
    Policy,
    PolicyError,
    RefusedError,
    Rule,
    ShortLivedURLWarning,
    SigningNotSupportedError,
    StoreError,
    UnsupportedOptionError,
    UploadedPart,
)
from daypass.hookspecs.parts import PartPlan, plan_parts
from daypass.policy import in_force
from tests.core import fakes
from tests.core.fakes import LIMITS, NOW, SECRET, FakeSession

MD5 = bytes(range(16))


@pytest.fixture(autouse=True)
def nothing_stored(monkeypatch):
    monkeypatch.setattr(FakeSession, "stored", {})


@pytest.fixture
def uploader(registry_of):
    module = fakes.backend(session=FakeSession)
    registry_of({"fake": module})
    return module


def begin(path="fake://bucket/k", *, size=25, part_size=10, **options):
    return daypass.create_multipart_upload(path, size=size, part_size=part_size, **options)


def every_step():
    upload = begin()
    upload.part(1)
    upload.list_parts()
    upload.complete({1: "a", 2: "b", 3: "c"})
    upload.abort()


@given(
    st.integers(1, 1 << 62),
    st.none() | st.integers(1, 1 << 45),
    st.sampled_from(
        [
            PartLimits(min_part_size=5 << 20, max_part_size=5 << 30, max_parts=10_000, max_size=1 << 53),
            PartLimits(min_part_size=1, max_part_size=4000 << 20, max_parts=50_000, max_size=1 << 46),
        ]
    ),
)  # fmt: skip
def test_an_object_is_cut_within_the_limits_or_refused(size, part_size, limits):
    try:
        plan = plan_parts(size, part_size, limits, "fake")
    except InvalidRequestError as error:
        largest = min(limits.max_size, limits.max_parts * limits.max_part_size)
        wrong = {"size": size > largest, "part_size": part_size is not None}
        assert wrong[error.option]
        return
    assert plan.count <= limits.max_parts
    assert plan.part_size <= limits.max_part_size
    assert plan.part_size >= limits.min_part_size or plan.count == 1
    assert (plan.count - 1) * plan.part_size + plan.size_of(plan.count) == size
    assert 0 < plan.size_of(plan.count) <= plan.part_size


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (1, (16 << 20, 1)),
        (200 << 20, (16 << 20, 13)),
        (16 << 20, (16 << 20, 1)),
        (1 << 40, (105 << 20, 9987)),
    ],
)
def test_the_size_of_a_part_follows_from_the_objects(size, expected):
    limits = attrs.evolve(LIMITS, max_part_size=5 << 30, max_parts=10_000, max_size=1 << 50)
    plan = plan_parts(size, None, limits, "fake")
    assert (plan.part_size, plan.count) == expected


class Hostile:
    """A value whose repr fails."""

    def __repr__(self):
        raise KeyError


class Unreadable(dict):
    """A mapping whose items cannot be read."""

    def items(self):
        raise KeyError


@pytest.mark.parametrize(
    "size",
    [0, -1, -(10**30), 1.0, True, "5", None, 10**30, 10**5000, 50_001, Hostile()],
    ids=range(11),
)
def test_a_size_is_a_positive_number_of_bytes_below_the_limit(uploader, size):
    with pytest.raises(InvalidRequestError) as caught:
        begin(size=size)
    assert caught.value.option == "size"
    assert uploader.seen == []


@pytest.mark.parametrize(
    "part_size", [0, -5, 9, 1001, True, 1.5, "10", 10**30, 10**5000, Hostile()], ids=range(10)
)
def test_a_part_size_is_within_the_limits(uploader, part_size):
    with pytest.raises(InvalidRequestError) as caught:
        begin(part_size=part_size)
    assert caught.value.option == "part_size"


def test_too_many_parts_are_refused(uploader):
    with pytest.raises(InvalidRequestError, match=r"makes 101 parts, and fake takes 100"):
        begin(size=1001, part_size=10)
    assert begin(size=1000, part_size=10).part_count == 100


def test_the_only_part_may_be_small(uploader):
    assert begin(size=3, part_size=5).part_count == 1


@pytest.mark.parametrize("number", [0, 4, -1, True, 1.0, "1", None, 10**30])
def test_there_are_the_parts_that_there_are(uploader, number):
    upload = begin()
    with pytest.raises(InvalidRequestError, match=r"parts 1 to 3") as caught:
        upload.part(number)
    assert caught.value.option == "number"


def test_each_part_has_a_link_of_its_own_signed_when_it_is_asked_for(uploader):
    upload = begin(expires_in="5m")
    link = upload.part(3, content_md5=MD5)
    assert (link.method, link.path, link.permits) == ("PUT", "fake://bucket/k", {"PUT"})
    assert "part=3&upload=upload-1" in link.url
    assert link.expires_at > fakes.NOW
    assert upload.size_of(3) == 5
    # A later link has a later clock: nothing is signed in advance.
    assert FakeSession.stored["upload-1"].keys() == {3}


def test_a_link_is_bound_to_the_parts_size_and_md5(registry_of):
    asked = []

    class Noting(FakeSession):
        def sign_part(self, upload_id, number, request):
            asked.append(request)
            return super().sign_part(upload_id, number, request)

    registry_of({"fake": fakes.backend(session=Noting)})
    upload = begin(
        content_type="text/csv", metadata={"a": "b"}, ip_range="192.0.2.1", expires_in=60
    )
    upload.part(2, content_md5=MD5)
    upload.part(3)
    first, second = asked
    assert (first.content_length, second.content_length) == (10, 5)
    assert first.content_md5 == "AAECAwQFBgcICQoLDA0ODw=="
    assert second.content_md5 is None
    assert (first.ip_range, first.expires_in) == ("192.0.2.1", 60)
    # What describes the object goes with the object.
    assert first.content_type is None
    assert first.metadata is None


@pytest.mark.parametrize("options", [{"max_uses": 1}, {"referrers": "example.org"}], ids=str)
def test_what_is_of_one_link_is_refused_of_an_upload_of_many(uploader, options):
    (name,) = options
    with pytest.raises(
        UnsupportedOptionError, match=f"cannot enforce {name} on an upload in parts"
    ) as caught:
        begin(**options)
    assert (caught.value.option, FakeSession.stored) == (name, {})
    assert begin(**options, strict=False).unenforced == {name}


def test_a_store_that_binds_no_size_is_not_asked_to(registry_of):
    registry_of({"fake": fakes.backend(session=FakeSession, enforces=("content_type",))})
    upload = begin()
    assert upload.part(1).unenforced == frozenset()
    with pytest.raises(UnsupportedOptionError) as caught:
        upload.part(1, content_md5=MD5)
    assert caught.value.option == "content_md5"
    waived = begin(strict=False).part(1, content_md5=MD5)
    assert waived.unenforced == {"content_md5"}


def test_the_lifetime_of_each_link_is_checked_when_the_upload_begins(uploader):
    with pytest.raises(daypass.InvalidExpiryError):
        begin(expires_in="8d")
    assert FakeSession.stored == {}


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"url": "https://bucket.fake.example/other?signature=1"}, "does not end in the key"),
        ({"method": "GET"}, "a URL for GET"),
        ({"headers": {"a": "b\n"}}, "line breaks"),
        ({"expires_at": NOW + timedelta(days=30)}, "an end"),
    ],
)
def test_every_link_is_judged(registry_of, changes, fault):
    class Wrong(FakeSession):
        def sign_part(self, upload_id, number, request):
            return fakes.honest(self.location, request, **changes)

    registry_of({"fake": fakes.backend(session=Wrong)})
    upload = begin(signing_time=NOW)
    with pytest.raises(PluginError, match=fault) as caught:
        upload.part(1)
    assert SECRET not in str(caught.value)


def test_a_link_that_dies_early_says_so_each_time(registry_of):
    class Short(FakeSession):
        def sign_part(self, upload_id, number, request):
            end = request.signing_time + timedelta(seconds=30)
            return fakes.honest(
                self.location, request, expires_at=end, expires_because="the token ends"
            )

    registry_of({"fake": fakes.backend(session=Short)})
    upload = begin()
    with pytest.warns(ShortLivedURLWarning, match="the token ends") as told:
        link = upload.part(1)
    assert told[0].filename == __file__
    assert link.expires_because == "the token ends"
    with pytest.raises(daypass.ShortLivedURLError):
        begin(on_short="raise").part(1)


@pytest.mark.parametrize(
    "options",
    [
        {"content_md5": MD5},
        {"checksum_sha256": bytes(32)},
        {"content_length": 25},
        {"max_bytes": 100},
        {"content_md5": MD5, "add_content_md5_metadata": True},
    ],
)
def test_what_only_a_whole_upload_can_be_held_to_is_refused_by_name(uploader, options):
    with pytest.raises(UnsupportedOptionError) as caught:
        begin(**options)
    assert caught.value.option in options
    assert "create_signed_url" in caught.value.alternatives
    assert FakeSession.stored == {}
    assert begin(**options, strict=False).unenforced == set(options)


@pytest.mark.parametrize("method", ["GET", "POST", "put", None, 5])
def test_an_upload_has_no_other_method(uploader, method):
    with pytest.raises(InvalidRequestError) as caught:
        begin(method=method)
    assert caught.value.option == "method"


def test_unknown_options_are_named(uploader):
    with pytest.raises(daypass.UnknownOptionError, match="content_type"):
        begin(contenttype="a/b")


def test_a_backend_without_parts_names_the_alternative(fake):
    with pytest.raises(UnsupportedOptionError, match="PUT link") as caught:
        begin()
    assert (caught.value.option, caught.value.backend) == ("multipart", "fake")
    assert caught.value.alternatives == ("create_signed_url",)
    with pytest.raises(SigningNotSupportedError, match="local file"):
        begin("/tmp/x")


def test_a_declaration_that_the_hooks_contradict_is_the_plugins_fault(registry_of):
    registry_of({"fake": fakes.backend(multipart=LIMITS)})
    with pytest.raises(PluginError, match="contradict"):
        begin()
    registry_of({"fake": fakes.backend(session=FakeSession, multipart=None)})
    with pytest.raises(PluginError, match="contradict"):
        begin()


@pytest.mark.parametrize("key", ["../x", "a/./b", "x" * 1025, ""])
def test_a_key_is_checked_as_for_links(uploader, key):
    with pytest.raises(daypass.InvalidPathError):
        begin(f"fake://bucket/{key}")
    assert FakeSession.stored == {}


def test_completed_with_the_stores_own_list(uploader):
    upload = begin()
    for number in (3, 1, 2):
        upload.part(number)
    assert [part.number for part in upload.list_parts()] == [1, 2, 3]
    done = upload.complete()
    assert (done.path, done.etag) == ("fake://bucket/k", "etag-1+etag-2+etag-3")
    with pytest.raises(ObjectNotFoundError):
        upload.list_parts()


def test_completed_with_the_etags_that_were_answered(uploader):
    upload = begin()
    assert upload.complete({2: "b", 1: "a", 3: "c"}).etag == "a+b+c"
    parts = [UploadedPart(number=number, etag=str(number)) for number in (1, 2, 3)]
    assert begin().complete(iter(parts)).etag == "1+2+3"


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({1: "a", 3: "c"}, "1 of 3 parts are missing, the first is 2"),
        ({}, "3 of 3 parts are missing, the first is 1"),
        ({1: "a", 2: "b", 3: "c", 4: "d"}, "no part 4"),
        ({1: "a", 2: "b\n", 3: "c"}, "ETag of part 2"),
        ({1: "a", 2: 5, 3: "c"}, "ETag of part 2"),
        ({"1": "a"}, "no part '1'"),
        ([UploadedPart(number=1, size=9, etag="a")], "must have 10 bytes, and the store has 9"),
        ([UploadedPart(number=1, size=10**5000, etag="a")], "the store has a huge number"),
        (["a"], "UploadedPart"),
        ({Hostile(): "a"}, "no part of type Hostile"),
        (Unreadable(), "parts is a Unreadable that cannot be read"),
        (True, "parts is a bool that cannot be read"),
    ],
)
def test_an_upload_is_completed_whole_or_not_at_all(uploader, parts, words):
    upload = begin()
    with pytest.raises(InvalidRequestError, match=words):
        upload.complete(parts)
    assert "upload-1" in FakeSession.stored


def test_what_the_store_lacks_is_missing(uploader):
    upload = begin()
    upload.part(1)
    with pytest.raises(InvalidRequestError, match="2 of 3 parts are missing"):
        upload.complete()


def test_aborted_twice_is_no_error(uploader):
    upload = begin()
    upload.abort()
    upload.abort()
    assert FakeSession.stored == {}


@pytest.mark.parametrize(
    ("raised", "expected"), [(ValueError(SECRET), PluginError), (OSError(SECRET), StoreError)]
)
@pytest.mark.parametrize("step", ["begin", "sign_part", "list_parts", "complete", "abort"])
def test_what_a_session_raises_is_explained_without_its_text(registry_of, step, raised, expected):
    def fail(*_):
        raise raised

    session = type("Failing", (FakeSession,), {step: fail})
    registry_of({"fake": fakes.backend(session=session)})
    with pytest.raises(expected, match=step) as caught:
        every_step()
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("answer", [None, 5, "text", []])
@pytest.mark.parametrize("step", ["begin", "sign_part", "complete"])
def test_an_answer_of_another_kind_is_the_plugins_fault(registry_of, step, answer):
    if (step, answer) == ("begin", "text"):
        return
    session = type("Wrong", (FakeSession,), {step: lambda *_: answer})
    registry_of({"fake": fakes.backend(session=session)})
    with pytest.raises(PluginError, match=f"{step} of a multipart upload returned"):
        every_step()


def test_a_hook_without_a_session_is_the_plugins_fault(registry_of):
    registry_of({"fake": fakes.backend(session=lambda *_: None)})
    with pytest.raises(PluginError, match="returned NoneType"):
        begin()


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


def test_another_process_goes_on_with_plain_values(uploader):
    upload = begin(content_type="text/csv", metadata={"a": "b"}, expires_in="5m", if_absent=True)
    told = json.loads(json.dumps(upload.to_dict()))
    assert told == {
        "path": "fake://bucket/k",
        "upload_id": "upload-1",
        "size": 25,
        "part_size": 10,
        "content_type": "text/csv",
        "metadata": {"a": "b"},
        "expires_in": 300,
        "if_absent": True,
    }
    again = daypass.resume_multipart_upload(**told)
    assert again.to_dict() == told
    assert len(FakeSession.stored) == 1
    again.part(2)
    assert [part.number for part in upload.list_parts()] == [2]


def test_an_upload_can_be_pickled_without_secrets(uploader):
    store = daypass.Store("fake://bucket/root", storage_options={"endpoint": "e"}, caller="ann")
    upload = store.create_multipart_upload("k", size=25, part_size=10)
    again = pickle.loads(pickle.dumps(upload))
    assert again.to_dict() == upload.to_dict()
    assert again.path == "fake://bucket/root/k"
    assert again._root.caller == "ann"
    secret = daypass.Store("fake://bucket", storage_options={"secret": SECRET})
    with pytest.raises(InvalidRequestError, match="storage_options"):
        pickle.dumps(secret.create_multipart_upload("k", size=5))
    upload = begin(headers={"x-amz-server-side-encryption-customer-key": SECRET})
    for carry in (upload.to_dict, lambda: pickle.dumps(upload)):
        with pytest.raises(InvalidRequestError, match="headers") as caught:
            carry()
        assert SECRET not in str(caught.value)


@pytest.mark.parametrize("upload_id", ["", None, 5, b"x", "a\nb", "other-1", fakes.Hostile])
def test_an_id_is_what_the_upload_was_begun_with(uploader, upload_id):
    with pytest.raises(InvalidRequestError) as caught:
        daypass.resume_multipart_upload("fake://bucket/k", upload_id, size=5)
    assert caught.value.option == "upload_id"


def test_the_asynchronous_twins_do_the_same(uploader):
    async def run():
        upload = await daypass.acreate_multipart_upload("fake://bucket/k", size=25, part_size=10)
        again = await daypass.aresume_multipart_upload(**upload.to_dict())
        links = await asyncio.gather(*(again.apart(number) for number in (1, 2, 3)))
        parts = await upload.alist_parts()
        done = await upload.acomplete()
        store = daypass.Store("fake://bucket")
        other = await store.acreate_multipart_upload("k", size=5)
        await (await store.aresume_multipart_upload("k", other.upload_id, size=5)).aabort()
        return links, parts, done

    links, parts, done = asyncio.run(run())
    assert len({link.url for link in links}) == len(parts) == 3
    assert done.etag == "etag-1+etag-2+etag-3"
    assert FakeSession.stored == {}


def test_nothing_secret_is_shown(uploader):
    upload = begin(headers={"x-own-key": SECRET})
    assert SECRET not in repr(upload)
    assert "upload-1" in repr(upload)
    assert SECRET not in repr(upload.part(1))


@pytest.mark.parametrize("name", ["create_multipart_upload", "resume_multipart_upload"])
def test_store_and_module_take_the_same_arguments(name):
    function = inspect.signature(getattr(daypass, name)).parameters
    method = inspect.signature(getattr(daypass.Store, name)).parameters
    place = (
        "path",
        "storage_options",
        "fs",
        "public_endpoint",
        "signer",
        "signer_options",
        "caller",
    )
    assert [n for n in function if n not in place] == [
        n for n in method if n not in ("self", "key")
    ]


def test_a_plan_of_one_byte():
    assert (PartPlan(1, 10).count, PartPlan(1, 10).size_of(1)) == (1, 1)
