"""A store of whatever is put into it, by TLS that nobody knows; and the same one as what a proxy leads to."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import attrs

from tests.servers.certificates import identity


@attrs.frozen
class Shelf:
    """A running store."""

    url: str
    #: The file of the certificate by which a client knows it.
    known: Path
    #: Methods and targets of all that was asked, without queries.
    asked: list[str]


@contextlib.contextmanager
def shelf(directory: Path, *, secure: bool = True) -> Iterator[Shelf]:
    """Run one for as long as a block lasts, on a free port of the loopback."""
    kept: dict[str, bytes] = {}
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            target = self.path.partition("?")[0]
            asked.append(f"{self.command} {target}")
            if self.command == "PUT":
                kept[target] = body
            found = b"" if self.command == "PUT" else kept.get(target)
            self.send_response(404 if found is None else 200)
            self.send_header("Content-Length", str(len(found or b"")))
            self.send_header("ETag", '"1"')
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(found or b"")

        do_GET = do_HEAD = do_PUT = answer  # noqa: N815 - http.server's names

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """Say nothing of a client that does not trust it."""

    context, known = identity(directory)
    with Server(("127.0.0.1", 0), Handler) as server:
        if secure:
            server.socket = context.wrap_socket(
                server.socket, server_side=True, do_handshake_on_connect=False
            )
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            scheme = "https" if secure else "http"
            yield Shelf(f"{scheme}://127.0.0.1:{server.server_port}", known, asked)
        finally:
            server.shutdown()
            thread.join()
