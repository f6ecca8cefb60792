"""A link alone brings an object down: gone on with where it broke, checked, and never half of it."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import signal
import stat
import traceback
from base64 import b64encode
from contextlib import suppress
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from fsspec.callbacks import Callback

import daypass
from daypass.errors import DaypassError, InvalidRequestError, StoreError
from daypass.toolkit import wire
from daypass.transfer import downloads
from daypass.transfer.meter import Meter
from daypass.transfer.retries import TRIES
from tests.core.transfer.conftest import BODY

#: What every client of HTTP sends by itself.
OWN = {"Host", "Connection", "User-Agent", "Accept-Encoding"}


def md5_of(body):
    return b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()


def link_to(url, method="GET", headers=None):
    return daypass.SignedURL(
        url=url, method=method, headers=headers or {}, expires_at=datetime(2030, 1, 1, tzinfo=UTC),
        expires_because="requested", permits=frozenset({method}), unenforced=frozenset(),
        path="s3://b/k", backend="s3",
    )  # fmt: skip


@pytest.mark.parametrize("given", [str, link_to], ids=["bare URL", "SignedURL"])
def test_a_link_alone_brings_an_object_down(stored, file, left, given):
    done = daypass.download(given(stored.url), file)
    assert file.read_bytes() == BODY
    assert (done.size, done.etag, done.checked, done.parts) == (len(BODY), "tag", ("size",), 1)
    assert left() == []


def test_all_of_it_goes_through_tls_too(secure, file, tmp_path):
    up = tmp_path / "up"
    up.write_bytes(BODY)
    assert daypass.upload(up, secure.url).size == len(BODY)
    assert secure.asked[0].body == BODY
    secure.body = BODY
    assert daypass.download(secure.url, file).checked == ("size",)
    assert file.read_bytes() == BODY


def test_who_shows_no_certificate_that_is_trusted_is_sent_nothing(secure, file, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(StoreError, match="failed in GET"):
        daypass.download(secure.url, file)
    assert secure.asked == []


def test_nothing_is_sent_but_what_the_link_wants(stored, file):
    daypass.download(link_to(stored.url, headers={"x-amz-request-payer": "requester"}), file)
    daypass.download(stored.url, file, headers={"x-api": "7"})
    first, second = (one.headers for one in stored.asked)
    assert first.keys() == OWN | {"X-Amz-Request-Payer"}
    assert second.keys() == OWN | {"X-Api"}


def test_a_download_goes_on_where_it_broke(stored, file):
    cuts = [100_000, 50_000]
    stored.behave = lambda handler, count: (
        count <= 2 and (stored.give(handler, cut=cuts[count - 1]), True)[1]
    )
    done = daypass.download(stored.url, file)
    assert file.read_bytes() == BODY
    assert done.size == len(BODY)
    assert [(one.headers.get("Range"), one.headers.get("If-Match")) for one in stored.asked] == [
        (None, None),
        ("bytes=100000-", '"tag"'),
        ("bytes=150000-", '"tag"'),
    ]


def test_a_download_may_break_more_often_than_it_is_tried_as_long_as_it_gets_on(stored, file):
    step = len(BODY) // 20
    stored.behave = lambda handler, count: count < 20 and (stored.give(handler, cut=step), True)[1]
    assert daypass.download(stored.url, file).size == len(BODY)
    assert file.read_bytes() == BODY


def test_a_byte_for_each_connection_is_no_getting_on(stored, file, left):
    stored.behave = lambda handler, _: (stored.give(handler, cut=1), True)[1]
    with pytest.raises(StoreError, match=r"ended \d+ bytes early"):
        daypass.download(stored.url, file)
    assert len(stored.asked) == TRIES
    assert left() == []


def test_a_mib_has_1024_seconds_over_all_connections_together(stored, file, left, monkeypatch):
    """Of a made-up clock, of which each connection takes 100 s and brings 2 KiB."""
    now = [0.0]
    monkeypatch.setattr(wire.time, "monotonic", lambda: now[0])

    def slow(handler, _):
        now[0] += 100
        stored.give(handler, cut=2048)
        return True

    stored.behave = slow
    with pytest.raises(DaypassError):
        daypass.download(stored.url, file)
    assert len(stored.asked) == 11
    assert left() == []


def test_a_download_that_gets_on_no_more_is_given_up(stored, file, left):
    stored.behave = lambda handler, count: (
        stored.give(handler, cut=100 if count == 1 else 0), True
    )[1]  # fmt: skip
    with pytest.raises(StoreError, match="ended 299900 bytes early"):
        daypass.download(stored.url, file)
    assert len(stored.asked) <= 2 * TRIES
    assert not file.exists()
    assert left() == []


def test_the_rest_of_another_object_is_never_joined_on(stored, file, left):
    def change(handler, count):
        if count == 1:
            stored.give(handler, cut=1000)
            stored.body, stored.headers = BODY[::-1], {"ETag": '"other"'}
        return count == 1

    stored.behave = change
    file.write_text("kept")
    with pytest.raises(StoreError, match="changed while it was downloaded"):
        daypass.download(stored.url, file)
    assert file.read_text() == "kept"
    assert left() == []


@pytest.mark.parametrize(
    "said",
    [
        {"ETag": '"other"'},
        {},
        {"ETag": '"tag"', "Content-Range": f"bytes 1000-{len(BODY) - 1}/{len(BODY) + 1}"},
        {"ETag": '"tag"', "Content-Range": f"bytes 999-{len(BODY) - 1}/{len(BODY)}"},
        {"ETag": '"tag"', "Content-Range": f"bytes {'1' * 5000}-2/3"},
        {"ETag": '"tag"', "Content-Range": "bytes 1000"},
    ],
    ids=["another tag", "no tag", "another length", "another place", "endless number", "half"],
)
def test_a_rest_that_does_not_say_it_is_of_the_same_object_is_not_joined_on(
    stored, file, left, said
):
    """A server need not know If-Match (RFC 9110, 13.1.1); a 206 has the ETag of a 200 (15.3.7)."""
    rest = {"Content-Range": f"bytes 1000-{len(BODY) - 1}/{len(BODY)}"} | said

    def change(handler, count):
        if count == 1:
            stored.give(handler, cut=1000)
        else:
            stored.answer(handler, 206, BODY[::-1][1000:], **rest)
        return True

    stored.behave = change
    with pytest.raises(StoreError, match="changed while it was downloaded"):
        daypass.download(stored.url, file)
    assert not file.exists()
    assert left() == []


@pytest.mark.parametrize("status", [201, 202, 204, 206])
def test_an_answer_that_brings_no_whole_object_replaces_nothing(stored, file, left, status):
    stored.behave = lambda handler, _: (stored.answer(handler, status, BODY), True)[1]
    file.write_text("kept")
    with pytest.raises(StoreError, match=f"answered {status} .* no whole object") as caught:
        daypass.download(stored.url, file)
    assert caught.value.status == status
    assert file.read_text() == "kept"
    assert left() == []


def test_a_link_to_a_part_of_an_object_brings_that_part(stored, file):
    def part(handler, _):
        assert handler.headers["Range"] == "bytes=0-9"
        stored.answer(
            handler, 206, BODY[:10], ETag='"tag"', **{"x-amz-meta-md5chksum": md5_of(BODY)}
        )
        return True

    stored.behave = part
    done = daypass.download(stored.url, file, headers={"range": "bytes=0-9"})
    assert file.read_bytes() == BODY[:10]
    assert (done.size, done.content_md5, done.checked) == (10, None, ("part",))


def test_a_server_that_knows_no_ranges_brings_the_whole_object(stored, file):
    done = daypass.download(stored.url, file, headers={"Range": "bytes=20-29"})
    assert (file.read_bytes(), done.checked) == (BODY, ("size",))


def test_a_path_is_not_brought_in_part(file):
    with pytest.raises(InvalidRequestError, match="sign a link to it") as caught:
        daypass.download("memory://b/k", file, headers={"range": "bytes=0-9"})
    assert caught.value.option == "headers"


@pytest.mark.parametrize(("sent", "fits"), [(10, True), (11, False), (9, False)])
def test_a_part_that_comes_in_chunks_is_as_long_as_its_range_says(stored, file, sent, fits):
    """RFC 9110, 14.4: Content-Range says which bytes come, where no length does."""

    def part(handler, _):
        handler.send_response(206)
        handler.send_header("Content-Range", f"bytes 20-29/{len(BODY)}")
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        handler.wfile.write(b"%x\r\n%s\r\n0\r\n\r\n" % (sent, BODY[20 : 20 + sent]))
        return True

    stored.behave = part
    if fits:
        done = daypass.download(stored.url, file, headers={"Range": "bytes=20-29"})
        assert (file.read_bytes(), done.checked) == (BODY[20:30], ("part",))
    else:
        with pytest.raises(StoreError, match="should have 10 bytes"):
            daypass.download(stored.url, file, headers={"Range": "bytes=20-29"})
        assert not file.exists()


def test_a_length_that_is_no_number_of_bytes_is_none(stored, file):
    """Python reads no number of more than 4300 digits."""

    def endless(handler, _):
        stored.answer(handler, 200, BODY, Content_Length="1" * 5000)
        handler.close_connection = True
        return True

    stored.behave = endless
    assert daypass.download(stored.url, file).checked == ()
    assert file.read_bytes() == BODY


def test_an_answer_of_no_stated_length_that_never_ends_fills_no_disk(
    stored, file, left, monkeypatch
):
    """RFC 9112, 6.3: without a length it lasts until the connection closes, or a last chunk comes."""

    def endless(handler, _):
        handler.send_response(200)
        handler.end_headers()
        with suppress(OSError):  # until the other side has had enough
            while True:
                handler.wfile.write(bytes(1 << 16))
        return True

    stored.behave = endless
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=6 << 20))
    with pytest.raises(StoreError, match=r"does not say how many bytes .* more than 3145728 arr"):
        daypass.download(stored.url, file)
    assert len(stored.asked) == 1
    assert not file.exists()
    assert left() == []


def test_a_length_that_the_answer_does_not_state_may_be_any_below_that(stored, file, monkeypatch):
    def chunks(handler, _):
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        handler.wfile.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY))
        return True

    stored.behave = chunks
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=2 * len(BODY)))
    assert daypass.download(stored.url, file).checked == ()
    assert file.read_bytes() == BODY


def test_what_is_longer_than_the_object_is_not_read_to_its_end(stored, tmp_path):
    """A body in chunks says no length: without a bound it could fill the disk."""
    sink = (tmp_path / "sink").open("w+b")

    def chunks(handler, _):
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        handler.wfile.write(b"a\r\n0123456789\r\n0\r\n\r\n")
        return True

    stored.behave = chunks
    with sink, pytest.raises(StoreError, match="should have 9 bytes, and more arrived"):
        downloads.fetch(link_to(stored.url), sink, Meter(None), most=9, room=100)
    assert len(stored.asked) == 1


def test_the_rest_of_a_download_is_no_more_than_was_announced(stored, file, left):
    """Of a link alone the first answer says the length; the one after a break says another."""
    stored.headers = {"ETag": '"one"'}
    stored.body = b"0123456789"

    def longer(handler, n):
        if n == 1:
            stored.give(handler, cut=4)
        else:
            rest = b"4" * 5_000
            stored.answer(handler, 206, rest, Content_Range="bytes 4-9/*", ETag='"one"')
        return True

    stored.behave = longer
    with pytest.raises(StoreError, match="should have 10 bytes, and more arrived"):
        daypass.download(stored.url, file)
    assert left() == []


@pytest.mark.skipif(not hasattr(signal, "SIGXFSZ"), reason="has no limit on files")
def test_a_file_that_is_too_much_for_the_disk_is_an_error_of_ours(stored, file, left):
    """A limit on a file's size is what can be had without a disk to fill: the same call fails."""
    import resource

    stored.body = b"x" * 100_000
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
    try:
        with pytest.raises(InvalidRequestError, match="down cannot be written: File too large"):
            daypass.download(stored.url, file)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert left() == []


def test_a_server_that_knows_no_ranges_is_asked_from_the_beginning(stored, file):
    stored.ranges = False
    seen = []
    stored.behave = lambda handler, count: count == 1 and (stored.give(handler, cut=1000), True)[1]
    callback = Callback(hooks={"see": lambda size, value: seen.append((size, value))})
    daypass.download(stored.url, file, callback=callback)
    assert file.read_bytes() == BODY
    assert seen[-1] == (len(BODY), len(BODY))


@pytest.mark.parametrize("tag", [None, 'W/"weak"'])
def test_without_a_strong_tag_a_download_that_breaks_is_an_error(stored, file, left, tag):
    stored.headers = {} if tag is None else {"ETag": tag}
    stored.behave = lambda handler, _: (stored.give(handler, cut=10), True)[1]
    with pytest.raises(StoreError, match="early"):
        daypass.download(stored.url, file)
    assert len(stored.asked) == 1
    assert not file.exists()
    assert left() == []


@pytest.mark.parametrize(("status", "asked"), [(503, 2), (429, 2), (403, 1), (404, 1), (412, 1)])
def test_only_what_passes_by_itself_is_asked_again(stored, file, status, asked):
    stored.behave = lambda handler, count: count == 1 and (stored.answer(handler, status), True)[1]
    try:
        daypass.download(stored.url, file)
    except StoreError as error:
        assert error.status == status
    assert len(stored.asked) == asked
    assert file.exists() == (asked == 2)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(stored, place, file, status):
    stored.behave = lambda handler, _: (
        stored.answer(handler, status, Location=stored.url.replace("/b/", "/other/")), True
    )[1]  # fmt: skip
    with pytest.raises(StoreError) as caught:
        daypass.download(link_to(stored.url, headers={"x-secret": "7"}), file)
    assert caught.value.status == status
    assert len(stored.asked) == 1


@pytest.mark.parametrize("name", ["Content-MD5", "x-amz-meta-md5chksum", "X-Ms-Meta-Md5chksum"])
def test_an_md5_that_the_answer_states_is_compared(stored, file, left, name):
    stored.headers |= {name: md5_of(BODY)}
    done = daypass.download(stored.url, file)
    assert (done.content_md5, done.checked) == (md5_of(BODY), ("size", "md5"))
    file.unlink()
    stored.headers |= {name: md5_of(b"another")}
    with pytest.raises(StoreError, match="should have the MD5"):
        daypass.download(stored.url, file)
    assert not file.exists()
    assert left() == []


@pytest.mark.parametrize(
    "said", ["5ec2e7", "\x1b[31m", hashlib.md5(b"x").hexdigest(), "a" * 22 + "=="]
)
def test_what_is_no_md5_is_not_compared_and_not_shown(stored, file, said):
    stored.headers["Content-MD5"] = said
    assert daypass.download(stored.url, file).checked == ("size",)


def test_the_md5_of_what_a_server_on_the_way_has_unpacked_is_not_compared(stored, file):
    stored.headers |= {"x-goog-meta-md5chksum": md5_of(b"packed"), "Warning": "214 - gunzipped"}
    assert daypass.download(stored.url, file).checked == ("size",)


def test_a_callback_is_told_of_the_size_and_of_every_byte(stored, file):
    seen = []
    callback = Callback(hooks={"see": lambda size, value: seen.append((size, value))})
    daypass.download(stored.url, file, callback=callback)
    assert {size for size, _ in seen} == {len(BODY)}
    assert [value for _, value in seen] == sorted(value for _, value in seen)
    assert seen[-1] == (len(BODY), len(BODY))


@pytest.mark.parametrize(
    ("link", "options", "told"),
    [
        (link_to("https://b.example/k?sig=5ec2e7", method="PUT"), {}, "is for PUT"),
        (link_to("https://b.example/k?sig=5ec2e7", method="LIST"), {}, "is for LIST"),
        ("https://me:5ec2e7@b.example/k", {}, "login"),
        ("https://b.example/a b?sig=5ec2e7", {}, "no URL"),
        ("https://b.example/a\r\nx: 5ec2e7", {}, "no URL"),
        ("https://b.example:99999/k?sig=5ec2e7", {}, "no URL"),
        ("https:///k?sig=5ec2e7", {}, "no URL"),
        ("https://b.example/k?sig=5ec2e7", {"expires_in": "1h"}, "expires_in goes with a path"),
        ("https://b.example/k?sig=5ec2e7", {"storage_options": {"key": "5ec2e7"}}, "storage_options"),
        ("https://b.example/k?sig=5ec2e7", {"version": "7"}, "version goes with a path"),
        ("https://b.example/k?sig=5ec2e7", {"method": "PUT"}, "leave method out"),
        ("https://b.example/k?sig=5ec2e7", {"headers": {"a": "5ec2e7\r\n"}}, "printable"),
        ("https://b.example/k?sig=5ec2e7", {"headers": ["5ec2e7"]}, "headers must be a mapping"),
        (f"https://{'b' * 64}.example/k?sig=5ec2e7", {}, "no URL"),
        ("https://b..example/k?sig=5ec2e7", {}, "no URL"),
        (link_to("https://b.example/k?sig=5ec2e7"), {"headers": {"a": "b"}}, "names its own"),
        # What a service answered in JSON, put together again.
        (link_to("file:///etc/5ec2e7"), {}, "no URL"),
        (link_to("data:,5ec2e7"), {}, "no URL"),
        (link_to("ftp://b.example/5ec2e7"), {}, "no URL"),
        (link_to("https://b.example/a b?sig=5ec2e7"), {}, "no URL"),
        (link_to(None), {}, "no URL"),
        (link_to("https://b.example/k", headers={"x-amz-security-token": "5ec2e7\r\n"}), {}, "printable"),
        (link_to("https://b.example/k", headers={"a": 5}), {}, "must be text"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_before_anything_is_sent(file, link, options, told):
    with pytest.raises(InvalidRequestError, match=told) as caught:
        daypass.download(link, file, **options)
    assert "5ec2e7" not in "".join(traceback.format_exception(caught.value))
    assert not file.exists()


@pytest.mark.parametrize("status", [403, 404, 500])
def test_no_message_holds_what_makes_the_link_work(stored, file, status):
    stored.behave = lambda handler, _: (stored.answer(handler, status), True)[1]
    with pytest.raises(DaypassError) as caught:
        daypass.download(stored.url, file)
    error = caught.value
    while error is not None:
        assert "5ec2e7" not in f"{error} {error.args!r}"
        error = error.__cause__
    assert "5ec2e7" not in repr(daypass.Transfer(path="p", size=1))


def test_what_came_down_shows_no_secret(stored, file):
    assert "5ec2e7" not in repr(daypass.download(stored.url, file))


def test_where_no_file_can_be_nothing_is_sent(stored, tmp_path):
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    long = tmp_path / ("a" * 300)
    (tmp_path / "k").mkdir()  # the object's own name
    for place in (tmp_path, tmp_path / "none" / "down", loop, long, tmp_path / "nul\0"):
        with pytest.raises(InvalidRequestError) as caught:
            daypass.download(stored.url, place)
        assert caught.value.option == "file"
    assert stored.asked == []


def test_a_folder_that_goes_meanwhile_is_named(stored, tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    stored.behave = lambda *_: shutil.rmtree(folder)
    with pytest.raises(InvalidRequestError, match="folder/down cannot be written: No such file"):
        daypass.download(stored.url, folder / "down")


@pytest.mark.skipif(not hasattr(os, "fchmod"), reason="has no such permissions")
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o666])
def test_what_is_there_is_replaced_with_its_permissions(stored, file, mode):
    """As cp and curl do: a file that only its owner reads is not everybody's afterwards."""
    file.write_text("there")
    file.chmod(mode)
    daypass.download(stored.url, file)
    assert file.read_bytes() == BODY
    assert stat.S_IMODE(file.stat().st_mode) == mode


def test_the_async_twin_does_the_same(stored, file):
    done = asyncio.run(daypass.adownload(stored.url, file))
    assert (file.read_bytes(), done.size) == (BODY, len(BODY))


@pytest.mark.parametrize("status", [400, 401, 403, 405, 411])
@pytest.mark.parametrize("given", [str, link_to], ids=["bare URL", "SignedURL"])
def test_a_refusal_of_a_link_quotes_the_store_and_names_what_says_why(place, file, given, status):
    place.behave = lambda handler, _: (
        place.answer(handler, status, b"<Code>Odd</Code><Message>Not  like\nthis.</Message>")
        or True
    )
    with pytest.raises(StoreError) as caught:
        daypass.download(given(place.url), file)
    assert str(caught.value).endswith(
        ", in its own words: Not like this.; daypass.explain says what the link permits, "
        "and daypass.verify which piece of a request differs"
    )
    assert (caught.value.status, caught.value.store_code) == (status, "Odd")
    assert caught.value.store_message == "Not like this."


def test_what_is_no_refusal_of_a_link_names_nothing_more(place, file):
    place.behave = lambda handler, _: (
        place.answer(handler, 404, b"<Code>NoSuchKey</Code><Message>Gone.</Message>") or True
    )
    with pytest.raises(StoreError) as caught:
        daypass.download(place.url, file)
    shown = f"{place.url.partition('?')[0]}?****"
    assert str(caught.value) == f"the store answered 404 Not Found (NoSuchKey) to GET {shown}"
    assert caught.value.store_message == "Gone."


def test_what_opens_something_is_masked_in_a_stores_words(place, file):
    """Whatever it is called: a store may repeat all that was sent."""
    key = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
    url = f"{place.url}&unheard-of=opens%2Fsesame%2Bit"
    place.behave = lambda handler, _: (
        place.answer(
            handler,
            403,
            f"<Message>{handler.path.replace('&', '&amp;')} opens/sesame+it {key}</Message>".encode(),
        )
        or True
    )
    headers = {"x-amz-server-side-encryption-customer-key": key}
    with pytest.raises(StoreError) as caught:
        daypass.download(url, file, headers=headers)
    assert "sesame" not in str(caught.value)
    assert key not in str(caught.value)
