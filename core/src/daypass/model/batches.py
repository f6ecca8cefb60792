"""``SignedURLBatch``: many signed URLs in the memory of their texts; each is made whole on demand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from functools import cached_property
from itertools import repeat
from typing import Any, Self, cast, overload

import attrs

from daypass.base.times import in_utc
from daypass.errors import DaypassError, InvalidRequestError
from daypass.model.cards import link_card
from daypass.model.links import REQUESTED, SignedURL

__all__ = ["AlikeURLs", "SignedURLBatch", "wanted", "wanting"]

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


def _patterns(like: SignedURL | tuple[SignedURL, ...]) -> tuple[SignedURL, ...]:
    return like if isinstance(like, tuple) else (like,)


@attrs.frozen(repr=False, eq=False)
class SignedURLBatch(Sequence[SignedURL]):
    """Signed URLs in the order of their paths; a sequence of `SignedURL`.

    >>> like = SignedURL(
    ...     "", "GET", {}, datetime(2026, 1, 1), "requested", frozenset({"GET"}), frozenset(),
    ...     "s3://maps/", "s3",
    ... )
    >>> batch = SignedURLBatch(["https://maps.example/a?1", "https://maps.example/b?2"], ["a", "b"], like)
    >>> batch[1].path, len(batch)
    ('s3://maps/b', 2)

    Args:
        urls: the URLs.
        keys: what follows ``like.path`` in each row's path.
        like: all that the rows have in common; its ``url`` is not used.

    """

    #: None where ``errors="collect"`` kept an error.
    _urls: Sequence[str | None]
    #: What follows the pattern's path in each row's path.
    keys: Sequence[str]
    #: What rows have in common: one pattern, or several where rows differ.
    _likes: tuple[SignedURL, ...] = attrs.field(converter=_patterns)
    #: Which pattern each row follows; empty where there is one.
    _which: Sequence[int] = ()
    #: The rows that could not be signed, and why (only with ``errors="collect"``).
    errors: Mapping[int, DaypassError] = attrs.field(factory=dict)

    @classmethod
    def of_rows(cls, rows: Sequence[SignedURL]) -> Self:
        """Gather links that were signed one by one."""
        return cls(
            [row.url for row in rows],
            [row.path for row in rows],
            tuple(attrs.evolve(row, url="", path="") for row in rows),
            range(len(rows)),
        )

    @classmethod
    def joined(cls, batches: Sequence[Self]) -> Self:
        """Put batches one behind the other."""
        if len(batches) == 1:
            return batches[0]
        urls: list[str | None] = []
        keys: list[str] = []
        likes: list[SignedURL] = []
        which: list[int] = []
        errors: dict[int, DaypassError] = {}
        for batch in batches:
            errors.update((len(urls) + row, error) for row, error in batch.errors.items())
            patterns, of_row = batch.patterns()
            which += [len(likes) + pattern for pattern in of_row]
            likes += patterns
            urls += batch.urls
            keys += batch.keys
        return cls(urls, keys, tuple(likes), which, errors)

    def __len__(self) -> int:
        """Count the rows, failed ones included."""
        return len(self._urls)

    @overload
    def __getitem__(self, index: int) -> SignedURL: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[SignedURL]: ...

    def __getitem__(self, index: int | slice) -> SignedURL | Sequence[SignedURL]:
        """Make one link whole; raise the row's own error where it could not be signed."""
        if isinstance(index, slice):
            return [self[row] for row in range(*index.indices(len(self)))]
        row = range(len(self._urls))[index]
        return self._link(row, self._urls[row])

    def __iter__(self) -> Iterator[SignedURL]:
        """Make the links whole one after the other."""
        return (self._link(row, url) for row, url in enumerate(self.urls))

    def __repr__(self) -> str:
        """Show how many links until when; never a URL."""
        failed = f", {len(self.errors)} failed" if self.errors else ""
        return f"<SignedURLBatch of {len(self._urls)} links{failed}>"

    def _repr_html_(self) -> str:
        """Render a card for notebooks: how many links until when; never a URL."""
        rows = {"links": str(len(self._urls))}
        if self._likes:
            rows["the first ends"] = in_utc(self.expires_at)
        if self.errors:
            rows["failed"] = str(len(self.errors))
        unenforced = frozenset(name for like in self._likes for name in like.unenforced)
        return link_card(self, rows, unenforced)

    def to_dict(self, *, reveal: bool = False) -> dict[str, Any]:
        """Return plain values for JSON: ``links`` with one entry for each row, None where it failed, and ``errors``.

        Args:
            reveal: give URLs and headers whole; without it, what opens something is masked.

        """
        return {
            "links": [
                None if url is None else self._link(row, url).to_dict(reveal=reveal)
                for row, url in enumerate(self.urls)
            ],
            "errors": [
                {"row": row, "code": error.code, "message": str(error)}
                for row, error in sorted(self.errors.items())
            ],
        }

    def _link(self, row: int, url: str | None) -> SignedURL:
        if url is None:
            raise self.errors[row]
        like = self._like_of(row)
        return SignedURL(
            url,
            like.method,
            dict(like.headers),
            like.expires_at,
            like.expires_because,
            like.permits,
            like.unenforced,
            like.path + self.keys[row],
            like.backend,
            like.cookie_maker,
        )

    def _like_of(self, row: int) -> SignedURL:
        return self._likes[self._which[row] if self._which else 0]

    def patterns(self) -> tuple[tuple[SignedURL, ...], Iterable[int]]:
        """Return the patterns, and which of them each row follows."""
        return self._likes, self._which or repeat(0, len(self._urls))

    @property
    def expires_at(self) -> datetime:
        """The earliest end of all rows (aware, UTC); a batch of no rows has none.

        Raises:
            InvalidRequestError: for an empty batch.

        """
        if not self._likes:
            msg = "a batch of no links has no end"
            raise InvalidRequestError(msg)
        return min(like.expires_at for like in self._likes)

    @property
    def urls(self) -> list[str | None]:
        """The URLs alone, as a list of text; None where ``errors="collect"`` kept an error."""
        urls = self._urls
        return cast("list[str | None]", urls.texts if isinstance(urls, AlikeURLs) else urls)

    @property
    def lazy_urls(self) -> Sequence[str | None]:
        """The same, which may not be written out yet."""
        return self._urls

    def signed(self) -> Sequence[str]:
        """Return the URLs of the rows that did not fail."""
        if isinstance(self._urls, AlikeURLs):
            return self._urls
        return [url for url in self._urls if url is not None]

    def with_unenforced(self, names: frozenset[str]) -> Self:
        """Return the batch with these options named as not enforced."""

        def name(like: SignedURL) -> SignedURL:
            return attrs.evolve(like, unenforced=like.unenforced | names)

        return attrs.evolve(self, likes=tuple(map(name, self._likes)))

    def with_reason(self, because: str) -> Self:
        """Return the batch with a reason why it ends, where its links end as they were signed to."""

        def name(like: SignedURL) -> SignedURL:
            early = like.expires_because != REQUESTED
            return like if early else attrs.evolve(like, expires_because=because)

        return attrs.evolve(self, likes=tuple(map(name, self._likes)))

    def ends(self) -> list[datetime]:
        """Return each row's own end (aware, UTC)."""
        likes, which = self.patterns()
        return [likes[pattern].expires_at for pattern in which]

    @property
    def headers(self) -> dict[str, str]:
        """The headers that every row needs.

        Raises:
            InvalidRequestError: if rows need different headers; each row's own are in ``batch[i]``.

        """
        headers = [like.headers for like in self._likes]
        if any(other != headers[0] for other in headers):
            msg = "the rows of this batch need different headers: read them row by row, as batch[i].headers"
            raise InvalidRequestError(msg, option="headers")
        return dict(headers[0]) if headers else {}
