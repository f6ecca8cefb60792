"""``GrowingAhead``: how much is read ahead of a reader: little where it jumps, and more the longer it reads on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fsspec.caching import BaseCache, register_cache

__all__ = ["NAME", "GrowingAhead"]

#: By which name fsspec knows it.
NAME = "daypass-growing"
#: Bytes: what is read ahead at first, and after a jump. Readers of Parquet and images ask for what they need.
_LEAST = 1 << 16


class GrowingAhead(BaseCache):  # type: ignore[misc] # fsspec has no types
    """Keeps what was fetched last; each fetch that goes on where it ends reads twice as far ahead, up to a block."""

    name = NAME

    def __init__(self, blocksize: int, fetcher: Callable[[int, int], bytes], size: int) -> None:
        super().__init__(blocksize, fetcher, size)
        self._kept = b""
        self._start = 0
        self._ahead = _LEAST

    def _fetch(self, start: int | None, stop: int | None) -> bytes:
        first, last, _ = slice(start, stop).indices(self.size)
        if first >= last:
            return b""
        end = self._start + len(self._kept)
        known = b""
        if self._start <= first < end:
            known = self._kept[first - self._start : last - self._start]
            if last <= end:
                return known
        goes_on = first <= end and self._start <= first and end > 0
        self._ahead = min(self._ahead * 2, max(self.blocksize, _LEAST)) if goes_on else _LEAST
        begin = first + len(known)
        fetch: Any = self.fetcher
        new: bytes = fetch(begin, min(last + self._ahead, self.size))
        self._kept, self._start = known + new, first
        return self._kept[: last - first]


register_cache(GrowingAhead, clobber=True)
