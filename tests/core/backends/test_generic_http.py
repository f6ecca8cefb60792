"""Metadata over HTTP are asked for at exactly the URL that is named, and show no secret of it."""

from __future__ import annotations

import http.server
import threading
import time

import pytest

import daypass
from daypass.backends.generic import normalise
from daypass.errors import InvalidPathError, ObjectNotFoundError
from tests.core.fakes import SECRET
from tests.servers.canned import canned

pytestmark = pytest.mark.usefixtures("_installed_nothing")


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_HEAD(self):
        self.server.seen.append(self.path)
        found = "missing" not in self.path
        self.send_response(200 if found else 404)
        if found:
            self.send_header("Content-Length", "11")
            self.send_header("Content-Type", "text/csv")
            self.send_header("ETag", '"e"')
        self.end_headers()

    do_GET = do_HEAD  # noqa: N815 - the name http.server asks for

    def log_message(self, *_args):
        pass


@pytest.fixture
def server():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as made:
        made.seen = []
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield made
        made.shutdown()
        thread.join()


@pytest.mark.parametrize("key", ["a/b.csv", "a%20b.csv?x=1&y=2", "dir/"])
def test_metadata_over_http_is_asked_for_at_exactly_that_url(server, key):
    metadata = daypass.head_metadata(f"http://127.0.0.1:{server.server_port}/{key}")
    assert (metadata.size, metadata.content_type, metadata.etag) == (11, "text/csv", "e")
    assert {f"/{key}"} == set(server.seen)


def test_a_missing_page_is_a_missing_object(server):
    url = f"http://127.0.0.1:{server.server_port}/missing?X-Amz-Signature={SECRET}"
    assert daypass.head_metadata(url, missing_ok=True) is None
    with pytest.raises(ObjectNotFoundError) as caught:
        daypass.head_metadata(url)
    assert SECRET not in str(caught.value)


def test_a_page_that_is_gone_is_told_from_one_that_never_was():
    with canned({}, status=410) as place:
        with pytest.raises(ObjectNotFoundError, match=r"answered 410: .*was taken back") as caught:
            daypass.head_metadata(f"{place}/l/8w2-aB_dEfGhIjKlMnOpQg")
        assert daypass.head_metadata(f"{place}/a", missing_ok=True) is None
    assert "aB_dEf" not in str(caught.value)


def test_a_server_that_is_not_there_is_a_daypass_error(server):
    started = time.monotonic()
    with pytest.raises(daypass.DaypassError):
        daypass.head_metadata("http://127.0.0.1:1/x")
    assert time.monotonic() - started < 10


def test_the_key_of_an_http_url_holds_no_query():
    store = daypass.Store("https://host.example")
    found = normalise(store.root.at("a/b.csv?X-Amz-Signature=planted&x=1"), {"size": 3})
    assert (found.key, found.path) == ("a/b.csv", "https://host.example/a/b.csv?****")
    assert "planted" not in f"{found!r} {found.to_dict()}"
    assert normalise(store.root.at("a/b.csv"), {}).key == "a/b.csv"


@pytest.mark.parametrize(
    ("key", "masked"),
    [
        ("l/8w2-aB_dEfGhIjKlMnOpQg", "l/****"),
        ("p/8w2-aB_dEfGhIjKlMnOpQg", "p/****"),
        ("team/l/8w2-aB_dEfGhIjKlMnOpQg/a b.csv?as=json", "team/l/****/a b.csv"),
        ("l/8w2-aB_dEfGhIjKlMnOpQg.csv", "l/8w2-aB_dEfGhIjKlMnOpQg.csv"),
    ],
)
def test_the_key_of_an_http_url_holds_no_token_that_opens_it(key, masked):
    found = normalise(daypass.Store("https://host.example").root.at(key), {"size": 3})
    assert found.key == masked
    assert ("aB_dEfG" in f"{found!r} {found.to_dict()}") == ("****" not in masked)


ODD = ["../secret.csv", "a/../../secret.csv", "..", "%2e%2e/secret.csv", ".%2E/secret.csv", "./../secret.csv"]  # fmt: skip


@pytest.mark.parametrize("key", ODD)
def test_no_key_leaves_the_root_of_a_store_over_http(server, key):
    """By aiohttp dot segments leave a URL, encoded ones too, so that another object was described."""
    store = daypass.Store(f"http://127.0.0.1:{server.server_port}/open")
    with pytest.raises(InvalidPathError, match="could leave the root of the store http") as caught:
        store.head_metadata(key)
    assert caught.value.option == "path"
    (found,) = store.head_metadata_many([key])
    assert isinstance(found, InvalidPathError)
    assert server.seen == []
    assert store.head_metadata("a.csv").size == 11
    assert set(server.seen) == {"/open/a.csv"}
