"""What a card holds only when it is asked for: a preview of the object, and the link as a QR code."""

from __future__ import annotations

import base64
import re
from http.server import BaseHTTPRequestHandler

import pytest

from daypass.errors import InvalidRequestError, StoreError
from daypass_notebook import show
from tests.plugins.notebook.made import RESULTS, TOKEN, link, prefix
from tests.servers.serving import serving

pytestmark = pytest.mark.isolated

#: A picture of one pixel (GIF89a).
PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
OBJECTS = {
    "/a.csv": "\ufeffday,degrees\nmonday,<b>\n".encode() + b"x,y\n" * 9,
    "/a.tsv": b"day\tdegrees\nmonday\t-3\n",
    "/a.json": b'{"day": "monday"}',
    "/a.ndjson": b'{"day": 1}\n' * 99,
    "/a.txt": b"one\n" + b"z" * 999,
    "/a.gif": PIXEL,
    "/large.png": b"\0" * (2 << 20),
    "/a.bin": b"\0",
    "/empty.csv": b"",
    "/empty.txt": b"",
    "/quote.csv": b'a,"' + b"x" * 200_000,
    "/old.csv": b"day,degrees\rmonday,-3\r",
    "/a.csv.gz": b"\x1f\x8b",
}


class _Store(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        body = OBJECTS.get(self.path.partition("?")[0])
        asked = re.fullmatch(r"bytes=0-(\d+)", self.headers.get("Range", ""))
        cut = body and body[: int(asked[1]) + 1]
        self.send_response(404 if body is None else 206 if body else 416)  # RFC 9110, 15.5.17
        self.send_header("Content-Length", str(len(cut or b"")))
        if cut:
            self.send_header("Content-Range", f"bytes 0-{len(cut) - 1}/{len(body)}")
        self.end_headers()
        self.wfile.write(cut or b"")


@pytest.fixture(scope="module")
def store():
    with serving(_Store) as port:
        yield f"http://127.0.0.1:{port}"


def previewed(store, name):
    return show(link(url=f"{store}/{name}?sig=x", path=f"s3://maps/{name}"), preview=True).html


def test_a_table_shows_its_first_rows(store):
    html = previewed(store, "a.csv")
    assert re.findall(r"<th style[^>]*>(\w+)</th>", html) == ["day", "degrees"]
    assert re.findall(r"<td style=[^>]*nowrap[^>]*>([^<]*)</td>", html)[:2] == [
        "monday",
        "&lt;b&gt;",
    ]
    assert html.count(">x</td>") == 4


def test_one_with_tabs_too(store):
    assert ">-3</td>" in previewed(store, "a.tsv")


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a.json", "{&quot;day&quot;: &quot;monday&quot;}"), ("a.txt", f"one\n{'z' * 159}…"),
     ("a.ndjson", "\n".join(["{&quot;day&quot;: 1}"] * 10))],
)  # fmt: skip
def test_a_text_shows_its_first_lines(store, name, expected):
    assert f">{expected}</pre>" in previewed(store, name)


def test_an_empty_object_has_no_rows_and_no_lines(store):
    assert "nowrap" in previewed(store, "empty.csv")
    assert "></pre>" in previewed(store, "empty.txt")


def test_what_is_no_table_in_spite_of_its_name_is_shown_as_text(store):
    assert f">a,&quot;{'x' * 156}…</pre>" in previewed(store, "quote.csv")


def test_lines_may_end_as_they_once_did(store):
    assert ">degrees</th>" in (html := previewed(store, "old.csv"))
    assert ">-3</td>" in html


def test_a_picture_is_in_the_card_itself(store):
    data = re.search(
        r'<img alt="preview" src="data:image/gif;base64,([^"]*)"', previewed(store, "a.gif")
    )
    assert base64.b64decode(data[1]) == PIXEL


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("large.png", "no smaller than 1048576 bytes"),
        ("a.bin", "no preview of"),
        ("a.csv.gz", "no preview of what is packed by gzip"),
    ],
)
def test_what_cannot_be_shown_says_why(store, name, why):
    with pytest.raises(InvalidRequestError, match=why):
        previewed(store, name)


def test_what_the_store_refuses_is_an_error(store):
    with pytest.raises(StoreError):
        previewed(store, "missing.csv")


@pytest.mark.parametrize(
    ("result", "why"),
    [
        (RESULTS["an upload"], "this link is for PUT"),
        (RESULTS["a prefix"], "by a SignedURL, and not of a SignedPrefix"),
    ],
    ids=["an upload", "a prefix"],
)
def test_a_preview_is_of_what_reads_an_object(result, why):
    with pytest.raises(InvalidRequestError, match=why):
        show(result, preview=True)


@pytest.mark.parametrize(
    "result",
    [link(url=f"https://links.example/l/{TOKEN}"), prefix(url=f"https://links.example/l/{TOKEN}/", query="")],
    ids=["a link", "a prefix"],
)  # fmt: skip
def test_a_short_link_is_drawn_as_a_qr_code_when_it_is_asked_for(result):
    html = show(result, qr=True).html
    picture = re.search(r'<img alt="QR code of the link" src="data:image/png;base64,([^"]*)"', html)
    assert base64.b64decode(picture[1]).startswith(b"\x89PNG")
    assert "QR code" not in show(result).html


@pytest.mark.parametrize(
    ("result", "why"),
    [(link(url="https://h/" + "a" * 300), "too dense for a phone"), (RESULTS["a form"], "is of a link")],
    ids=["a long link", "a form"],
)  # fmt: skip
def test_what_no_phone_reads_is_no_qr_code(result, why):
    with pytest.raises(InvalidRequestError, match=why):
        show(result, qr=True)
