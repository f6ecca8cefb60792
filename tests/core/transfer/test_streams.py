"""Bytes of a stream go up, and bytes come down to one, by a file that is gone when they are there."""

from __future__ import annotations

import hashlib
import io
import os
import tempfile

import pytest

import daypass
from daypass.errors import InvalidPathError, InvalidRequestError, StoreError
from tests.core.transfer.test_uploads import MIB, link_to


@pytest.fixture
def spooled(tmp_path, monkeypatch):
    """List what lies in the folder of temporary files."""
    folder = tmp_path / "spool"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return lambda: [file.name for file in folder.iterdir()]


def test_a_stream_goes_up_whole_and_comes_down_whole(real, spooled):
    path, options, _ = real
    done = daypass.upload(io.BytesIO(b"1,2\n"), f"{path}.csv", storage_options=options)
    assert (done.size, done.content_type) == (4, "text/csv")
    down = io.BytesIO()
    assert daypass.download(done.path, down, storage_options=options).checked == ("size", "md5")
    assert down.getvalue() == b"1,2\n"
    assert spooled() == []


def test_a_stream_goes_up_in_parts_and_is_known_again_by_what_it_brings(real, spooled):
    path, options, proxy = real
    body = os.urandom(MIB) * 11
    parts = {"multipart_threshold": MIB, "part_size": 5 * MIB, "storage_options": options}
    proxy.faults = [403]
    with pytest.raises(StoreError) as caught:
        daypass.upload(io.BytesIO(body), path, jobs=1, **parts)
    assert "go on by resume=True" in caught.value.__notes__[0]
    with pytest.raises(InvalidRequestError, match="an earlier upload of - to this path"):
        daypass.upload(io.BytesIO(body), path, **parts)
    with pytest.raises(InvalidRequestError, match="- is not what it was"):
        daypass.upload(io.BytesIO(body[1:]), path, resume=True, **parts)
    done = daypass.upload(io.BytesIO(body), path, resume=True, **parts)
    assert (done.parts, done.size) == (3, len(body))
    proxy.faults = [403]
    with pytest.raises(StoreError):
        daypass.upload(io.BytesIO(body), path, jobs=1, **parts)
    assert daypass.abort_upload(io.BytesIO(), path, storage_options=options) == path
    assert spooled() == []


def test_a_stream_goes_through_a_link(place, spooled):
    assert daypass.upload(io.BytesIO(b"abc"), link_to(place.url)).size == 3
    assert [one.body for one in place.asked] == [b"abc"]
    assert spooled() == []


def test_nothing_of_what_is_wrong_leaves_to_a_stream(place, spooled):
    place.body = b"abc"
    place.headers = {"Content-MD5": "AAAAAAAAAAAAAAAAAAAAAA=="}
    down = io.BytesIO()
    with pytest.raises(StoreError, match="should have the MD5"):
        daypass.download(place.url, down)
    assert down.getvalue() == b""
    assert spooled() == []


def test_a_stream_has_no_name(place, real):
    path, options, _ = real
    with pytest.raises(InvalidPathError, match="name the whole key"):
        daypass.upload(io.BytesIO(b"abc"), f"{path}/", storage_options=options)
    form = daypass.create_upload_form(path, storage_options=options)
    with pytest.raises(InvalidRequestError, match="a stream has none"):
        daypass.upload(io.BytesIO(b"abc"), form)


def test_a_file_may_be_called_as_a_stream_is_on_the_command_line(real, tmp_path, monkeypatch):
    path, options, _ = real
    monkeypatch.chdir(tmp_path)
    (tmp_path / "-").write_bytes(b"abc")
    md5 = hashlib.md5(b"abc", usedforsecurity=False).digest()
    assert daypass.upload("-", path, content_md5=md5, storage_options=options).size == 3


def test_a_stream_of_text_is_refused_in_words(place, spooled):
    for given in (io.StringIO("abc"), io.TextIOWrapper(io.BytesIO(b"abc"))):
        with given, pytest.raises(InvalidRequestError, match=r"gives text.*mode 'rb'"):
            daypass.upload(given, link_to(place.url))
    assert spooled() == place.asked == []


def test_the_path_tells_a_type_where_the_file_does_not(real, tmp_path):
    path, options, _ = real
    for name, stored in (("tmp8x2", "text/html"), ("a.csv", "text/csv")):
        (tmp_path / name).write_bytes(b"abc")
        done = daypass.upload(tmp_path / name, f"{path}/{name}.html", storage_options=options)
        assert done.content_type == stored
