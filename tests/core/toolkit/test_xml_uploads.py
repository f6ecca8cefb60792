"""Answers that stores, and what stands in front of them, give to the steps of an upload."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest

from daypass.errors import StoreError
from daypass.hookspecs.network import EVERYBODYS
from daypass.model.links import REQUESTED, SignedURL
from daypass.model.locations import Location
from daypass.model.requests import SignRequest
from daypass.toolkit.xml_uploads import XMLUploadSession
from tests.core.fakes import NOW
from tests.servers.canned import canned

PAGE = b"<html><body>log in</body></html>"


def session(url):
    """An upload whose steps go to a server of its own."""

    def sign(where, step, request):
        query = "&".join(f"{name}={value}" for name, value in step.query.items())
        whole = f"{url}/key?{query}"
        return SignedURL(
            whole, step.method, {}, NOW, REQUESTED, frozenset(), frozenset(), where.path, "fake"
        )

    place = Location("fake", "bucket", "key", {}, None, None, open=lambda: None)
    return XMLUploadSession(place, SignRequest(method="PUT"), sign, lambda _: EVERYBODYS)


@pytest.mark.parametrize(
    "body",
    [
        PAGE,
        b"<InitiateMultipartUploadResult><UploadId>x</UploadId></InitiateMultipartUploadResult>",
        b"<ok/>",
    ],
)
def test_another_answer_than_that_of_a_step_is_no_success(body):
    with canned({}, body) as url:
        upload = session(url)
        for name, take in (
            ("complete", lambda: upload.complete("id", [])),
            ("list", lambda: upload.list_parts("id")),
        ):
            with pytest.raises(StoreError, match=f"answered the {name} of an upload"):
                take()
    with canned({}, PAGE) as url, pytest.raises(StoreError, match="answered the begin"):
        session(url).begin()


def pages(handler, numbers):
    parts = "".join(
        f"<Part><PartNumber>{number}</PartNumber><ETag>e</ETag><Size>1</Size></Part>"
        for number in numbers
    )
    body = f"<ListPartsResult><IsTruncated>true</IsTruncated>{parts}</ListPartsResult>".encode()
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


@pytest.mark.parametrize(
    "page",
    [
        lambda last: [last + 1000],
        lambda last: [last],
        lambda last: [last + 2, last + 1],
        lambda last: [1, last + 1] if last else [1, 2],
        lambda last: [],
    ],
    ids=["beyond the last part", "the same", "unsorted", "from the beginning", "empty"],
)
def test_a_list_that_never_ends_is_left(page):
    asked = []

    class Store(BaseHTTPRequestHandler):
        def do_GET(self):
            query = parse_qs(urlsplit(self.path).query)
            asked.append(int(query.get("part-number-marker", ["0"])[0]))
            pages(self, page(asked[-1]))

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Store) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            with pytest.raises(StoreError, match="does not go on where it says"):
                session(f"http://127.0.0.1:{server.server_port}").list_parts("id")
        finally:
            server.shutdown()
            thread.join()
    assert len(asked) <= 11
