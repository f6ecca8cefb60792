"""Debian's Chromium, driven by Playwright, as a browser for tests; Playwright downloads none."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.servers.install import chromium_program

_FLAGS = (
    "--no-sandbox",  # root cannot have one
    "--disable-gpu",
    "--disable-quic",
    # Nothing but what the page does: the machine may have no network beyond the loopback.
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-proxy-server",
)


@contextlib.contextmanager
def chromium() -> Iterator[Any]:
    """Run a browser for as long as the block lasts, as Playwright's ``Browser``.

    While it runs, this thread has an event loop: nothing in the block may start another.
    """
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**_program())
        try:
            yield browser
        finally:
            browser.close()


@contextlib.contextmanager
def keeping(browser: Any, directory: Path) -> Iterator[Any]:
    """Run another of a browser that keeps in a directory what people's browsers keep, as Playwright's ``BrowserContext``."""
    context = browser.browser_type.launch_persistent_context(directory, **_program())
    try:
        yield context
    finally:
        context.close()


def _program() -> dict[str, Any]:
    return {
        "executable_path": chromium_program(),
        "args": list(_FLAGS),
        # It listens on a socket there, and systems allow no more than 108 bytes for its path.
        "env": {**os.environ, "TMPDIR": "/tmp"},
    }


class Site:
    """A web site on an origin of its own; a test puts pages on it."""

    def __init__(self, port: int) -> None:
        self.origin = f"http://127.0.0.1:{port}"
        #: Media type and content by path.
        self.pages: dict[str, tuple[str, bytes]] = {}

    def page(self, path: str, text: str, charset: str = "utf-8") -> str:
        """Put a page on the site and return its URL."""
        self.pages[path] = (f"text/html; charset={charset}", text.encode(charset))
        return self.origin + path


@contextlib.contextmanager
def site() -> Iterator[Site]:
    """Serve a web site on a free port of 127.0.0.1."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kind, content = served.pages.get(self.path.partition("?")[0], ("text/plain", b""))
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        served = Site(server.server_port)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield served
        finally:
            server.shutdown()
            thread.join()
