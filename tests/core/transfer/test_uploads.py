"""A file goes up through a link alone, by a form, and in parts; and what of it is sent again."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime

import attrs
import pytest
from fsspec.callbacks import Callback
from s3fs import S3FileSystem

import daypass
from daypass.errors import AccessDeniedError, InvalidRequestError, StoreError
from daypass.transfer import whole
from daypass.transfer.meter import Meter
from daypass.transfer.retries import TRIES
from tests.servers.gcs_post import parse_form

BODY = os.urandom(3_000_000)
MIB = 1 << 20
#: What every client of HTTP sends by itself, and the length of what follows.
OWN = {"Host", "Connection", "User-Agent", "Accept-Encoding", "Content-Length"}


def link_to(url, headers=None, method="PUT"):
    return daypass.SignedURL(
        url=url, method=method, headers=headers or {}, expires_at=datetime(2030, 1, 1, tzinfo=UTC),
        expires_because="requested", permits=frozenset({method}), unenforced=frozenset(),
        path="s3://b/k", backend="s3",
    )  # fmt: skip


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "up.csv"
    path.write_bytes(BODY)
    return path


def test_nothing_is_sent_but_what_the_link_wants(place, file):
    done = daypass.upload(file, link_to(place.url, {"Content-Type": "text/x"}))
    daypass.upload(file, link_to(place.url))
    daypass.upload(file, place.url, headers={"x-ms-blob-type": "BlockBlob"})
    assert [one.headers.keys() - OWN for one in place.asked] == [
        {"Content-Type"},
        set(),
        {"X-Ms-Blob-Type"},
    ]
    assert {one.body for one in place.asked} == {BODY}
    assert (done.size, done.content_type, done.etag) == (len(BODY), "text/x", "e1")


def test_a_link_that_copies_takes_no_file(place, file):
    """Its store would answer 200, and keep no byte of it."""
    headers = {"X-Amz-Copy-Source": "b/a"}
    for way in (
        lambda: daypass.upload(file, link_to(place.url, headers)),
        lambda: daypass.upload(file, place.url, headers=headers),
    ):
        with pytest.raises(InvalidRequestError, match="takes no file: send it with") as caught:
            way()
        assert caught.value.option == "link"
    with pytest.raises(InvalidRequestError, match="this sends a file: leave copy_source out"):
        daypass.upload(file, "s3://b/k", copy_source="s3://b/a")
    assert place.asked == []


def test_another_size_than_the_link_takes_is_refused_before_anything_is_sent(place, file):
    with pytest.raises(InvalidRequestError, match=f"takes 5 bytes, and .* has {len(BODY)}"):
        daypass.upload(file, link_to(place.url, {"Content-Length": "5"}))
    assert place.asked == []


def test_what_fails_for_the_moment_is_sent_again_and_counted_once(place, file):
    seen = []
    place.behave = lambda handler, count: count < 3 and (place.answer(handler, 503), True)[1]
    callback = Callback(hooks={"see": lambda size, value: seen.append((size, value))})
    daypass.upload(file, place.url, callback=callback)
    assert [one.body == BODY for one in place.asked] == [True] * 3
    assert seen[-1] == (len(BODY), len(BODY))
    assert (len(BODY), 0) in seen[2:]


def test_what_keeps_failing_is_given_up(place, file):
    place.behave = lambda handler, _: (place.answer(handler, 503), True)[1]
    with pytest.raises(StoreError) as caught:
        daypass.upload(file, place.url)
    assert caught.value.status == 503
    assert len(place.asked) == TRIES


def gone(handler, _):
    handler.close_connection = True
    return True


@pytest.mark.parametrize(
    ("headers", "asked"),
    [({}, TRIES), ({"If-None-Match": "*"}, 1), ({"x-goog-if-generation-match": "0"}, 1)],
)
def test_what_may_have_arrived_is_sent_again_only_where_that_does_no_harm(
    place, file, headers, asked
):
    """Of a link that only creates, the second try would be refused for what the first has made."""
    place.behave = gone
    with pytest.raises(StoreError):
        daypass.upload(file, link_to(place.url, headers))
    assert len(place.asked) == asked


@pytest.mark.parametrize(
    ("status", "headers", "told"),
    [
        (200, {"Content_Type": "text/html; charset=utf-8"}, "200 and a page of HTML"),
        (202, {}, "202, which no store gives"),
        (203, {"ETag": '"e"'}, "203, which no store gives"),
        (206, {}, "206, which no store gives"),
    ],
)
def test_an_answer_by_which_nothing_need_be_there_is_no_upload(place, file, status, headers, told):
    """A network's log-in answers 200 to everything, and a queue 202."""
    place.behave = lambda handler, _: (place.answer(handler, status, b"log in", **headers), True)[1]
    with pytest.raises(StoreError, match=told) as caught:
        daypass.upload(file, place.url)
    assert caught.value.status == status
    assert len(place.asked) == 1


def test_a_form_carries_a_file(place, file):
    form = daypass.UploadForm(
        url=place.url, fields={"key": "inbox/${filename}", "policy": "cG9saWN5", "x": "ü"},
        starts_with={"key": "inbox/", "Content-Type": "text/"},
        expires_at=datetime(2030, 1, 1, tzinfo=UTC), expires_because="requested",
        unenforced=frozenset(), path="s3://b/inbox/${filename}", backend="s3",
    )  # fmt: skip
    done = daypass.upload(file, form)
    (asked,) = place.asked
    fields, name, body = parse_form(asked.headers["Content-Type"], asked.body)
    assert fields == form.fields | {"Content-Type": "text/csv"}
    assert (name, body) == ("up.csv", BODY)
    assert asked.headers.keys() == OWN | {"Content-Type"}
    assert (done.path, done.size, done.content_type) == (form.path, len(BODY), "text/csv")
    with pytest.raises(InvalidRequestError, match="must begin with 'text/'"):
        daypass.upload(file.rename(file.with_suffix(".png")), form)
    with pytest.raises(InvalidRequestError, match="no URL"):
        daypass.upload(file.with_suffix(".png"), attrs.evolve(form, url="file:///etc/motd"))
    assert len(place.asked) == 1


@pytest.mark.parametrize(("announced", "sent"), [(5, None), (2, b"ab")])
def test_a_file_that_changes_while_it_is_uploaded(place, tmp_path, announced, sent):
    (tmp_path / "up").write_text("abc")
    with (tmp_path / "up").open("rb") as source:
        if sent is None:
            with pytest.raises(StoreError, match="became shorter"):
                whole._send(link_to(place.url), source, announced, Meter(None))
        else:
            whole._send(link_to(place.url), source, announced, Meter(None))
            assert [one.body for one in place.asked] == [sent]


@pytest.mark.parametrize(
    ("link", "options", "told"),
    [
        (link_to("https://b.example/k?sig=5ec2e7", method="GET"), {}, "is for GET"),
        ("https://b.example/k?sig=5ec2e7", {"content_type": "a/b"}, "content_type goes with a path"),
        ("https://b.example/k?sig=5ec2e7", {"resume": True}, "resume goes with a path"),
        ("https://b.example/k?sig=5ec2e7", {"part_size": 7}, "part_size goes with a path"),
        (link_to("https://b.example/k?sig=5ec2e7"), {"headers": {"a": "b"}}, "names its own"),
        ("s3://b/k", {"method": "GET"}, "leave method out"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_before_anything_is_sent(file, link, options, told):
    with pytest.raises(InvalidRequestError, match=told) as caught:
        daypass.upload(file, link, **options)
    assert "5ec2e7" not in str(caught.value)


def test_of_an_upload_through_a_link_there_is_nothing_to_abort(file):
    with pytest.raises(InvalidRequestError, match="nothing to abort") as caught:
        daypass.abort_upload(file, "https://b.example/k?sig=5ec2e7")
    assert "5ec2e7" not in str(caught.value)


def test_a_file_that_is_none_is_named(tmp_path):
    with pytest.raises(InvalidRequestError, match="does not exist"):
        daypass.upload(tmp_path / "none", "https://b.example/k")
    with pytest.raises(InvalidRequestError, match="not a regular file"):
        daypass.upload(tmp_path, "https://b.example/k")


@pytest.mark.parametrize(
    "given", [None, 7, b"file", "", "a\0b", "https://b.example/k?X-Amz-Signature=ab12"]
)
@pytest.mark.parametrize(
    "call",
    [
        daypass.upload,
        lambda given, url: daypass.download(url, given),
        lambda given, _: daypass.abort_upload(given, "s3://b/k"),
    ],
    ids=["upload", "download", "abort"],
)
def test_what_is_no_files_name_is_refused_before_anything_is_sent(place, call, given):
    with pytest.raises(InvalidRequestError, match="file is the name of a file"):
        call(given, place.url)
    assert place.asked == []


def test_the_async_twin_does_the_same(place, file):
    assert asyncio.run(daypass.aupload(file, place.url)).size == len(BODY)
    assert place.asked[0].body == BODY


def test_links_of_a_real_store_need_no_credentials(real, file, tmp_path):
    path, options, _ = real
    put = daypass.create_signed_url(
        path, method="PUT", content_type="text/csv", storage_options=options
    )
    get = daypass.create_signed_url(path, storage_options=options)
    assert daypass.upload(file, put).size == len(BODY)
    assert daypass.download(get.url, tmp_path / "down").checked == ("size",)
    assert (tmp_path / "down").read_bytes() == BODY


def test_an_upload_in_parts_is_told_gone_on_with_and_removed(real, tmp_path):
    path, options, proxy = real
    file = tmp_path / "large"
    file.write_bytes(os.urandom(MIB) * 11)
    parts = {"multipart_threshold": MIB, "part_size": 5 * MIB, "storage_options": options}
    callback = Callback()
    proxy.faults = [403]
    with pytest.raises(StoreError) as caught:
        daypass.upload(file, path, jobs=1, **parts)
    assert caught.value.__notes__ == [
        "at least 0 of 3 parts are in the store: go on by resume=True, or remove them by abort_upload"
    ]
    with pytest.raises(InvalidRequestError, match="resume=True") as refused:
        daypass.upload(file, path, **parts)
    assert refused.value.option == "resume"

    done = daypass.upload(file, path, resume=True, callback=callback, **parts)
    assert (done.parts, done.checked, done.size) == (3, ("size", "etag"), 11 * MIB)
    assert (callback.size, callback.value) == (11 * MIB, 11 * MIB)
    assert sorted(proxy.parts) == [1, 2, 3]
    assert daypass.download(path, tmp_path / "down", storage_options=options).checked == (
        "size",
        "md5",
    )

    proxy.faults = [403]
    with pytest.raises(StoreError):
        daypass.upload(file, path, jobs=1, **parts)
    assert daypass.abort_upload(file, path, storage_options=options) == path
    with pytest.raises(InvalidRequestError, match="no upload of"):
        daypass.abort_upload(file, path, storage_options=options)


@pytest.mark.parametrize(
    ("status", "error"),
    [(403, AccessDeniedError), (500, StoreError), (200, StoreError)],
    ids=["403", "500", "a log-in's 200"],
)
def test_an_upload_in_parts_that_cannot_be_checked_is_an_error_that_says_it_is_there(
    real, tmp_path, monkeypatch, status, error
):
    path, options, proxy = real
    file = tmp_path / "large"
    file.write_bytes(b"x" * MIB * 6)
    monkeypatch.setattr(S3FileSystem, "retries", 1)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    parts = {"multipart_threshold": MIB, "part_size": 5 * MIB, "storage_options": options}
    proxy.head_status = status
    with pytest.raises(error, match=r"has taken the upload of .* could not be checked: "):
        daypass.upload(file, path, **parts)
    proxy.head_status = None
    assert daypass.head_metadata(path, storage_options=options).size == 6 * MIB
