"""A download that broke off is gone on with by a later run, of the very same object, or begun again."""

from __future__ import annotations

import hashlib
import io
import os
from base64 import b64encode

import pytest
from fsspec.callbacks import Callback

import daypass
from daypass.base.files import lock
from daypass.errors import InvalidRequestError, StoreError
from daypass.transfer.retries import TRIES
from tests.core.transfer.conftest import BODY

CUT = 100_000


@pytest.fixture
def there(tmp_path):
    return lambda: sorted(path.name for path in tmp_path.iterdir())


def break_off(stored, file):
    """Get a part, and no more."""
    stored.behave = lambda handler, count: (
        stored.give(handler, cut=CUT) if count == 1 else stored.answer(handler, 503),
        True,
    )[1]
    with pytest.raises(StoreError) as caught:
        daypass.download(stored.url, file, resume=True)
    stored.behave = lambda *_: False
    stored.asked.clear()
    return caught.value


def asked(stored):
    return [(one.headers.get("Range"), one.headers.get("If-Match")) for one in stored.asked]


def test_what_has_come_is_kept_and_gone_on_with(stored, file, there):
    error = break_off(stored, file)
    assert error.__notes__ == [f"{CUT} bytes of it are kept: go on by resume=True"]
    assert there() == [".down.daypass-journal", ".down.daypass-part"]
    callback = Callback()
    done = daypass.download(stored.url, file, resume=True, callback=callback)
    assert asked(stored) == [(f"bytes={CUT}-", '"tag"')]
    assert (done.size, done.checked, done.etag) == (len(BODY), ("size",), "tag")
    assert (callback.size, callback.value) == (len(BODY), len(BODY))
    assert file.read_bytes() == BODY
    assert there() == ["down"]


def test_where_nothing_is_kept_it_begins(stored, file, there):
    assert daypass.download(stored.url, file, resume=True).size == len(BODY)
    assert asked(stored) == [(None, None)]
    assert there() == ["down"]


def test_the_rest_of_another_object_is_not_joined_on(stored, file, there):
    break_off(stored, file)
    stored.body, stored.headers = b"another", {"ETag": '"other"'}
    assert daypass.download(stored.url, file, resume=True).size == 7
    assert asked(stored) == [(f"bytes={CUT}-", '"tag"'), (None, None)]
    assert file.read_bytes() == b"another"
    assert there() == ["down"]


@pytest.mark.parametrize("status", [200, 416])
def test_a_server_that_gives_no_rest_is_asked_for_all(stored, file, status):
    break_off(stored, file)
    stored.ranges = False
    if status == 416:
        stored.behave = lambda handler, count: count == 1 and (stored.answer(handler, 416), True)[1]
    assert daypass.download(stored.url, file, resume=True).size == len(BODY)
    assert file.read_bytes() == BODY


@pytest.mark.parametrize("tag", [{}, {"ETag": 'W/"tag"'}])
def test_without_a_strong_tag_it_begins_again(stored, file, tag):
    stored.headers = tag
    break_off(stored, file)
    assert daypass.download(stored.url, file, resume=True).size == len(BODY)
    assert asked(stored) == [(None, None)]


@pytest.mark.parametrize(
    "journal", [b"", b"{", b"[]", b'{"headers": []}', b'{"headers": [1], "origin": 2}']
)
def test_a_journal_that_says_nothing_is_begun_again(stored, file, tmp_path, journal):
    break_off(stored, file)
    (tmp_path / ".down.daypass-journal").write_bytes(journal)
    assert daypass.download(stored.url, file, resume=True).size == len(BODY)
    assert asked(stored) == [(None, None)]


def test_what_is_of_another_path_is_begun_again(stored, file):
    break_off(stored, file)
    assert daypass.download(f"{stored.url}&x=1".replace("/b/k", "/b/other"), file, resume=True)
    assert asked(stored) == [(None, None)]


def test_of_another_query_it_is_begun_again(stored, file, tmp_path):
    """Which may be all that names the object; a URL is shown without it."""
    break_off(stored, file)
    assert "5ec2e7" not in (tmp_path / ".down.daypass-journal").read_text()
    assert daypass.download(f"{stored.url}&id=2", file, resume=True).size == len(BODY)
    assert asked(stored) == [(None, None)]


def test_what_had_only_to_be_named_is_asked_of_the_store_all_the_same(stored, file, tmp_path):
    break_off(stored, file)
    (tmp_path / ".down.daypass-part").write_bytes(BODY)
    callback = Callback()
    assert daypass.download(stored.url, file, resume=True, callback=callback).size == len(BODY)
    assert asked(stored) == [(f"bytes={len(BODY) - 1}-", '"tag"')]
    assert file.read_bytes() == BODY
    assert (callback.size, callback.value) == (len(BODY), len(BODY))


@pytest.mark.parametrize("heeds", [True, False])
def test_what_is_all_there_of_an_object_that_is_another_by_now_is_not_delivered(
    stored, file, tmp_path, heeds
):
    break_off(stored, file)
    (tmp_path / ".down.daypass-part").write_bytes(BODY)
    stored.body, stored.headers = BODY[::-1], {"ETag": '"other"'}
    if not heeds:  # and answers the last byte of the other

        def rest(handler, count):
            if count == 1:
                place = f"bytes {len(BODY) - 1}-{len(BODY) - 1}/{len(BODY)}"
                stored.answer(handler, 206, BODY[:1], ETag='"other"', Content_Range=place)
            return count == 1

        stored.behave = rest
    assert daypass.download(stored.url, file, resume=True).etag == "other"
    assert file.read_bytes() == BODY[::-1]


def test_a_path_is_gone_on_with_by_the_fresh_link_of_each_run_and_asked_too(
    real, file, tmp_path, there
):
    path, options, _ = real
    up = tmp_path / "up"
    up.write_bytes(BODY)
    daypass.upload(up, path, storage_options=options)

    class Stop(Callback):
        def relative_update(self, inc=1):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        daypass.download(path, file, storage_options=options, resume=True, callback=Stop())
    (tmp_path / ".down.daypass-part").write_bytes(BODY)
    up.write_bytes(BODY[::-1])
    daypass.upload(up, path, storage_options=options)
    daypass.download(path, file, storage_options=options, resume=True)
    assert file.read_bytes() == BODY[::-1]
    assert ".down.daypass-part" not in there()


def test_what_an_earlier_run_has_spoilt_is_found_and_not_kept(stored, file, there, tmp_path):
    md5 = b64encode(hashlib.md5(BODY, usedforsecurity=False).digest()).decode()
    stored.headers["Content-MD5"] = md5
    break_off(stored, file)
    (tmp_path / ".down.daypass-part").write_bytes(b"x" * CUT)
    with pytest.raises(StoreError, match="should have the MD5"):
        daypass.download(stored.url, file, resume=True)
    assert not file.exists()
    assert daypass.download(stored.url, file, resume=True).checked == ("size", "md5")
    assert file.read_bytes() == BODY
    assert there() == ["down"]


def test_two_runs_do_not_write_the_same(stored, file, tmp_path):
    with (tmp_path / ".down.daypass-part").open("wb") as taken:
        lock(taken, "testing")
        with pytest.raises(StoreError, match="another run is downloading to"):
            daypass.download(stored.url, file, resume=True)
    assert stored.asked == []


def test_nobody_can_have_it_written_elsewhere(stored, file, tmp_path):
    (tmp_path / "mine").write_text("kept")
    (tmp_path / ".down.daypass-part").symlink_to(tmp_path / "mine")
    with pytest.raises(InvalidRequestError, match="cannot be written"):
        daypass.download(stored.url, file, resume=True)
    (tmp_path / ".down.daypass-part").unlink()
    os.link(tmp_path / "mine", tmp_path / ".down.daypass-part")
    with pytest.raises(StoreError, match="another name too"):
        daypass.download(stored.url, file, resume=True)
    assert (tmp_path / "mine").read_text() == "kept"


def test_a_stream_is_no_file_to_go_on_with(stored):
    with pytest.raises(InvalidRequestError) as caught:
        daypass.download(stored.url, io.BytesIO(), resume=True)
    assert caught.value.option == "resume"


def test_without_it_nothing_is_kept(stored, file, there):
    stored.behave = lambda handler, _: (stored.answer(handler, 503), True)[1]
    with pytest.raises(StoreError):
        daypass.download(stored.url, file)
    assert there() == []
    assert len(stored.asked) == TRIES
