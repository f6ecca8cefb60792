"""Where a store refuses, breaks off or falls silent: one sentence, and nothing left behind."""

import os
import signal
import socket
import threading
import time

import pytest

from daypass import create_signed_url
from tests.core.cli.answers import answer


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
