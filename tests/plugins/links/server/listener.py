"""Who is told by a webhook."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Listener:
    """Who is told: what came, and what is answered, one after the other and the last for ever."""

    def __init__(self, context=None):
        self.heard, self.statuses, self.headers = [], [204], {}
        self.enough = threading.Event()
        self.wanted = 1
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                # Before it is answered: who looks then sees it.
                listener.heard.append((self.path, dict(self.headers), body))
                statuses = listener.statuses
                self.send_response(statuses.pop(0) if len(statuses) > 1 else statuses[0])
                for name, value in listener.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                if len(listener.heard) >= listener.wanted:
                    listener.enough.set()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if context is not None:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_port
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
