"""A file goes up to a session that a link has started, whatever is answered there."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from fsspec.callbacks import Callback

import daypass
from daypass.errors import StoreError
from daypass.transfer.retries import TRIES
from tests.core.transfer.test_uploads import OWN

BODY = os.urandom(1_000_000)
SIZE = len(BODY)
START = {"x-goog-resumable": "start"}
OWN_KEY = {"x-goog-encryption-algorithm": "AES256", "x-goog-encryption-key": "a2V5"}


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "up.csv"
    path.write_bytes(BODY)
    return path


@pytest.fixture
def link(place):
    def make(**more):
        return daypass.SignedURL(
            url=place.url, method="PUT", headers=START | more, expires_at=datetime(2030, 1, 1, tzinfo=UTC),
            expires_because="requested", permits=frozenset({"PUT"}), unenforced=frozenset(), path="gs://b/k", backend="gcs",
        )  # fmt: skip

    return make


@pytest.fixture
def says(place):
    """Start a session at the same place, and answer what comes to it by a list."""

    def answer(*answers, session="/s?upload_id=5ec2e7"):
        left = list(answers)

        def behave(handler, _):
            if handler.command == "POST":
                place.answer(handler, 201, Location=session)
                return True
            if not left:
                return False  # which stores it
            status, headers = left.pop(0)
            if status is None:
                handler.close_connection = True
            else:
                place.answer(handler, status, **headers)
            return True

        place.behave = behave

    return answer


def asked(place):
    return [(one.method, one.headers.get("Content-Range"), len(one.body)) for one in place.asked]


def test_the_start_has_the_headers_of_the_link_and_no_body_and_the_session_the_bytes(
    place, says, link, file
):
    says()
    done = daypass.upload(file, link(**{"Content-Type": "text/x"}, **OWN_KEY))
    first, second = place.asked
    assert (first.method, first.body) == ("POST", b"")
    assert first.headers["Content-Length"] == "0"
    sent = {name.lower() for name in first.headers} - {name.lower() for name in OWN}
    assert sent == {*START, *OWN_KEY, "content-type"}
    assert (second.method, second.body) == ("PUT", BODY)
    sent = {name.lower() for name in second.headers} - {name.lower() for name in OWN}
    assert sent == {*OWN_KEY, "content-range"}
    assert second.headers["Content-Range"] == f"bytes 0-{SIZE - 1}/{SIZE}"
    assert (done.size, done.content_type, done.etag) == (SIZE, "text/x", "e1")


def test_a_bare_url_starts_a_session_where_its_header_says_so(place, says, file):
    says()
    assert daypass.upload(file, place.url, headers={"X-Goog-Resumable": "start"}).etag == "e1"
    assert [one.method for one in place.asked] == ["POST", "PUT"]


def test_an_empty_file_is_brought_by_saying_that_there_is_none_of_it(place, says, link, tmp_path):
    says()
    (tmp_path / "empty").touch()
    assert daypass.upload(tmp_path / "empty", link()).size == 0
    assert asked(place) == [("POST", None, 0), ("PUT", "bytes */0", 0)]


@pytest.mark.parametrize("fault", [(None, {}), (503, {}), (429, {})], ids=["gone", "503", "429"])
def test_it_asks_how_far_it_came_and_goes_on_there(place, says, link, file, fault):
    seen = []
    callback = Callback(hooks={"see": lambda size, value: seen.append((size, value))})
    says(
        fault,
        (308, {"Range": "bytes=0-524287"}),
        fault,
        (503, {}),
        (308, {"Range": "bytes=0-786431"}),
    )
    daypass.upload(file, link(), callback=callback)
    assert asked(place) == [
        ("POST", None, 0),
        ("PUT", f"bytes 0-{SIZE - 1}/{SIZE}", SIZE),
        ("PUT", f"bytes */{SIZE}", 0),
        ("PUT", f"bytes 524288-{SIZE - 1}/{SIZE}", SIZE - 524288),
        ("PUT", f"bytes */{SIZE}", 0),
        ("PUT", f"bytes */{SIZE}", 0),
        ("PUT", f"bytes 786432-{SIZE - 1}/{SIZE}", SIZE - 786432),
    ]
    assert place.asked[-1].body == BODY[786432:]
    assert seen[-1] == (SIZE, SIZE)
    assert (SIZE, 524288) in seen


def test_where_nothing_has_arrived_all_is_sent_again(place, says, link, file):
    says((503, {}), (308, {}))
    daypass.upload(file, link())
    assert place.asked[-1].body == BODY


def test_an_answer_that_was_lost_is_asked_for(place, says, link, file):
    says((None, {}), (200, {"ETag": '"all"'}))
    assert daypass.upload(file, link()).etag == "all"
    assert asked(place)[2:] == [("PUT", f"bytes */{SIZE}", 0)]


@pytest.mark.parametrize(("more", "goes_on"), [(256 << 10, True), (100, False)])
def test_it_gives_up_only_where_it_does_not_come_forward(place, says, link, file, more, goes_on):
    """More stops than there are tries, and after each a piece more; of single bytes it would have no end."""
    rounds = 2 * TRIES
    size = 256 * 1024 * (rounds + 1)
    os.truncate(file, size)
    there = [{"Range": f"bytes=0-{more * n - 1}"} for n in range(1, rounds + 1)]
    says(*(answer for one in there for answer in ((503, {}), (308, one))))
    if goes_on:
        assert daypass.upload(file, link()).etag == "e1"
        assert len(place.asked[-1].body) == size - more * rounds
    else:
        with pytest.raises(StoreError):
            daypass.upload(file, link())


def test_it_gives_up_where_it_does_not(place, says, link, file):
    says((503, {}), *[(308, {"Range": "bytes=0-9"}), (503, {})] * 50)
    with pytest.raises(StoreError) as caught:
        daypass.upload(file, link())
    assert caught.value.status == 503
    assert len(place.asked) < 6 * TRIES


def test_a_session_that_takes_none_of_the_bytes_is_given_up(place, says, link, file):
    says(*[(308, {"Range": "bytes=0-9"})] * 100)
    with pytest.raises(StoreError, match="has taken none of the bytes from 10 on"):
        daypass.upload(file, link())


@pytest.mark.parametrize("status", [400, 403, 404, 410, 412])
def test_what_cannot_succeed_is_not_sent_again(place, says, link, file, status):
    says((status, {}))
    with pytest.raises(StoreError) as caught:
        daypass.upload(file, link())
    assert caught.value.status == status
    assert "5ec2e7" not in str(caught.value)
    assert len(place.asked) == 2


@pytest.mark.parametrize(
    "headers",
    [
        {"Location": "http://127.0.0.2/elsewhere"},
        {"Range": "bytes=5-9"},
        {"Range": f"bytes=0-{SIZE}"},
        {"Range": "bytes=0-99999999999999999999999"},
        {"Range": "all of them"},
    ],
    ids=str,
)
def test_an_answer_that_does_not_say_how_far_it_came_is_none(place, says, link, file, headers):
    says((308, headers))
    with pytest.raises(StoreError, match=f"does not say how many of {SIZE} bytes are there"):
        daypass.upload(file, link())
    assert len(place.asked) == 2


@pytest.mark.parametrize(
    "session",
    [
        "http://127.0.0.2:{port}/s?upload_id=5ec2e7",
        "https://127.0.0.1:{port}/s?upload_id=5ec2e7",
        "http://127.0.0.1:1/s?upload_id=5ec2e7",
        "http://127.0.0.1:{port}@elsewhere.example/s",
        "//elsewhere.example/s",
        "file:///etc/motd",
        "http://[",
        "http://127.0.0.1:{port}/a b",
    ],
)
def test_a_session_anywhere_else_gets_no_byte(place, says, link, file, session):
    """It would get the file, and a customer's key with it."""
    port = place.url.split(":")[2].partition("/")[0]
    says(session=session.replace("{port}", port))
    with pytest.raises(StoreError, match="would be at another server than the link") as caught:
        daypass.upload(file, link(**OWN_KEY))
    assert "5ec2e7" not in str(caught.value)
    assert len(place.asked) == 1


def test_an_answer_that_names_no_session_is_none(place, link, file):
    with pytest.raises(StoreError, match="names no session to bring the bytes to"):
        daypass.upload(file, link())
    assert len(place.asked) == 1


def test_the_start_is_asked_for_again(place, says, link, file):
    says()
    behave, left = place.behave, [503, None]

    def first_fails(handler, count):
        if not left:
            return behave(handler, count)
        if (status := left.pop()) is None:
            handler.close_connection = True
        else:
            place.answer(handler, status)
        return True

    place.behave = first_fails
    assert daypass.upload(file, link()).etag == "e1"
    assert [one.method for one in place.asked] == ["POST", "POST", "POST", "PUT"]


def test_a_file_that_becomes_shorter_is_given_up(place, says, link, file):
    says((503, {}), (308, {}))
    behave = place.behave

    def shorten(handler, count):
        os.truncate(file, 10)
        return behave(handler, count)

    place.behave = shorten
    with pytest.raises(StoreError, match="became shorter"):
        daypass.upload(file, link())


def test_the_command_starts_a_session_where_its_header_says_so(place, says, file):
    says()
    command = ["put", str(file), place.url, "--header", "x-goog-resumable=start"]
    subprocess.run([sys.executable, "-m", "daypass.cli", *command], check=True, timeout=60)
    assert [one.method for one in place.asked] == ["POST", "PUT"]
