"""A store of one object on loopback that does as it is told, and keeps what it was asked."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Callable
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler

import attrs
import pytest

from daypass.transfer import retries
from tests.servers.counting_proxy import counting_proxy
from tests.servers.serving import serving

QUERY = "?X-Amz-Signature=5ec2e7"
#: An object in which no two places are alike.
BODY = hashlib.shake_256(b"daypass").digest(300_000)


@attrs.define
class Asked:
    """One request."""

    method: str
    headers: dict[str, str]
    body: bytes


@attrs.define
class Place:
    """The store; ``behave`` is called for each request, and answers it where it returns True."""

    url: str
    body: bytes = b""
    headers: dict[str, str] = attrs.field(factory=dict)
    ranges: bool = True
    asked: list[Asked] = attrs.field(factory=list)
    behave: Callable[[BaseHTTPRequestHandler, int], bool] = lambda *_: False

    def answer(self, handler, status=200, body=b"", *, cut=None, **headers):
        handler.send_response(status)
        for name, value in ({"Content_Length": len(body)} | headers).items():
            handler.send_header(name.replace("_", "-"), str(value))
        handler.end_headers()
        handler.wfile.write(body[:cut])

    def give(self, handler, *, cut=None):
        """Answer a GET as RFC 9110 says, and break off after so many bytes."""
        asked = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range", ""))
        if wanted := handler.headers.get("If-Match"):
            assert asked
            if wanted != self.headers.get("ETag"):
                self.answer(handler, 412, b"<Code>PreconditionFailed</Code>")
                return
        if asked and self.ranges:
            start = int(asked[1])
            place = {"Content-Range": f"bytes {start}-{len(self.body) - 1}/{len(self.body)}"}
            self.answer(handler, 206, self.body[start:], cut=cut, **place, **self.headers)
        else:
            self.answer(handler, 200, self.body, cut=cut, **self.headers)


@pytest.fixture
def place():
    with _served() as found:
        yield found


@pytest.fixture
def stored(place):
    """Return the store with an object in it."""
    place.body = BODY
    place.headers = {"ETag": '"tag"'}
    return place


@pytest.fixture
def file(tmp_path):
    """Return where a download shall go."""
    return tmp_path / "down"


@pytest.fixture
def secure(tmp_path_factory, monkeypatch):
    """Serve the same by TLS, with a certificate that this process trusts."""
    from tests.servers.certificates import identity  # with cryptography, which core alone has not

    context, known = identity(tmp_path_factory.mktemp("tls"))
    monkeypatch.setenv("SSL_CERT_FILE", str(known))
    with _served(context) as found:
        yield found


@contextmanager
def _served(context=None):
    found = Place("")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            length = int(self.headers.get("Content-Length") or 0)
            found.asked.append(
                Asked(self.command, dict(self.headers.items()), self.rfile.read(length))
            )
            if found.behave(self, len(found.asked)):
                return
            if self.command == "GET":
                found.give(self)
            else:
                found.answer(self, ETag='"e1"')

        do_PUT = do_POST = do_GET  # noqa: N815 - as the base class names them

        def log_message(self, *_):
            pass

    with serving(Handler, context) as port:
        found.url = f"http{'s' if context else ''}://127.0.0.1:{port}/b/k{QUERY}"
        yield found


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch):
    monkeypatch.setattr(retries, "_FIRST_PAUSE", 0.001)


@pytest.fixture
def left(tmp_path):
    """List what a transfer has left beside its file."""
    return lambda: sorted(path.name for path in tmp_path.glob(".daypass-*"))


@pytest.fixture
def real(servers, tmp_path, monkeypatch):
    """A bucket of a real store behind a counting proxy: its options, and where nothing else knows it."""
    from daypass.demo.server import make_bucket

    server = servers("swift")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    bucket = f"transfer-{uuid.uuid4().hex[:12]}"
    make_bucket(server, bucket)
    with counting_proxy(server.endpoint.partition("://")[2]) as proxy:
        options = server.storage_options | {"endpoint_url": proxy.url}
        options["client_kwargs"] = dict(options.get("client_kwargs") or {}) | {
            "endpoint_url": proxy.url
        }
        yield f"s3://{bucket}/ü b.bin", options, proxy
