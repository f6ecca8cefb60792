"""Redis where nothing is installed but the plugin, core and what they declare; so there is no server.

What it reads is proven in the other modules, on a real one.
"""

from __future__ import annotations

import socketserver
import threading

import fsspec
import pytest

import daypass
from daypass.testing import BackendConformance

pytestmark = pytest.mark.isolated

SECRET = "opensesame-7f3a"
#: What a server says of a key that holds five bytes and never ends.
ANSWERS = {
    b"TYPE": b"+string\r\n",
    b"STRLEN": b":5\r\n",
    b"PTTL": b":-1\r\n",
    b"GET": b"$5\r\nabcde\r\n",
}


class Handler(socketserver.StreamRequestHandler):
    """Reads commands in Redis's protocol: an array of words, and the length of each before it."""

    def handle(self):
        while head := self.rfile.readline():
            words = [(self.rfile.readline(), self.rfile.readline()) for _ in range(int(head[1:]))]
            self.wfile.write(ANSWERS.get(words[0][1].strip().upper(), b"+OK\r\n"))


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True  # a client keeps its connection for the next question


@pytest.fixture
def port():
    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


class TestContract(BackendConformance):
    """Refusing: Redis has no links."""

    protocol = "redis"
    sign_only = True

    @pytest.fixture
    def store(self):
        return daypass.Store("redis://127.0.0.1:1/0", storage_options={"password": SECRET})

    @pytest.fixture
    def secrets(self):
        return [SECRET]


def test_metadata_is_read(port):
    assert daypass.head_metadata(f"redis://127.0.0.1:{port}/0/k").size == 5


def test_a_key_is_read_through_fsspec(port):
    fs = fsspec.filesystem("redis", host="127.0.0.1", port=port)
    assert fs.cat_file("k") == b"abcde"
