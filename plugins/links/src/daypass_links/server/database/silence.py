"""A PostgreSQL that says nothing, stopped or behind a network that swallows what it is sent: nobody waits for it for ever.

The socket is alive and its other end takes what is sent, so that no bound of TCP or of the server helps: the client has to look at its own clock.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from typing import Any

import attrs

__all__ = ["Silence", "connecting"]


@attrs.define(eq=False)
class Silence:
    """Whether the server says nothing just now. Who has found out tells those who would have to wait after them, in an event loop in turn."""

    #: For so long nobody else tries then, in seconds.
    spared: float = 0.0
    _until: float = 0.0

    @property
    def lasts(self) -> bool:
        """Whether nobody need try."""
        return time.monotonic() < self._until

    def begin(self) -> None:
        """Note that somebody has waited in vain."""
        self._until = time.monotonic() + self.spared

    def end(self) -> None:
        """Note that the server has said something."""
        self._until = 0.0


def connecting(seconds: float, silence: Silence) -> Callable[..., Any]:
    """Return what connects by psycopg: a connection on which the server says nothing for too long is closed, and an ``OperationalError``.

    Args:
        seconds: how long it may say nothing to one statement; each connection has it as ``patience``.
        silence: is told of it, and while it lasts nobody waits.

    """
    import psycopg

    def check() -> None:
        if silence.lasts:
            raise silent()

    def silent() -> psycopg.OperationalError:
        return psycopg.OperationalError(f"PostgreSQL has said nothing for {seconds:g} s")

    class Connection(psycopg.Connection[Any]):
        """Waits no longer than it has patience."""

        patience = seconds

        def wait(self, gen: Any, *how: Any, **more: Any) -> Any:
            """Wait for the answer to one statement."""
            if more.get("timeout") is not None:  # of a notice, which may never come
                return super().wait(gen, *how, **more)
            check()
            try:
                return super().wait(_within(gen, self.patience), *how, **more)
            except TimeoutError:
                silence.begin()
                self.close()  # with which nobody knows any more what was done
                raise silent() from None

    def connect(*args: Any, **named: Any) -> Any:
        check()
        try:
            return Connection.connect(*args, **named)
        except psycopg.errors.ConnectionTimeout:
            silence.begin()
            raise

    return connect


def _within(gen: Generator[Any, Any, Any], seconds: float) -> Generator[Any, Any, Any]:
    """Go on with what psycopg waits by: it is told now and then that nothing has come.

    Raises:
        TimeoutError: if nothing has for so long.

    """
    end = time.monotonic() + seconds
    try:
        wanted = next(gen)
        while True:
            ready = yield wanted
            if ready:
                end = time.monotonic() + seconds
            elif time.monotonic() >= end:
                raise TimeoutError
            wanted = gen.send(ready)
    except StopIteration as over:
        return over.value
