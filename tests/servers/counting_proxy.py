"""A proxy in front of a real store: it counts the parts that the store has taken, and can fail on purpose.

It passes requests on as they came, with their Host, so that signatures hold. Bodies go through in pieces.
"""

from __future__ import annotations

import contextlib
import http.client
import re
import threading
from base64 import b64decode
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from urllib.parse import unquote

import attrs

from tests.servers.serving import serving

_PIECE = 1 << 18
_PART = re.compile(r"[?&](?:partNumber=(\d+)|blockid=([^&]+))")


@attrs.define
class CountingProxy:
    """A running proxy; what it is to do may be set at any time."""

    port: int
    #: ``host:port`` of the store.
    behind: str
    #: Numbers of the parts that the store has taken, in order.
    parts: list[int] = attrs.field(factory=list)
    #: Methods and queries of all that was asked, signatures excepted.
    asked: list[str] = attrs.field(factory=list)
    #: Statuses to answer the next parts with, in place of the store.
    faults: list[int] = attrs.field(factory=list)
    #: What to answer every HEAD with, in place of the store: such as the check of an upload.
    head_status: int | None = None
    #: Called with the number of parts so far, when the store has taken one and before its client knows.
    on_part: Callable[[int], object] = lambda _: None
    #: Called with the method of an answer, whether its request named a Range, its status and its bytes, before it is sent.
    on_answer: Callable[[str, bool, int, int], object] = lambda *_: None
    #: Called when a request has come.
    on_request: Callable[[], object] = lambda: None
    _lock: threading.Lock = attrs.field(factory=threading.Lock)
    _active: int = 0
    _changed: threading.Condition = attrs.field(factory=threading.Condition)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @contextlib.contextmanager
    def serving(self) -> Iterator[None]:
        with self._changed:
            self._active += 1
        try:
            yield
        finally:
            with self._changed:
                self._active -= 1
                self._changed.notify_all()

    def settle(self) -> None:
        """Wait until all that had come is answered: a killed client's last parts may still go on."""
        with self._changed:
            assert self._changed.wait_for(lambda: not self._active, timeout=60)

    def note(self, number: int) -> None:
        with self._lock:
            self.parts.append(number)
            self.on_part(len(self.parts))

    def fault(self) -> int | None:
        with self._lock:
            return self.faults.pop(0) if self.faults else None


class _Handler(BaseHTTPRequestHandler):
    proxy: CountingProxy
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_: object) -> None:
        """Keep quiet: request lines hold signatures."""

    def _handle(self) -> None:
        with self.proxy.serving():
            self._pass_on()

    def _pass_on(self) -> None:
        proxy = self.proxy
        if "Metadata-Flavor" in self.headers:
            # Google's library, in a thread that another test has left, tries once more by the environment's proxy.
            self._answer(404, b"", [])
            return
        proxy.on_request()
        query = self.path.partition("?")[2]
        proxy.asked.append(f"{self.command} {query.partition('&X-')[0].partition('&sig=')[0]}")
        part = _part_of(self.command, self.path)
        length = int(self.headers.get("Content-Length") or 0)
        if part is not None and (status := proxy.fault()) is not None:
            for _ in _pieces(self.rfile.read, length):
                pass
            self._answer(status, b"<Error><Code>Injected</Code></Error>", [])
            return
        if self.command == "HEAD" and proxy.head_status is not None:
            self._answer(proxy.head_status, b"", [("Content-Type", "text/html")])
            return
        upstream = http.client.HTTPConnection(proxy.behind, timeout=60)
        with contextlib.closing(upstream):
            # RFC 9112, 3.2.1: to the store itself it is written without scheme and host.
            target = re.sub(r"^http://[^/]*", "", self.path)
            upstream.putrequest(self.command, target, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() != "connection":
                    upstream.putheader(name, value)
            upstream.endheaders()
            for piece in _pieces(self.rfile.read, length):
                upstream.send(piece)
                length -= len(piece)
            if length:  # its client was killed, and the store would wait for the rest
                self.close_connection = True
                return
            answer = upstream.getresponse()
            body = answer.read()
            if part is not None and answer.status < 300:
                proxy.note(part)
            self._answer(answer.status, body, answer.getheaders())

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _handle  # noqa: N815 - http.server's names

    def _answer(self, status: int, body: bytes, headers: list[tuple[str, str]]) -> None:
        self.proxy.on_answer(self.command, "Range" in self.headers, status, len(body))
        with contextlib.suppress(ConnectionError):  # a client may have been killed
            self.send_response_only(status)
            dropped = ("transfer-encoding", "connection")
            for name, value in headers:
                if name.lower() not in dropped and (
                    name.lower() != "content-length" or self.command == "HEAD"
                ):
                    self.send_header(name, value)
            if self.command != "HEAD":
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)


def _part_of(method: str, path: str) -> int | None:
    match = _PART.search(path)
    if method != "PUT" or match is None:
        return None
    if match[1]:
        return int(match[1])
    return int(b64decode(unquote(match[2])).rpartition(b"-")[2])


def _pieces(read: Callable[[int], bytes], left: int) -> Iterator[bytes]:
    while left and (piece := read(min(_PIECE, left))):
        left -= len(piece)
        yield piece


@contextlib.contextmanager
def counting_proxy(behind: str) -> Iterator[CountingProxy]:
    """Run a proxy for as long as the block lasts.

    Args:
        behind: ``host:port`` of the store.

    """
    handler = type("Handler", (_Handler,), {})
    with serving(handler) as port:
        handler.proxy = CountingProxy(port, behind)
        yield handler.proxy
