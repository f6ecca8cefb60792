"""Uploads in parts: each link bound to its part and judged like any other, and the whole completed or given up."""

from __future__ import annotations

import asyncio
import inspect
from datetime import timedelta

import pytest

import daypass
from daypass import (
    InvalidRequestError,
    ObjectNotFoundError,
    PluginError,
    ShortLivedURLWarning,
    SigningNotSupportedError,
    StoreError,
    UnsupportedOptionError,
    UploadedPart,
)
from tests.core import fakes
from tests.core.fakes import LIMITS, NOW, SECRET, FakeSession
from tests.core.store.parts import Hostile, begin

pytestmark = pytest.mark.usefixtures("nothing_stored")


MD5 = bytes(range(16))


def every_step():
    upload = begin()
    upload.part(1)
    upload.list_parts()
    upload.complete({1: "a", 2: "b", 3: "c"})
    upload.abort()


class Unreadable(dict):
    """A mapping whose items cannot be read."""

    def items(self):
        raise KeyError


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
