"""A wire between a client and a server, which can be cut: bytes go through as they are, and signatures hold since the Host does."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import attrs

_PIECE = 1 << 16


@attrs.define(eq=False)
class Wire:
    """A wire; what has gone through may be read, and it may be cut, at any time."""

    port: int
    #: How many bytes clients have sent.
    sent: int = 0
    #: When so many have been, every connection is cut, once.
    cut_at: int | None = None
    #: For so long after a cut nobody is connected, in seconds: a browser sends again by itself what it can.
    down_for: float = 3.0
    #: How many connections were cut.
    cuts: int = 0
    _open: set[socket.socket] = attrs.field(factory=set)
    _lock: threading.Lock = attrs.field(factory=threading.Lock)
    _up_at: float = 0.0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def cut(self) -> None:
        """End every connection that there is, in the middle of whatever it does."""
        with self._lock:
            ended, self._open = self._open, set()
            self._up_at = time.monotonic() + self.down_for
        self.cuts += len(ended)
        for one in ended:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def carry(self, source: socket.socket, target: socket.socket, *, counts: bool) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(_PIECE):
                target.sendall(piece)
                if counts:
                    self._count(len(piece))
        for one in (source, target):
            with self._lock:
                self._open.discard(one)
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def connect(self, client: socket.socket, host: str, port: int) -> None:
        if time.monotonic() < self._up_at:
            client.close()
            return
        server = socket.create_connection((host, port))
        with self._lock:
            self._open |= {client, server}
        both = (
            threading.Thread(target=self.carry, args=(client, server), kwargs={"counts": True}),
            threading.Thread(target=self.carry, args=(server, client), kwargs={"counts": False}),
        )
        for thread in both:
            thread.start()
        for thread in both:
            thread.join()
        client.close()
        server.close()

    def _count(self, more: int) -> None:
        with self._lock:
            self.sent += more
            is_time = self.cut_at is not None and self.sent >= self.cut_at
            if is_time:
                self.cut_at = None
        if is_time:
            self.cut()


@contextlib.contextmanager
def wire_to(address: str) -> Iterator[Wire]:
    """Listen on a free port of 127.0.0.1 for as long as the block lasts, and lead to a server.

    Args:
        address: of the server, such as ``http://127.0.0.1:4566``.

    """
    place = urlsplit(address)
    host, port = place.hostname or "", place.port or 80
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listening:
        wire = Wire(listening.getsockname()[1])

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    client, _ = listening.accept()
                    threading.Thread(
                        target=wire.connect, args=(client, host, port), daemon=True
                    ).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield wire
        with contextlib.suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
        wire.cut()
        thread.join()
