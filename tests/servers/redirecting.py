"""A server that leads every request to another one, and the one that is reached, which keeps what it was sent."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class _Handler(BaseHTTPRequestHandler):
    """Answers every method alike."""

    def _answer(self) -> None:
        server: Any = self.server
        server.seen.append(f"{self.requestline}\n{self.headers}")
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(server.status)
        if server.leads_to:
            self.send_header("Location", server.leads_to + self.path)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = _answer  # noqa: N815 - the library calls them so

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def serving(status: int, leads_to: str = "") -> Iterator[Any]:
    """Serve on a free port; ``url`` is where, and ``seen`` what came."""
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.status, server.leads_to, server.seen = status, leads_to, []
    server.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
