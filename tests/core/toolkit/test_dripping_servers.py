"""Servers that send a byte now and then, so that no socket's timeout ever ends what they were asked."""

from __future__ import annotations

import socket
from threading import Event
from threading import enumerate as threads

import attrs
import pytest

from daypass.errors import DaypassError, DeadlineError, StoreError
from daypass.hookspecs.parts import UploadedPart
from daypass.model.links import REQUESTED, SignedURL
from daypass.toolkit import wire
from daypass.toolkit.wire import Pace, network_errors, read_answer, send
from tests.core.fakes import NOW
from tests.core.toolkit.test_xml_uploads import session
from tests.servers.certificates import identity
from tests.servers.dripping import (
    DRIPS,
    DRIPS_OF_TLS,
    OK,
    PATIENCE,
    dripping,
    full,
    slow_reader,
    soon,
)

#: Seconds for an exchange.
DEADLINE = 0.5


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


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_handshake_of_tls_comes_in_time_and_leaves_no_thread(method):
    with dripping(*DRIPS_OF_TLS["handshake"], "https") as url:
        with soon(), pytest.raises(DeadlineError), send(link_to(url, method), timeout=DEADLINE):
            pass
        for thread in threads():
            if thread.name == "daypass-deadline":
                thread.join(PATIENCE)
                assert not thread.is_alive()


def test_what_a_proxy_says_before_the_handshake_comes_in_time(monkeypatch):
    with dripping(*DRIPS["header"]) as proxy:
        monkeypatch.setenv("https_proxy", proxy)
        with (
            soon(),
            pytest.raises(DeadlineError, match=r"connecting to 127.0.0.1 did not end within 0.5 s"),
            send(link_to("https://b.example"), timeout=DEADLINE),
        ):
            pass


def test_a_name_server_that_never_answers_is_not_waited_for(monkeypatch):
    answered = Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answered.wait() and [])
    link = link_to("http://slow.example")
    with soon(), pytest.raises(DeadlineError), send(link, timeout=DEADLINE):
        pass
    answered.set()


def test_all_addresses_of_a_host_together_have_the_time_of_one(monkeypatch):
    with full() as port:
        one = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [one] * 1000)
        link = link_to(f"http://many.example:{port}")
        with soon(), pytest.raises(DeadlineError), send(link, timeout=DEADLINE):
            pass


@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
def test_a_server_that_takes_a_piece_of_an_upload_too_slowly_is_given_up(
    tmp_path, monkeypatch, tls
):
    context, known = identity(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(known))
    body = bytes(8 << 20)  # more than the buffers on the way hold
    with slow_reader(context if tls else None) as url:
        link, headers = link_to(url, "PUT"), {"Content-Length": str(len(body))}
        with (
            soon(),
            pytest.raises(DeadlineError),
            send(link, headers=headers, body=body, timeout=DEADLINE),
        ):
            pass


@pytest.mark.parametrize("drip", ["body", "body of no stated length", "size of a chunk"])
def test_an_object_that_comes_more_slowly_than_a_kib_in_a_second_is_given_up(monkeypatch, drip):
    monkeypatch.setattr(wire, "_SLOWEST", DEADLINE)
    with dripping(*DRIPS[drip]) as url:
        link = link_to(url)
        with (
            soon(),
            pytest.raises(DeadlineError, match=r"took longer than 0.5 s for a MiB"),
            send(link) as response,
            network_errors(link),
        ):
            Pace().read(response)


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
