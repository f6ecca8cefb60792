from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import fsspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import daypass
from daypass.errors import (
    InvalidPathError,
    InvalidRequestError,
    ObjectNotFoundError,
    StoreError,
    UnknownOptionError,
    UnsupportedOptionError,
)
from tests.servers.redis import tls_front

pytestmark = pytest.mark.servers

#: Legal in a path: all of Unicode but control characters, line separators and lone surrogates, and no chain of
#: filesystems, which two colons make.
KEYS = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1).filter(
    lambda key: "::" not in key
)


def test_size_is_in_bytes(server, client):
    client.set("a/b", "café")
    found = daypass.head_metadata(f"{server.url}/0/a/b")
    assert (found.path, found.key, found.size) == (f"{server.url}/0/a/b", "a/b", 5)
    assert found.expires_at is None
    assert found.metadata == {}


def test_empty_value_is_found(server, client):
    client.set("a", b"")
    assert daypass.head_metadata(f"{server.url}/0/a").size == 0


def test_end_is_told_and_never_later_than_the_real_one(server, client):
    client.set("a", b"1", px=90_000)
    before = datetime.now(UTC)
    end = daypass.head_metadata(f"{server.url}/0/a").expires_at
    real = datetime.fromtimestamp(client.pttl("a") / 1000, UTC) - datetime.fromtimestamp(0, UTC)
    # Redis counts whole milliseconds.
    latest = datetime.now(UTC) + real + timedelta(milliseconds=2)
    assert before + timedelta(seconds=80) < end <= latest
    assert end.utcoffset() == timedelta(0)


def test_end_beyond_all_dates_is_left_out(server, client):
    client.set("a", b"1", px=10**17)
    assert daypass.head_metadata(f"{server.url}/0/a").expires_at is None


def test_databases_are_apart(server, client):
    with server.client(db=3) as third:
        third.set("a", b"12345")
    assert daypass.head_metadata(f"{server.url}/3/a").size == 5
    assert daypass.head_metadata(f"{server.url}/0/a", missing_ok=True) is None


def test_missing_key_is_not_found(server, client):
    with pytest.raises(ObjectNotFoundError, match="/0/a does not exist"):
        daypass.head_metadata(f"{server.url}/0/a")


@pytest.mark.parametrize("kind", ["hash", "list", "set", "zset", "stream"])
def test_key_without_size_is_refused_by_its_type(server, client, kind):
    makers = {
        "hash": lambda: client.hset("a", "f", "v"),
        "list": lambda: client.rpush("a", "v"),
        "set": lambda: client.sadd("a", "v"),
        "zset": lambda: client.zadd("a", {"v": 1}),
        "stream": lambda: client.xadd("a", {"f": "v"}),
    }
    makers[kind]()
    with pytest.raises(StoreError, match=f"of the type {kind}"):
        daypass.head_metadata(f"{server.url}/0/a", missing_ok=True)


@given(KEYS)
@example("/a")
@example("a/")
@example("//")
@example("a//b")
@example("a#b?c=d&e%2Ff")
@example("redis://localhost/0/a")
@example("../.")
@example("café \N{SNAKE}")
def test_key_is_taken_exactly_as_stored(server, key):
    with server.client() as client:
        client.set(key.encode(), b"123")
        found = daypass.head_metadata(f"{server.url}/0/{key}")
        client.delete(key.encode())
    assert (found.key, found.size) == (key, 3)


@pytest.mark.parametrize("rest", ["key", "x/key", "-1/key", "/0/key"])
def test_path_without_database_is_refused(server, rest):
    with pytest.raises(InvalidPathError, match=r"redis://host\[:port\]/db/key"):
        daypass.head_metadata(f"{server.url}/{rest}")


@pytest.mark.parametrize("rest", ["0", "0/"])
def test_path_without_key_is_refused(server, rest):
    with pytest.raises(InvalidPathError, match="no key"):
        daypass.head_metadata(f"{server.url}/{rest}")


def test_database_that_the_server_has_not_is_refused(server):
    with pytest.raises(InvalidPathError, match="has no database 99"):
        daypass.head_metadata(f"{server.url}/99/a")


def test_version_is_refused(server):
    with pytest.raises(UnsupportedOptionError):
        daypass.head_metadata(f"{server.url}/0/a", version="1")


def test_unknown_option_is_refused_with_the_nearest(server):
    with pytest.raises(UnknownOptionError, match="did you mean password"):
        daypass.head_metadata(f"{server.url}/0/a", storage_options={"passwort": "x"})


@pytest.mark.parametrize(
    "options",
    [
        {"ssl": True},
        {"ssl_ca_certs": "ca.pem"},
        {"host": "elsewhere.example"},
        {"db": 7},
        {"timeout": 0},
        {"timeout": float("nan")},
        {"timeout": True},
        {"password": 5},
        {"username": "\ud800"},
    ],
)
def test_option_that_cannot_hold_is_refused(server, options):
    with pytest.raises(InvalidRequestError) as caught:
        daypass.head_metadata(f"{server.url}/0/a", storage_options=options)
    assert caught.value.option == next(iter(options))


def test_options_may_repeat_the_path(server, client):
    client.set("a", b"1")
    options = {"host": server.host, "port": server.port, "db": 0, "use_listings_cache": False}
    assert daypass.head_metadata(f"{server.url}/0/a", storage_options=options).size == 1


def test_given_filesystem_is_used(server, client, fs):
    client.set("a", b"1")
    assert daypass.head_metadata(f"{server.url}/0/a", fs=fs).size == 1


def test_given_filesystem_of_another_place_is_refused(server, fs):
    with pytest.raises(InvalidPathError, match="fs is connected to"):
        daypass.head_metadata(f"{server.url}/1/a", fs=fs)


def test_given_filesystem_of_another_package_is_refused(server):
    other = fsspec.filesystem("memory", skip_instance_cache=True)
    other.protocol = "redis"
    with pytest.raises(InvalidRequestError, match="MemoryFileSystem"):
        daypass.head_metadata(f"{server.url}/0/a", fs=other)


def test_one_store_keeps_one_connection(server, client):
    client.set("a", b"1")
    store = daypass.Store(f"{server.url}/0")
    assert store.head_metadata("a").size == 1
    made = client.info("stats")["total_connections_received"]
    assert [store.head_metadata("a").size for _ in range(5)] == [1] * 5
    assert client.info("stats")["total_connections_received"] == made


def test_connection_that_the_server_closed_is_replaced(server, client):
    client.set("a", b"1")
    store = daypass.Store(f"{server.url}/0")
    store.head_metadata("a")
    client.client_kill_filter(_type="normal", skipme=True)
    assert store.head_metadata("a").size == 1


def test_threads_get_their_own_answers(server, client):
    client.mset({f"k{size}": b"x" * size for size in range(50)})
    store = daypass.Store(f"{server.url}/0")
    with ThreadPoolExecutor(8) as pool:
        sizes = list(pool.map(lambda size: store.head_metadata(f"k{size}").size, range(50)))
    assert sizes == list(range(50))
    for thread in threading.enumerate():
        if thread.name == "daypass-deadline":  # it has answered, and may not have ended yet
            thread.join(10)
            assert not thread.is_alive()


def test_tls_is_checked_and_used(server, client, tmp_path):
    client.set("a", b"1")
    with tls_front(server, tmp_path) as (port, ca):
        url = f"rediss://127.0.0.1:{port}/0/a"
        assert daypass.head_metadata(url, storage_options={"ssl_ca_certs": str(ca)}).size == 1
        assert daypass.head_metadata(url, storage_options={"ssl_cert_reqs": "none"}).size == 1
        with pytest.raises(StoreError, match="certificate"):
            daypass.head_metadata(url)
