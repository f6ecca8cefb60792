"""A link of a links service is followed once, for each request anew; and no other redirect ever."""

from __future__ import annotations

import json
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler

import pytest

import daypass
from daypass.errors import StoreError
from tests.core.transfer.conftest import BODY
from tests.servers.serving import serving

TOKEN = "AAAAAAAAAAAAAAAAAAAAAA"


@contextmanager
def service(answer, context=None):
    """Serve what answers a link; yields the link, and what was asked of it."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append((self.command, dict(self.headers.items())))
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, headers, body = answer(len(asked))
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_PUT = do_GET  # noqa: N815 - as the base class names it

        def log_message(self, *_):
            pass

    with serving(Handler, context) as port:
        yield f"http{'s' if context else ''}://127.0.0.1:{port}/l/{TOKEN}", asked


def leading(place):
    return service(lambda _: (307, {"Location": place}, b""))


def test_a_download_follows_a_link_to_where_it_leads_now(stored, file):
    with leading(stored.url) as (link, asked):
        done = daypass.download(link, file)
    assert file.read_bytes() == BODY
    assert done.checked == ("size",)
    assert TOKEN not in done.path
    assert [method for method, _ in asked] == ["GET"]


def test_the_rest_of_a_download_is_asked_for_by_a_new_redirect(stored, file):
    stored.behave = lambda handler, n: n == 1 and (stored.give(handler, cut=100_000) or True)
    with service(lambda n: (307, {"Location": f"{stored.url}&n={n}"}, b"")) as (link, asked):
        daypass.download(link, file)
    assert file.read_bytes() == BODY
    assert len(asked) == 2
    assert [one.headers.get("Range") for one in stored.asked] == [None, "bytes=100000-"]


def test_an_upload_follows_with_its_body_and_sends_none_to_the_service(place, file):
    file.write_bytes(BODY)
    with leading(place.url) as (link, asked):
        done = daypass.upload(file, link, headers={"Content-Type": "text/csv"})
    assert done.etag == "e1"
    assert [(one.method, one.body) for one in place.asked] == [("PUT", BODY)]
    assert place.asked[0].headers["Content-Type"] == "text/csv"
    method, headers = asked[0]
    assert (method, headers["Content-Length"]) == ("PUT", "0")


def test_a_login_stays_with_the_host_that_it_is_for(stored, file):
    own = {"Authorization": "Bearer 5ec2e7", "Cookie": "a=5ec2e7", "Referer": "https://a.example/"}
    with leading(stored.url) as (link, asked):
        daypass.download(link, file, headers=own)
    assert asked[0][1].items() >= own.items()
    assert not {"Authorization", "Cookie"} & stored.asked[0].headers.keys()
    assert stored.asked[0].headers["Referer"] == own["Referer"]


def test_only_the_first_redirect_is_followed(file):
    with (
        leading("http://127.0.0.1:9/k?sig=5ec2e7") as (second, _),
        leading(second) as (first, _),
        pytest.raises(StoreError, match="answered 307"),
    ):
        daypass.download(first, file)
    assert not file.exists()


def test_a_link_that_is_none_of_a_service_is_not_followed(stored, file):
    with leading(stored.url) as (link, _):
        for other in (f"{link}?X-Amz-Signature=5ec2e7", link.replace("/l/", "/k/")):
            with pytest.raises(StoreError, match="answered 307"):
                daypass.download(other, file)
    assert not stored.asked


def test_no_https_link_leads_to_http(stored, file, tmp_path, monkeypatch):
    certificates = pytest.importorskip("tests.servers.certificates")
    context, known = certificates.identity(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(known))
    answer = (307, {"Location": stored.url}, b"")
    with (
        service(lambda _: answer, context) as (link, _),
        pytest.raises(StoreError, match="is an https link and leads to an http one") as raised,
    ):
        daypass.download(link, file)
    assert TOKEN not in str(raised.value)
    assert not stored.asked


@pytest.mark.parametrize(
    "place", ["", "/k", "file:///etc/passwd", "http://me:5ec2e7@b.example/", "http://a b/"]
)
def test_what_is_no_url_of_a_store_is_not_followed(file, place):
    with leading(place) as (link, _), pytest.raises(StoreError, match="no URL of a store"):
        daypass.download(link, file)


def test_a_link_that_is_over_says_so_in_the_words_of_the_service(file):
    problem = {"status": 410, "code": "revoked", "detail": "this link was taken back"}
    body = json.dumps(problem).encode()
    kind = {"Content-Type": "application/problem+json"}
    with (
        service(lambda _: (410, kind, body)) as (link, asked),
        pytest.raises(StoreError, match=r"410 Gone \(revoked\).*was taken back") as raised,
    ):
        daypass.download(link, file)
    assert (raised.value.status, raised.value.store_code) == (410, "revoked")
    assert str(raised.value).startswith("the links service answered 410")
    assert str(raised.value).endswith("this link was taken back")
    assert TOKEN not in str(raised.value)
    assert len(asked) == 1


def test_what_looks_like_a_link_and_is_the_object_is_used_as_it_stands(file):
    with service(lambda _: (200, {"ETag": '"e"'}, BODY)) as (link, _):
        daypass.download(link, file)
    assert file.read_bytes() == BODY
