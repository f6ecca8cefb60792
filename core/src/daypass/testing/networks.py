"""The network taken away, and a network on which nobody ever answers."""

from __future__ import annotations

import errno
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

__all__ = ["NotFinishedError", "finished", "hanging", "without"]

_INTERNET = (socket.AF_INET, socket.AF_INET6)
_USES = ("connect", "connect_ex", "send", "sendall", "sendmsg", "sendto")
_LOOKUPS = ("getaddrinfo", "gethostbyname", "gethostbyname_ex")
#: Seconds beyond its deadline until a call is taken for one that hangs: machines may be busy.
GRACE = 20.0


@contextmanager
def without(saying: str = "") -> Iterator[list[str]]:
    """Refuse every use of the network by Python's sockets; yield the list of what was tried.

    The refusal has the text ``saying``, as an SDK's may quote a URL or a key. Sockets inside the machine (``AF_UNIX``, on which event loops wake themselves) go on working.
    A client written in C that opens sockets of its own is not seen.
    """
    tried: list[str] = []

    def forbid(original: Callable[..., Any]) -> Callable[..., Any]:
        def use(self: socket.socket, *args: Any) -> Any:
            if self.family not in _INTERNET:
                return original(self, *args)
            tried.append(original.__name__)
            raise ConnectionRefusedError(errno.ECONNREFUSED, saying)

        return use

    def look_up(*args: Any, **_: Any) -> Any:
        tried.append(f"a look-up of {args[0]!r}")
        raise socket.gaierror(socket.EAI_FAIL, saying)

    with _patched(forbid, _USES, look_up):
        yield tried


@contextmanager
def hanging() -> Iterator[list[str]]:
    """Lead every new connection to a server that never says a word; yield the list of those made."""
    made: list[str] = []
    with ExitStack() as stack:
        hole = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=128))
        address = hole.getsockname()

        def divert(original: Callable[..., Any]) -> Callable[..., Any]:
            def connect(self: socket.socket, *args: Any) -> Any:
                if self.family not in _INTERNET:
                    return original(self, *args)
                made.append(original.__name__)
                if self.family == socket.AF_INET6:
                    raise ConnectionRefusedError  # the client goes on with the other address
                return original(self, address)

            return connect

        def look_up(_host: Any, port: Any = 0, *_: Any, **__: Any) -> Any:
            where = ("127.0.0.1", port if isinstance(port, int) else 0)
            return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", where)]

        stack.enter_context(_patched(divert, ("connect", "connect_ex"), look_up, ("getaddrinfo",)))
        yield made


@contextmanager
def _patched(
    wrap: Callable[[Callable[..., Any]], Callable[..., Any]],
    uses: tuple[str, ...],
    look_up: Callable[..., Any],
    lookups: tuple[str, ...] = _LOOKUPS,
) -> Iterator[None]:
    with ExitStack() as stack:
        for name in uses:
            original = getattr(socket.socket, name)
            stack.enter_context(mock.patch.object(socket.socket, name, wrap(original)))
        for name in lookups:
            stack.enter_context(mock.patch.object(socket, name, look_up))
        yield


class NotFinishedError(AssertionError):
    """A call went on and on."""


def finished(call: Callable[[], Any], deadline: float) -> tuple[Any, BaseException | None]:
    """Return what a call returned and what it raised, or fail where it goes on beyond its deadline.

    Raises:
        NotFinishedError: if it does not end; its thread is left behind.

    """
    outcome: list[tuple[Any, BaseException | None]] = []

    def run() -> None:
        try:
            outcome.append((call(), None))
        except BaseException as error:  # noqa: BLE001 - handed to the caller, whatever it is
            outcome.append((None, error))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(deadline + GRACE)
    if not outcome:
        msg = f"the call did not end within {deadline + GRACE:g} s"
        raise NotFinishedError(msg)
    return outcome[0]
