"""How S3 is asked for metadata: by a signed HEAD that says what a link for the object would say."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler

import pytest

import daypass
from tests.servers.serving import serving


@pytest.fixture
def seen():
    return []


@pytest.fixture
def store(seen):
    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self):
            seen.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            self.send_response(200)
            self.send_header("Content-Length", "3")
            self.send_header("ETag", '"1"')
            self.end_headers()

        def log_message(self, *_):
            pass

    with serving(Handler) as port:
        keys = {"key": "AK", "secret": "made-up", "client_kwargs": {"region_name": "eu-west-1"}}
        options = {**keys, "endpoint_url": f"http://127.0.0.1:{port}"}
        yield daypass.Store("s3://bucket", storage_options=options)


def test_headers_and_the_payer_are_sent_and_signed(store, seen):
    store.head_metadata("k", headers={"x-amz-expected-bucket-owner": "7"}, requester_pays=True)
    ((_, headers),) = seen
    assert headers["x-amz-request-payer"] == "requester"
    assert headers["x-amz-expected-bucket-owner"] == "7"
    signed = headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
    assert {"x-amz-request-payer", "x-amz-expected-bucket-owner"} <= set(signed)


def test_no_header_of_one_question_is_in_another(store, seen):
    """All of them go through one client of one event loop."""

    def ask(number):
        own = {"x-amz-expected-bucket-owner": str(number)} if number % 2 else {}
        store.head_metadata(f"k{number}", headers=own)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, range(40)))
    told = {path: headers.get("x-amz-expected-bucket-owner") for path, headers in seen}
    assert told == {f"/bucket/k{n}": str(n) if n % 2 else None for n in range(40)}
