"""How far a transfer is: told to fsspec's ``Callback`` from any thread, and taken back where bytes go again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from fsspec.callbacks import Callback

__all__ = ["Meter"]


@attrs.define
class Meter:
    """Tells a callback of bytes, in one thread at a time."""

    #: None where nobody wants to know, so that nothing of fsspec is imported for a bare link.
    _callback: Callback | None
    _lock: threading.Lock = attrs.field(factory=threading.Lock)

    def begin(self, size: int | None) -> None:
        """Say how many bytes there are, where that is known."""
        if self._callback is not None and size is not None:
            self._callback.set_size(size)

    def add(self, count: int) -> None:
        """Say that so many more have gone; fewer than none where some have to go again."""
        if self._callback is not None and count:
            with self._lock:
                self._callback.relative_update(count)

    @contextmanager
    def attempt(self) -> Iterator[Callable[[int], None]]:
        """Give a function to be told of bytes; what it was told is taken back where the block fails."""
        told = 0

        def tell(count: int) -> None:
            nonlocal told
            told += count
            self.add(count)

        try:
            yield tell
        except BaseException:
            self.add(-told)
            raise

    @contextmanager
    def reading(self, file: str, size: int) -> Iterator[Meter]:
        """Give a meter of the reading that precedes an upload: of a child of the callback."""
        if self._callback is None:
            yield self
            return
        with self._callback.branched(file, "") as child:
            meter = Meter(child)
            meter.begin(size)
            yield meter
