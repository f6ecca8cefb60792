import hashlib
import json
import os
import signal
import socket
import stat
import threading
import time
from base64 import b64encode

import pytest

from daypass import create_signed_url
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


def test_a_download_that_broke_off_goes_on(daypass, liar, tmp_path):
    body = os.urandom(300_000)
    asked = []

    def give(handler):
        asked.append(handler.headers.get("Range"))
        if len(asked) == 1:
            handler.send_response(200)
            handler.send_header("ETag", '"tag"')
            handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body[:100_000])
        elif away:
            answer(handler, 503)
        else:
            place = f"bytes 100000-299999/{len(body)}"
            answer(handler, 206, body[100_000:], ETag='"tag"', Content_Range=place)

    with liar(give) as httpd:
        url = f"http://127.0.0.1:{httpd.server_port}/b/k?sig=5ec2e7"
        away = True
        done = daypass("get", url, "down", "--resume")
        assert done.returncode == 1
        assert "100000 bytes of it are kept: go on by --resume" in done.stderr
        assert not (tmp_path / "down").exists()
        away = False
        done = daypass("get", url, "down", "--resume")
    assert done.returncode == 0, done.stderr
    assert asked[0] is None
    assert set(asked[1:]) == {"bytes=100000-"}
    assert (tmp_path / "down").read_bytes() == body
    assert daypass("get", url, "-", "--resume").returncode == 2


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


def test_what_is_not_there(daypass, real, bucket, tmp_path):
    (tmp_path / "up").write_bytes(os.urandom(20_000_000))
    missing = daypass("put", "up", "s3://no-such-bucket-here/k")
    assert missing.returncode == 1
    assert missing.stderr == (
        "daypass: error: the store answered 404 Not Found (NoSuchBucket) to PUT "
        "s3://no-such-bucket-here/k\n"
    )
    for arguments in (("get", f"s3://{bucket}/none", "down"), ("head", f"s3://{bucket}/none")):
        done = daypass(*arguments)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == f"daypass: error: s3://{bucket}/none does not exist\n"
    assert not (tmp_path / "down").exists()


def test_a_wrong_secret_is_told_by_the_stores_own_code(daypass, real, bucket, tmp_path):
    real["AWS_SECRET_ACCESS_KEY"] = "wrong-secret"
    (tmp_path / "up").write_bytes(b"x" * 5_000_000)
    put = daypass("put", "up", f"s3://{bucket}/k")
    assert put.returncode == 1
    assert "403 Forbidden (SignatureDoesNotMatch)" in put.stderr
    assert "http" not in put.stderr
    for done in (daypass("head", f"s3://{bucket}/k"), daypass("get", f"s3://{bucket}/k", "down")):
        assert done.returncode == 1
        assert "wrong-secret" not in done.stderr


def test_without_credentials_nothing_is_sent(daypass, tmp_path):
    (tmp_path / "up").write_text("x")
    assert daypass("put", "up", "s3://b/k").returncode == 4
    assert daypass("get", "s3://b/k", "down").returncode == 4


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


def answer(handler, status=200, body=b"", **headers):
    handler.send_response(status)
    for name, value in ({"Content_Length": len(body)} | headers).items():
        handler.send_header(name.replace("_", "-"), str(value))
    handler.end_headers()
    if handler.command != "HEAD":
        handler.wfile.write(body)


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


@pytest.mark.parametrize("chunked", [False, True])
def test_a_download_that_breaks_off_is_found(daypass, liar, tmp_path, leftovers, chunked):
    def break_off(handler):
        if handler.command == "HEAD":
            answer(handler, Content_Length=1000, ETag='"e"')
        elif chunked:
            handler.protocol_version = "HTTP/1.1"
            handler.send_response(200)
            handler.send_header("Transfer-Encoding", "chunked")
            handler.end_headers()
            handler.wfile.write(b"3e8\r\n" + b"x" * 10)
        else:
            answer(handler, body=b"x" * 10, Content_Length=1000)

    with liar(break_off):
        done = daypass("get", "s3://bucket/k", "down")
    assert done.returncode == 1
    assert done.stderr.startswith("daypass: error: ")
    assert not (tmp_path / "down").exists()
    assert leftovers() == []


def test_an_object_without_md5_is_checked_by_size(daypass, liar, tmp_path):
    with liar(announcing(10)):
        done = daypass("get", "s3://bucket/k", "down")
    assert done.returncode == 0
    assert "size checked" in done.stdout
    assert (tmp_path / "down").read_bytes() == b"x" * 10


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (503, b"<Error><Code>SlowDown</Code><Message>hunter2</Message></Error>", "503 Service Unavailable (SlowDown)"),
        (500, b"hunter2 " * 100_000, "500 Internal Server Error to PUT"),
        (599, b"<Code>hunter2 with spaces</Code>", "the store answered 599 to PUT"),
        (307, b"", "307 Temporary Redirect"),
        (100_0, b"", "daypass: error: "),
    ],
)  # fmt: skip
def test_an_error_shows_its_status_and_code_and_no_more(
    daypass, liar, tmp_path, status, body, told
):
    (tmp_path / "up").write_text("x")

    def refuse(handler):
        handler.rfile.read(1)
        answer(handler, status, body, Location="http://127.0.0.1:9/elsewhere")

    with liar(refuse):
        done = daypass("put", "up", "s3://bucket/k")
    assert done.returncode == 1
    assert told in done.stderr
    assert done.stderr.count("\n") == 1
    assert "hunter2" not in done.stderr
    assert "elsewhere" not in done.stderr


def test_a_refusal_is_heard_before_the_upload_ends(daypass, liar, tmp_path):
    (tmp_path / "up").write_bytes(b"x" * 50_000_000)
    with liar(lambda handler: answer(handler, 403, b"<Code>AccessDenied</Code>")):
        done = daypass("put", "up", "s3://bucket/k")
    assert done.returncode == 1
    assert "403" in done.stderr or "Connection reset" in done.stderr


def test_nobody_listens(daypass, credentials, tmp_path):
    (tmp_path / "up").write_text("x")
    # Taken, so that nobody else listens there, and not listened on.
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        credentials["AWS_ENDPOINT_URL_S3"] = f"http://127.0.0.1:{port}"
        done = daypass("put", "up", "s3://bucket/k")
    assert done.returncode == 1
    assert f"127.0.0.1:{port}" in done.stderr
    assert "the connection was refused" in done.stderr
    assert "X-Amz" not in done.stderr


def test_a_url_gets_whatever_headers_it_wants(daypass, real, bucket, tmp_path):
    (tmp_path / "up").write_text("1,2\n")
    path = f"s3://{bucket}/wants.csv"
    asked = ["--content-type", "text/csv", "--metadata", "run=7"]
    url = daypass("sign", path, "--method", "PUT", *asked).stdout.strip()
    headers = ["--header", "Content-Type=text/csv", "--header", "x-amz-meta-run=7"]
    assert daypass("put", "up", url, *headers).returncode == 0
    found = json.loads(daypass("head", path, "--json").stdout)
    assert (found["content_type"], found["metadata"]["run"]) == ("text/csv", "7")
    assert daypass("put", "up", path, *headers).returncode == 2


def test_a_url_is_used_without_credentials_or_anything_else(daypass, environment, liar, tmp_path):
    got = []

    def store(handler):
        length = int(handler.headers.get("Content-Length") or 0)
        got.append((handler.command, handler.path, handler.headers, handler.rfile.read(length)))
        answer(handler, body=b"1,2\n" if handler.command == "GET" else b"")

    (tmp_path / "up.csv").write_text("1,2\n")
    with liar(store) as httpd:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            del environment[name]
        url = f"http://127.0.0.1:{httpd.server_port}/b/a%20b?X-Amz-Signature=5ec2e7"
        put = daypass("put", "up.csv", url, "--header", "x-ms-blob-type=BlockBlob")
        get = daypass("get", url, "down", "--json")
        wrong = daypass("get", url, "down", "--expires-in", "5m")
    assert (put.returncode, put.stderr, get.returncode, get.stderr) == (0, "", 0, "")
    shown = url.replace("X-Amz-Signature=5ec2e7", "****")
    assert put.stdout == f"{shown}: 4 bytes, MD5 not checked\n"
    assert json.loads(get.stdout) == {
        "file": str(tmp_path / "down"),
        "path": shown,
        "size": 4,
        "content_md5": None,
        "checked": ["size"],
    }
    assert (tmp_path / "down").read_text() == "1,2\n"
    assert [(method, path) for method, path, *_ in got] == [
        ("PUT", "/b/a%20b?X-Amz-Signature=5ec2e7"),
        ("GET", "/b/a%20b?X-Amz-Signature=5ec2e7"),
    ]
    assert got[0][3] == b"1,2\n"
    own = {"Host", "Connection", "User-Agent", "Accept-Encoding", "Content-Length"}
    assert [set(headers.keys()) - own for _, _, headers, _ in got] == [{"X-Ms-Blob-Type"}, set()]
    assert (wrong.returncode, "5ec2e7" in wrong.stderr) == (2, False)
    assert "--expires-in goes with a path" in wrong.stderr


def test_a_part_is_not_said_to_be_the_whole(daypass, real, bucket, tmp_path):
    (tmp_path / "up").write_text("0123456789abcdef")
    path = f"s3://{bucket}/k"
    assert daypass("put", "up", path).returncode == 0
    url = daypass("sign", path).stdout.strip()
    done = daypass("get", url, "down", "--header", "Range=bytes=0-9")
    assert done.stdout.endswith(
        ": 10 bytes, a part of the object (Range): its length checked, and nothing of the whole\n"
    )
    assert (tmp_path / "down").read_text() == "0123456789"
    told = json.loads(daypass("get", url, "down", "--header", "range=bytes=0-9", "--json").stdout)
    assert (told["size"], told["checked"]) == (10, ["part"])
    refused = daypass("get", path, "other", "--header", "Range=bytes=0-9")
    assert refused.returncode == 2
    assert "sign a link to it" in refused.stderr
    assert not (tmp_path / "other").exists()


def test_the_key_of_a_url_is_shown_without_its_query(daypass, real, bucket, tmp_path):
    (tmp_path / "up").write_text("x")
    assert daypass("put", "up", f"s3://{bucket}/a/k").returncode == 0
    url = daypass("sign", f"s3://{bucket}/a/k").stdout.strip()
    found = json.loads(daypass("head", url, "--json").stdout)
    place = url.partition("?")[0]
    assert (found["path"], found["key"]) == (f"{place}?****", place.split("/", 3)[3])


#: As Amazon answers; the signature is not in it, and a stranger's server may repeat it.
EXPIRED = b"<Error><Code>AccessDenied</Code><Message>Request has expired: 5ec2e7a1b2c3 &amp; so</Message></Error>"


@pytest.mark.parametrize(
    ("arguments", "verify"),
    [
        (["get", "URL", "down"], "daypass verify URL"),
        (["get", "URL", "-"], "daypass verify URL"),
        (
            ["put", "up file", "URL", "--header", "Content-Type=text/csv"],
            "daypass verify URL --method PUT --body 'up file' --header Content-Type=...",
        ),
    ],
)
def test_a_link_that_is_refused_says_what_to_type(daypass, liar, tmp_path, arguments, verify):
    (tmp_path / "up file").write_text("x")

    def refuse(handler):
        handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        answer(handler, 403, EXPIRED)

    with liar(refuse) as httpd:
        url = f"http://127.0.0.1:{httpd.server_port}/b/k?X-Amz-Signature=5ec2e7a1b2c3"
        done = daypass(*(url if word == "URL" else word for word in arguments))
    assert (done.returncode, done.stdout) == (1, "")
    method = "PUT" if arguments[0] == "put" else "GET"
    assert done.stderr == (
        f"daypass: error: the store answered 403 Forbidden (AccessDenied) to {method} "
        f"{url.partition('?')[0]}?****, in its own words: Request has expired: **** & so; "
        f"`daypass explain URL` says what the link permits, and `{verify}` which piece of this request differs\n"
    )


def test_a_real_store_that_refuses_a_link_is_quoted(daypass, real, bucket, tmp_path):
    (tmp_path / "up").write_text("x")
    url = daypass("sign", f"s3://{bucket}/k", "--method", "PUT").stdout.strip()
    done = daypass("get", url, "down")
    assert done.returncode == 1
    assert "403 Forbidden (SignatureDoesNotMatch)" in done.stderr
    assert ", in its own words: The request signature we calculated does not match" in done.stderr
    assert "`daypass verify URL`" in done.stderr


def test_a_server_that_falls_silent_is_given_up(liar, monkeypatch):
    from daypass.errors import DeadlineError
    from daypass.toolkit import wire

    monkeypatch.setattr(wire, "TIMEOUT", 0.05)
    finished = threading.Event()
    with liar(lambda _: finished.wait(30)) as httpd:
        link = create_signed_url(
            "s3://bucket/k",
            storage_options={
                "key": "k", "secret": "s", "endpoint_url": f"http://127.0.0.1:{httpd.server_port}",
            },
        )  # fmt: skip
        with (
            pytest.raises(DeadlineError, match=r"fell silent|did not end its answer"),
            wire.send(link),
        ):
            pass
        finished.set()


def test_ctrl_c_in_a_download_leaves_nothing_behind(start, liar, tmp_path, leftovers):
    begun, finished = threading.Event(), threading.Event()

    def hang(handler):
        if handler.command == "HEAD":
            answer(handler, Content_Length=1 << 22, ETag='"e"')
            return
        answer(handler, body=b"x" * (1 << 21), Content_Length=1 << 22)
        begun.set()
        finished.wait(30)

    with liar(hang):
        process = start("get", "s3://bucket/k", "down")
        assert begun.wait(30)
        while not leftovers():
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 130
        assert b"Traceback" not in process.stderr.read()
        finished.set()
    assert leftovers() == []
    assert not (tmp_path / "down").exists()


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
