"""What goes wrong on the way to the server, by real servers and by sockets that behave badly."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
import time
import traceback

import attrs
import fsspec
import pytest
import redis

import daypass
from daypass.errors import (
    AccessDeniedError,
    CredentialsError,
    DaypassError,
    DeadlineError,
    InvalidPathError,
    StoreError,
)
from daypass.gate import doors
from tests.plugins.redis.conftest import SECRET
from tests.servers.redis import redis_server

pytestmark = pytest.mark.servers


def shown(error):
    """Return all that a log could show of an error: its chain, hidden context included."""
    text = ""
    while error is not None:
        text += "".join(traceback.format_exception(error, chain=False)) + repr(error.args)
        assert error.__cause__ is None or error.__context__ in (None, error.__cause__)
        error = error.__cause__ or error.__context__
    return text


@contextlib.contextmanager
def bad_server(behave):
    """Listen, and hand every connection to a function, one after the other."""

    def serve():
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection, contextlib.suppress(ConnectionError):
                    behave(connection)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"redis://127.0.0.1:{listener.getsockname()[1]}/0"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(10)
        assert not thread.is_alive()


def head(url, deadline, **options):
    store = daypass.Store(url, **options)
    location = attrs.evolve(store.location, deadline=deadline, key=store.location.key + "/key")
    return doors.head_metadata(store.backend, location)


LOGINS = [{}, {"password": "wrong"}, {"username": "nobody", "password": SECRET}]


@pytest.mark.parametrize("login", LOGINS)
def test_login_that_is_not_accepted(guarded, login):
    with pytest.raises(CredentialsError, match="username and password") as caught:
        daypass.head_metadata(f"{guarded.url}/0/public/a", storage_options=login)
    assert SECRET not in shown(caught.value)


@pytest.mark.parametrize("login", LOGINS)
def test_login_that_the_filesystem_is_not_accepted_with(guarded, login):
    fs = fsspec.filesystem("redis", host=guarded.host, port=guarded.port, **login)
    for call in (fs.cat_file, fs.info, fs.exists, fs.ls, fs.find, fs.open, fs.rm_file):
        with pytest.raises(PermissionError):
            call("public/a")


def test_password_opens(guarded):
    options = {"password": SECRET}
    assert daypass.head_metadata(f"{guarded.url}/0/public/a", storage_options=options).size == 1


def test_password_that_nobody_asked_for(server):
    with pytest.raises(CredentialsError) as caught:
        daypass.head_metadata(f"{server.url}/0/a", storage_options={"password": SECRET})
    assert SECRET not in shown(caught.value)


def test_user_reads_what_the_access_rules_allow(guarded):
    options = {"username": "reader", "password": SECRET}
    assert daypass.head_metadata(f"{guarded.url}/0/public/a", storage_options=options).size == 1
    with pytest.raises(AccessDeniedError, match="private/a") as caught:
        daypass.head_metadata(f"{guarded.url}/0/private/a", storage_options=options)
    assert SECRET not in shown(caught.value)


@pytest.mark.parametrize("command", ["type", "strlen", "pttl"])
def test_user_needs_each_command(command):
    with redis_server(f"user default on nopass ~* +@all -{command}") as server:
        with server.client() as client:
            client.set("a", b"1")
        with pytest.raises(AccessDeniedError, match="commands"):
            daypass.head_metadata(f"{server.url}/0/a")


def test_user_may_not_write(guarded):
    fs = fsspec.filesystem(
        "redis", host=guarded.host, port=guarded.port, username="reader", password=SECRET
    )
    assert fs.cat_file("public/a") == b"1"
    for call in (lambda: fs.pipe_file("public/a", b""), lambda: fs.rm("public/a")):
        with pytest.raises(AccessDeniedError):
            call()


def test_server_that_quotes_the_password_is_not_quoted():
    with redis_server('rename-command AUTH ""') as server:
        with pytest.raises(StoreError, match="ResponseError") as caught:
            daypass.head_metadata(f"{server.url}/0/a", storage_options={"password": SECRET})
        assert SECRET not in shown(caught.value)
        with (
            redis.Redis(server.host, server.port, password=SECRET, protocol=2) as client,
            pytest.raises(redis.exceptions.ResponseError, match=SECRET),
        ):
            client.ping()  # so there was something to hide


def test_login_in_the_url_never_leaves():
    with pytest.raises(InvalidPathError) as caught:
        daypass.head_metadata(f"redis://user:{SECRET}@localhost/0/a")
    assert SECRET not in shown(caught.value)
    with pytest.raises(InvalidPathError) as caught:
        fsspec.open(f"redis://user:{SECRET}@localhost/0/a")
    assert SECRET not in shown(caught.value)


@pytest.mark.isolated
def test_secrets_are_in_no_repr():
    fs = fsspec.filesystem(
        "rediss", host="cache.example", password=SECRET, ssl_password=SECRET, ssl_keyfile="k"
    )
    assert SECRET not in repr(fs) + str(fs) + repr(fs.settings)
    assert SECRET not in fs.to_json(include_password=False)
    assert SECRET in fs.to_json()  # as documented


@pytest.fixture
def closed_port():
    # Taken, so that nobody else listens there, and not listened on.
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.mark.isolated
def test_server_that_is_not_there(closed_port):
    with pytest.raises(StoreError, match="cannot be reached"):
        daypass.head_metadata(f"redis://127.0.0.1:{closed_port}/0/a")
    fs = fsspec.filesystem("redis", host="127.0.0.1", port=closed_port)
    for call in (fs.cat_file, fs.exists, fs.ls):
        with pytest.raises(StoreError):
            call("a")


@pytest.mark.parametrize("fault", [socket.gaierror(-2, "unknown"), UnicodeError("label empty")])
def test_host_that_is_not_there(monkeypatch, fault):
    def fail(*_, **__):
        raise fault

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(StoreError):
        daypass.head_metadata("redis://nowhere.example/0/a")


def silent(connection):
    while connection.recv(4096):
        pass


def dripping(connection):
    """Answer without end, so that no socket timeout ever strikes."""
    connection.recv(4096)
    connection.sendall(b"+")
    while True:
        connection.sendall(b"x")
        threading.Event().wait(0.02)


@pytest.mark.parametrize("behave", [silent, dripping])
def test_deadline_holds_against(behave):
    with bad_server(behave) as url:
        began = time.monotonic()
        with pytest.raises(DeadlineError, match=r"within 0\.3 s"):
            head(url, 0.3)
        assert 0.2 < time.monotonic() - began < 10


def test_shorter_timeout_holds_too():
    with bad_server(silent) as url, pytest.raises(DeadlineError, match=r"within 0\.2 s"):
        head(url, 30, storage_options={"timeout": 0.2})


@pytest.mark.isolated
def test_deadline_holds_in_the_handshake_of_tls():
    with bad_server(silent) as url, pytest.raises(DeadlineError):
        head(url.replace("redis:", "rediss:"), 0.3)


def test_deadline_holds_against_a_name_server(monkeypatch):
    answered = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answered.wait() and [])
    with pytest.raises(DeadlineError):
        head("redis://slow.example/0", 0.2)
    answered.set()


def test_deadline_left_behind_leaves_no_thread():
    with bad_server(silent) as url, pytest.raises(DeadlineError):
        head(url, 0.2)
    for thread in threading.enumerate():
        if thread.name == "daypass-deadline":
            thread.join(5)
            assert not thread.is_alive()


@pytest.mark.parametrize("connected", [True, False])
def test_next_question_after_a_deadline_gets_its_own_answer(connected):
    with redis_server() as server, server.client() as client:
        client.mset({"a": b"12", "b": b"123"})
        store = daypass.Store(f"{server.url}/0")
        if connected:
            assert store.head_metadata("b").size == 3
        process = client.info("server")["process_id"]
        os.kill(process, signal.SIGSTOP)  # the question arrives, and its answer is late
        with pytest.raises(DeadlineError):
            doors.head_metadata(
                store.backend, attrs.evolve(store.location, deadline=0.1, key="0/a")
            )
        os.kill(process, signal.SIGCONT)
        assert store.head_metadata("b").size == 3


def test_filesystem_waits_no_longer_than_its_timeout():
    with bad_server(silent) as url:
        port = int(url.split(":")[2].removesuffix("/0"))
        fs = fsspec.filesystem("redis", host="127.0.0.1", port=port, timeout=0.2)
        with pytest.raises(DeadlineError):
            fs.cat_file("a")
        fs._client.close()


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"-DENIED Redis is running in protected mode\r\n",
        b"-LOADING Redis is loading the dataset in memory\r\n" * 4,
        b"-MOVED 1 10.0.0.1:6379\r\n" * 5,
        b"-OOM command not allowed\r\n" * 5,
        b"+string\r\n$3\r\nabc\r\n+OK\r\n",
        b"\xff\xfe\r\n",
        b"$-5\r\n",
        b":x\r\n",
    ],
)
def test_no_answer_lets_another_exception_out(answer):
    def behave(connection):
        connection.recv(4096)
        connection.sendall(answer)

    with bad_server(behave) as url:
        with pytest.raises(DaypassError) as caught:
            head(url, 5)
        assert not isinstance(caught.value, redis.exceptions.RedisError)
