"""``daypass put`` and ``get``: what goes to a store comes back as it was, and what of it was checked is said."""

import hashlib
import json
import os
import stat
from base64 import b64encode

import pytest

from daypass import create_signed_url
from tests.core.cli.answers import answer
from tests.stranger import send

#: What Swift is known to do, and no other endpoint is believed to.
REFUSES = ("--signer-option", "refuses_unsigned_headers=true")


def md5_of(content):
    return b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()


@pytest.mark.parametrize(
    ("key", "content"),
    [("empty.csv", b""), ("a b//ü+%2F#?.csv", b"hello\n"), ("plain.csv", os.urandom(3_000_001))],
    ids=["empty", "odd key", "large"],
)
def test_a_file_goes_there_and_back(daypass, real, bucket, tmp_path, leftovers, key, content):
    (tmp_path / "up").write_bytes(content)
    path = f"s3://{bucket}/{key}"
    put = daypass("put", "up", path, *REFUSES, "--content-type", "text/csv", "--json")
    assert (put.returncode, put.stderr) == (0, "")
    assert json.loads(put.stdout) == {
        "path": path,
        "size": len(content),
        "content_type": "text/csv",
        "content_md5": md5_of(content),
        "etag": hashlib.md5(content, usedforsecurity=False).hexdigest(),
        "parts": 1,
        "checked": [],
    }

    head = json.loads(daypass("head", path, "--json").stdout)
    assert (head["size"], head["content_type"]) == (len(content), "text/csv")
    assert head["content_md5"] == md5_of(content)

    get = daypass("get", path, "down", "--json")
    assert (get.returncode, get.stderr) == (0, "")
    assert json.loads(get.stdout)["checked"] == ["size", "md5"]
    assert (tmp_path / "down").read_bytes() == content
    assert leftovers() == []


def test_dot_segments_are_sent_as_they_stand(daypass, real, bucket, tmp_path):
    (tmp_path / "up").write_text("dots")
    path = f"s3://{bucket}/a/../b/./c"
    assert daypass("put", "up", path).returncode == 2
    assert daypass("put", "up", path, "--allow-dot-segments").returncode == 0
    assert daypass("get", path, "down", "--allow-dot-segments").returncode == 0
    assert (tmp_path / "down").read_text() == "dots"
    assert json.loads(daypass("head", path, "--json").stdout)["size"] == 4


def test_in_words(daypass, real, bucket, tmp_path):
    (tmp_path / "up.csv").write_text("1,2\n")
    put = daypass("put", "up.csv", f"s3://{bucket}/k", *REFUSES)
    md5 = md5_of(b"1,2\n")
    said = f"s3://{bucket}/k: 4 bytes, text/csv, MD5 {md5} checked by the store\n"
    assert put.stdout == said
    get = daypass("get", f"s3://{bucket}/k", "down")
    assert get.stdout == f"{tmp_path / 'down'}: 4 bytes, size and MD5 checked\n"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.csv", "text/csv"),
        ("a.csv.gz", "application/gzip"),
        ("a.unheard-of", "application/octet-stream"),
        ("a", "application/octet-stream"),
    ],
)
def test_a_content_type_is_always_declared(daypass, real, bucket, tmp_path, name, kind):
    (tmp_path / name).write_text("x")
    put = daypass("put", name, f"s3://{bucket}/{name}", "--json")
    assert json.loads(put.stdout)["content_type"] == kind
    assert json.loads(daypass("head", f"s3://{bucket}/{name}", "--json").stdout)[
        "content_type"
    ] == kind  # fmt: skip


def test_options_of_an_upload(daypass, real, bucket, tmp_path):
    (tmp_path / "up").write_text("x")
    path = f"s3://{bucket}/k"
    done = daypass(
        "put", "up", path, "--metadata", "a=b", "--header", "Cache-Control=no-store", "--if-absent"
    )
    assert done.returncode == 0
    assert json.loads(daypass("head", path, "--json").stdout)["metadata"]["a"] == "b"
    again = daypass("put", "up", path, "--if-absent")
    assert again.returncode == 1
    assert "412 Precondition Failed (PreconditionFailed)" in again.stderr
    assert "an object is there already, and the link only creates" in again.stderr


def test_names_of_their_own(daypass, real, bucket, tmp_path):
    (tmp_path / "up.csv").write_text("1,2\n")
    for prefix in (f"s3://{bucket}/n/", f"s3://{bucket}"):
        for _ in range(2):
            put = daypass("put", "up.csv", prefix, "--json")
            assert json.loads(put.stdout)["path"] == f"{prefix.rstrip('/')}/up.csv"
    (tmp_path / "up.csv").unlink()
    get = daypass("get", f"s3://{bucket}/n/up.csv")
    assert get.stdout == f"{tmp_path / 'up.csv'}: 4 bytes, size and MD5 checked\n"
    (tmp_path / "folder").mkdir()
    get = daypass("get", f"s3://{bucket}/n/up.csv", "folder", "--json")
    assert json.loads(get.stdout)["file"] == str(tmp_path / "folder" / "up.csv")
    assert (tmp_path / "folder" / "up.csv").read_text() == "1,2\n"
    assert "no object of its own" in daypass("get", f"s3://{bucket}/n/").stderr
    assert daypass("head", f"s3://{bucket}/n/").returncode == 1


def test_stdin_goes_up_and_an_object_comes_to_stdout(daypass, real, bucket, tmp_path):
    path = f"s3://{bucket}/k.csv"
    put = daypass("put", "-", path, "--json", input="1,2\n")
    told = json.loads(put.stdout)
    assert (told["size"], told["content_type"]) == (4, "text/csv")
    get = daypass("get", path, "-")
    assert (get.returncode, get.stdout) == (0, "1,2\n")
    assert get.stderr == f"{path}: 4 bytes, size and MD5 checked\n"
    assert daypass("get", path, "-", "--json").returncode == 2
    missing = daypass("get", f"{path}.none", "-")
    assert (missing.returncode, missing.stdout) == (1, "")
    assert daypass("put", "-", f"s3://{bucket}/n/", input="x").returncode == 2
    assert not (tmp_path / "-").exists()


def test_a_checksum_is_held_against_the_file(daypass, real, bucket, tmp_path):
    (tmp_path / "up").write_text("1,2\n")
    sums = [b64encode(hashlib.sha256(body).digest()).decode() for body in (b"3", b"1,2\n")]
    wrong = daypass("put", "up", f"s3://{bucket}/k", "--checksum-sha256", sums[0])
    assert wrong.returncode == 2
    assert f"--checksum-sha256 says {sums[0]}, and the file has {sums[1]}: nothing was sent" in wrong.stderr  # fmt: skip
    assert daypass("head", f"s3://{bucket}/k").returncode == 1
    assert daypass("put", "up", f"s3://{bucket}/k", "--checksum-sha256", sums[1]).returncode == 0


def test_get_replaces_a_file_and_writes_through_a_link(daypass, real, bucket, tmp_path):
    (tmp_path / "up").write_text("new")
    daypass("put", "up", f"s3://{bucket}/k")
    (tmp_path / "down").write_text("old")
    (tmp_path / "link").symlink_to("down")
    assert daypass("get", f"s3://{bucket}/k", "link").returncode == 0
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "down").read_text() == "new"
    (tmp_path / "other").write_text("")
    assert stat.S_IMODE((tmp_path / "down").stat().st_mode) == stat.S_IMODE(
        (tmp_path / "other").stat().st_mode
    )


@pytest.mark.isolated
def test_a_local_path_is_no_store(daypass, tmp_path):
    (tmp_path / "up").write_text("x")
    assert daypass("put", "up", f"file://{tmp_path}/copy").returncode == 5
    assert daypass("get", f"file://{tmp_path}/up", "down").returncode == 5
    head = daypass("head", f"file://{tmp_path}/up")
    assert (head.returncode, "size: 1\n" in head.stdout) == (0, True)


@pytest.mark.isolated
def test_a_local_file_is_shown_on_a_card_too(on_terminal, tmp_path):
    (tmp_path / "up").write_text("x")
    code, shown = on_terminal("head", f"file://{tmp_path}/up")
    assert (code, shown[0]) == (0, "╭")  # a card
    assert "last_modified" in shown


def test_an_md5_that_lies_is_found_and_nothing_is_saved(
    daypass, real, server, bucket, tmp_path, leftovers
):
    path = f"s3://{bucket}/k"
    lie = {"md5chksum": md5_of(b"something else")}
    link = create_signed_url(
        path, method="PUT", metadata=lie, storage_options=server.storage_options
    )
    assert send(link, b"the content").status == 200
    (tmp_path / "down").write_text("kept")
    done = daypass("get", path, "down")
    assert done.returncode == 1
    assert lie["md5chksum"] in done.stderr
    assert md5_of(b"the content") in done.stderr
    assert (tmp_path / "down").read_text() == "kept"
    assert leftovers() == []


def announcing(size):
    """Answer HEAD with a size, and GET with ten bytes."""

    def lie(handler):
        if handler.command == "HEAD":
            answer(handler, Content_Length=size, ETag='"e"')
        else:
            answer(handler, body=b"x" * 10)

    return lie


def test_another_size_than_the_metadata_say_is_found(daypass, liar, tmp_path, leftovers):
    with liar(announcing(11)):
        done = daypass("get", "s3://bucket/k", "down")
    assert done.returncode == 1
    assert "should have 11 bytes, and 10 arrived" in done.stderr
    assert not (tmp_path / "down").exists()
    assert leftovers() == []


def test_an_object_without_md5_is_checked_by_size(daypass, liar, tmp_path):
    with liar(announcing(10)):
        done = daypass("get", "s3://bucket/k", "down")
    assert done.returncode == 0
    assert "size checked" in done.stdout
    assert (tmp_path / "down").read_bytes() == b"x" * 10


NO_MD5 = """
from daypass import BackendInfo, ObjectMetadata, SignedURL, hookimpl

@hookimpl
def describe_backend():
    return BackendInfo(name="plain", methods=("GET", "PUT"), enforces=("content_type",))

@hookimpl
def create_signed_url(location, request):
    return SignedURL(
        url="http://" + location.bucket + "/" + location.key, method=request.method,
        headers={"Content-Type": request.content_type} if request.content_type else {},
        expires_at=request.expires_at, expires_because="requested",
        permits=frozenset({request.method}), unenforced=frozenset(), path=location.path,
        backend="plain",
    )

@hookimpl
def head_metadata(location):
    return ObjectMetadata(path=location.path, key=location.key)
"""


def test_a_backend_without_md5_is_used_with_a_warning(daypass, install, liar, tmp_path):
    install("daypass-plain", "daypass.backends", "plain", NO_MD5)
    (tmp_path / "up.csv").write_text("1,2\n")
    got = {}

    def store(handler):
        if handler.command == "PUT":
            got["headers"] = dict(handler.headers)
            got["body"] = handler.rfile.read(int(handler.headers["Content-Length"]))
        answer(handler, body=got["body"] if handler.command == "GET" else b"")

    with liar(store) as httpd:
        path = f"plain://127.0.0.1:{httpd.server_port}/k"
        done = daypass("put", "up.csv", path)
        back = daypass("get", path, "down")
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("daypass: warning: uploading without an MD5: ")
    assert "--content-md5" in done.stderr
    assert "MD5 not checked" in done.stdout
    assert got["body"] == b"1,2\n"
    assert got["headers"]["Content-Type"] == "text/csv"
    assert "Content-Md5" not in {name.title() for name in got["headers"]}
    assert back.returncode == 0
    assert "nothing to check it against" in back.stdout
    assert (tmp_path / "down").read_text() == "1,2\n"


def test_a_progress_bar_is_for_terminals(on_terminal, real, bucket, tmp_path):
    (tmp_path / "up").write_bytes(b"x" * 2_000_000)
    code, shown = on_terminal("put", "up", f"s3://{bucket}/k")
    assert code == 0
    assert "uploading" in shown
    code, shown = on_terminal("get", f"s3://{bucket}/k", "down")
    assert code == 0
    assert "downloading" in shown
    code, shown = on_terminal("head", f"s3://{bucket}/k")
    assert code == 0
    assert "2000000 (2.0 MB)" in shown
