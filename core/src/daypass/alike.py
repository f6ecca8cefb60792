"""``AlikeURLs``: URLs that differ in key and signature alone, written out when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cached_property
from typing import overload

import attrs

__all__ = ["AlikeURLs", "wanted", "wanting"]

#: Whether who asked for links has no need of a text for each. A list is made faster than it is written
#: out later, so it is what everybody else gets; a plugin that knows only lists is none the wiser.
_WANTED: ContextVar[bool] = ContextVar("daypass_alike", default=False)


def wanted() -> bool:
    """Tell whether `AlikeURLs` are better than a list."""
    return _WANTED.get()


@contextmanager
def wanting() -> Iterator[None]:
    """Want `AlikeURLs` for the length of a ``with`` block."""
    token = _WANTED.set(True)
    try:
        yield
    finally:
        _WANTED.reset(token)


@attrs.frozen(repr=False, eq=False)
class AlikeURLs(Sequence[str]):
    """Many URLs as what they have in common and what is each one's own: Arrow needs no more of them.

    >>> urls = AlikeURLs("https://maps.example/", ["a", "b"], "?sig=", "0102")
    >>> urls[1], urls.texts
    ('https://maps.example/b?sig=02', ['https://maps.example/a?sig=01', 'https://maps.example/b?sig=02'])
    """

    before: str
    #: Percent-encoded.
    keys: Sequence[str]
    query: str
    #: One behind the other, all of one length.
    signatures: str

    @property
    def digits(self) -> int:
        """How long a signature is."""
        return len(self.signatures) // max(1, len(self.keys))

    @cached_property
    def texts(self) -> list[str]:
        """All of them, written out once."""
        before, query, signatures, digits = self.before, self.query, self.signatures, self.digits
        starts = range(0, len(signatures), digits or 1)
        return [
            f"{before}{key}{query}{signatures[start : start + digits]}"
            for key, start in zip(self.keys, starts, strict=True)
        ]

    def __len__(self) -> int:
        """Count them."""
        return len(self.keys)

    def __iter__(self) -> Iterator[str]:
        """Write them out, one after the other."""
        return iter(self.texts)

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> list[str]: ...

    def __getitem__(self, index: int | slice) -> str | list[str]:
        """Write out one, or all of which several are wanted."""
        if isinstance(index, slice):
            return self.texts[index]
        row = range(len(self.keys))[index]
        start = row * self.digits
        signature = self.signatures[start : start + self.digits]
        return f"{self.before}{self.keys[row]}{self.query}{signature}"
