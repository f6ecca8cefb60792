"""Servers that send a byte now and then, so that no socket's timeout ever ends what they were asked."""

from __future__ import annotations

import socket
import time
from contextlib import contextmanager
from threading import Event, Thread

import attrs
import pytest

from daypass.errors import DaypassError, DeadlineError, StoreError
from daypass.hookspecs.parts import UploadedPart
from daypass.model.links import REQUESTED, SignedURL
from daypass.toolkit.wire import network_errors, read_answer, send
from tests.core.fakes import NOW
from tests.core.toolkit.test_xml_uploads import session

#: Seconds: between two bytes, for an exchange, and at most until it has ended on a machine under load. Each of the
#: answers below would take more than a minute.
PAUSE, DEADLINE, PATIENCE = 0.1, 0.5, 20
LONG = b"x" * 1000

OK = b"HTTP/1.1 200 OK\r\n"
DRIPS = {
    "status line": (b"", b"HTTP/1.1 200 " + LONG),
    "header": (OK, b"X-Long: " + LONG),
    "body": (OK + b"Content-Length: 1000\r\n\r\n", LONG),
    "body of no stated length": (OK + b"\r\n", LONG),
    "size of a chunk": (OK + b"Transfer-Encoding: chunked\r\n\r\n", b"0" * 1000),
    "body of an error": (b"HTTP/1.1 500 No\r\nContent-Length: 1000\r\n\r\n", LONG),
    "nothing": (b"", b""),
}


@contextmanager
def dripping(at_once, slowly):
    """Answer each connection so, the second part byte by byte; yield the URL."""
    over = Event()

    def answer(connection):
        with connection:
            try:
                connection.sendall(at_once)
                for byte in slowly:
                    if over.wait(PAUSE):
                        return
                    connection.sendall(bytes([byte]))
            except OSError:
                return  # the other side has had enough
            over.wait()

    def serve():
        while True:
            try:
                connection = listener.accept()[0]
            except OSError:
                return
            Thread(target=answer, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            over.set()
            listener.shutdown(socket.SHUT_RDWR)  # wakes accept
            thread.join()


@contextmanager
def soon():
    begin = time.monotonic()
    yield
    assert time.monotonic() - begin < PATIENCE


def link_to(url, method="GET"):
    return SignedURL(
        f"{url}/key", method, {}, NOW, REQUESTED, frozenset(), frozenset(), "fake://b/key", "fake"
    )


STEPS = {
    "begin": lambda upload: upload.begin(),
    "list": lambda upload: upload.list_parts("id"),
    "complete": lambda upload: upload.complete("id", [UploadedPart(number=1, size=1, etag="e")]),
    "abort": lambda upload: upload.abort("id"),
}


@pytest.mark.parametrize("drip", DRIPS)
@pytest.mark.parametrize("step", STEPS)
def test_each_step_of_an_upload_in_parts_ends_with_the_deadline(step, drip):
    with dripping(*DRIPS[drip]) as url:
        upload = session(url)
        upload = attrs.evolve(upload, location=attrs.evolve(upload.location, deadline=DEADLINE))
        expected = (DeadlineError, StoreError) if drip == "body of an error" else DeadlineError
        with soon(), pytest.raises(expected):
            STEPS[step](upload)


@pytest.mark.parametrize("drip", ["status line", "header", "nothing"])
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_the_head_of_an_answer_to_any_link_comes_in_time(method, drip):
    with (
        dripping(*DRIPS[drip]) as url,
        soon(),
        pytest.raises(DeadlineError, match=r"did not end its answer within|fell silent for"),
        send(link_to(url, method), timeout=DEADLINE),
    ):
        pass


@pytest.mark.parametrize("drip", ["body", "body of no stated length", "size of a chunk"])
def test_what_a_store_says_of_an_upload_comes_in_time(drip):
    with dripping(*DRIPS[drip]) as url:
        link = link_to(url, "PUT")
        with (
            soon(),
            pytest.raises(DeadlineError),
            send(link, body=b"") as response,
            network_errors(link, DEADLINE),
        ):
            read_answer(response, 1 << 16, DEADLINE)


def test_an_error_whose_body_drips_is_told_by_its_status():
    with (
        dripping(*DRIPS["body of an error"]) as url,
        soon(),
        pytest.raises(DaypassError, match="answered 500"),
        send(link_to(url), timeout=DEADLINE),
    ):
        pass


def test_bytes_of_an_object_may_come_slowly_as_long_as_they_come():
    slowly = b"x" * 12  # longer than the deadline, and no pause of them is
    with (
        dripping(OK + b"Content-Length: 12\r\n\r\n", slowly) as url,
        send(link_to(url), timeout=PATIENCE) as response,
    ):
        assert response.read() == slowly
