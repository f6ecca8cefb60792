"""Servers that send, or take, a byte now and then, so that no socket's timeout ever ends what they were asked."""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from threading import Event, Thread

__all__ = [
    "DRIPS",
    "DRIPS_OF_TLS",
    "PATIENCE",
    "dripping",
    "full",
    "slow_reader",
    "soon",
]

#: Seconds: between two bytes, and at most until what has a short deadline has ended on a machine under load.
PAUSE, PATIENCE = 0.1, 20
#: So many bytes of a drip take more than a minute and a half.
LONG = b"x" * 1000

OK = b"HTTP/1.1 200 OK\r\n"
#: What is sent at once, and what byte by byte.
DRIPS = {
    "status line": (b"", b"HTTP/1.1 200 " + LONG),
    "header": (OK, b"X-Long: " + LONG),
    "body": (OK + b"Content-Length: 1000\r\n\r\n", LONG),
    "body of no stated length": (OK + b"\r\n", LONG),
    "size of a chunk": (OK + b"Transfer-Encoding: chunked\r\n\r\n", b"0" * 1000),
    "body of an error": (b"HTTP/1.1 500 No\r\nContent-Length: 1000\r\n\r\n", LONG),
    "nothing": (b"", b""),
}
#: The same where TLS is spoken: a record of the handshake (RFC 8446, 5.1), which is read when it is whole.
DRIPS_OF_TLS = {"handshake": (b"\x16\x03\x03\x40\x00", LONG)}


@contextlib.contextmanager
def _listening(answer: Callable[[socket.socket, Event], None]) -> Iterator[int]:
    """Hand every connection to a function, in a thread of its own; yield the port."""
    over = Event()

    def one(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):  # the other side has had enough
            answer(connection, over)

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection = listener.accept()[0]
                Thread(target=one, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            over.set()
            listener.shutdown(socket.SHUT_RDWR)  # wakes accept
            thread.join()


@contextlib.contextmanager
def dripping(
    at_once: bytes,
    slowly: bytes,
    scheme: str = "http",
    *,
    context: ssl.SSLContext | None = None,
    came: list[bytes] | None = None,
) -> Iterator[str]:
    """Answer each connection so, the second part byte by byte; yield the URL.

    Args:
        at_once: what is sent at once.
        slowly: what is sent byte by byte.
        scheme: of the URL.
        context: where TLS is spoken.
        came: takes the first bytes that each connection brings.

    """

    def answer(connection: socket.socket, over: Event) -> None:
        if context is not None:
            connection = context.wrap_socket(connection, server_side=True)
        with connection:
            drip(connection, over)

    def drip(connection: socket.socket, over: Event) -> None:
        if came is not None:
            came.append(connection.recv(1 << 16))
        connection.sendall(at_once)
        for byte in slowly:
            if over.wait(PAUSE):
                return
            connection.sendall(bytes([byte]))
        over.wait()

    with _listening(answer) as port:
        yield f"{scheme}://127.0.0.1:{port}"


@contextlib.contextmanager
def slow_reader(context: ssl.SSLContext | None = None) -> Iterator[str]:
    """Take a few bytes of what is sent at a time, and answer nothing; yield the URL."""

    def answer(connection: socket.socket, over: Event) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 12)
        if context is not None:
            connection = context.wrap_socket(connection, server_side=True)
        with connection:
            while not over.wait(PAUSE):
                if not connection.recv(100):
                    return

    with _listening(answer) as port:
        yield f"{'http' if context is None else 'https'}://127.0.0.1:{port}"


@contextlib.contextmanager
def full() -> Iterator[int]:
    """Listen, and take no connection: who knocks is not even refused; yield the port."""
    with contextlib.ExitStack() as held:
        listener = held.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        while True:
            waiting = held.enter_context(socket.socket())
            waiting.settimeout(0.2)
            try:
                waiting.connect(listener.getsockname())
            except TimeoutError:
                break
        yield listener.getsockname()[1]


@contextlib.contextmanager
def soon() -> Iterator[None]:
    """Raise where a block has not ended long before a drip would."""
    begin = time.monotonic()
    yield
    assert time.monotonic() - begin < PATIENCE
