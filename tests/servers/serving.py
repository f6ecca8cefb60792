"""A server of the standard library, run for as long as a block lasts: it begins and ends at once."""

from __future__ import annotations

import contextlib
import socket
import ssl
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    #: More clients at once than any test has: a longer queue than this drops them for a second.
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a client that is gone: some give up or are killed on purpose."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


@contextlib.contextmanager
def serving(
    handler: type[BaseHTTPRequestHandler], context: ssl.SSLContext | None = None
) -> Iterator[int]:
    """Serve on a free port of 127.0.0.1, by TLS where there is a context for it, and yield the port.

    It asks no clock whether to end, as ``serve_forever`` does, but is woken by a last connection. So
    every test can have a server of its own, which no request of another test can reach.
    """
    over = threading.Event()
    with _Server(("127.0.0.1", 0), handler) as server:
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True)

        def serve() -> None:
            while not over.is_set():
                server.handle_request()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield server.server_port
        finally:
            over.set()
            with socket.socket() as last:
                last.connect(server.server_address)
            thread.join()
