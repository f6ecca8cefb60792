"""``fresh``: a mapping from paths to links that always have a while left, for loops that outlive links."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any, Unpack

from daypass.base.times import Duration, seconds, span
from daypass.base.tracebacks import discreet
from daypass.errors import InvalidPathError, ShortLivedURLError
from daypass.model.links import REQUESTED, SignedURL
from daypass.model.paths import PathLike
from daypass.model.requests import make_request
from daypass.store.functions import create_signed_url
from daypass.store.keywords import (
    SharedKeywords,
    check_column,
    check_travels,
    hide_options,
    permitting,
)

__all__ = ["FreshLinks", "Kept", "fresh"]

#: How many links are kept, some two kilobytes each: of more paths the links are signed again, and memory stays as it is.
_MOST = 4096


class Kept:
    """Links for any paths, made with the same keywords, and kept while enough of them is left.

    Args:
        min_life: what is left of each at least, in seconds.
        options: the keywords of `create_signed_url`.

    """

    def __init__(self, min_life: int, options: dict[str, Any]) -> None:
        self._min_life = timedelta(seconds=min_life)
        self._options = options
        # Each step on it is one of the interpreter's own, so that threads need no lock; two may sign for one path.
        self._links: dict[PathLike, SignedURL] = {}

    def known(self, path: PathLike) -> SignedURL | None:
        """Return the link that is kept for a path, if enough of it is left."""
        link = self._links.get(path)
        return link if link is not None and link.lifetime >= self._min_life else None

    def sign(self, path: PathLike) -> SignedURL:
        """Sign a new link, and keep it in the place of one that was kept.

        Raises:
            ShortLivedURLError: where it has less left than it shall.
            DaypassError: what signing it raises.

        """
        link = create_signed_url(path, **self._options)
        if link.lifetime < self._min_life:
            because = "" if link.expires_because == REQUESTED else f" ({link.expires_because})"
            msg = f"a new link for {link.path} ends in {span(link.lifetime.total_seconds())}{because}, and min_life asks for {span(self._min_life.total_seconds())}: ask for a longer expires_in, or for less"
            raise ShortLivedURLError(msg)
        if len(self._links) >= _MOST:
            self._links.clear()
        self._links[path] = link
        return link

    def __getstate__(self) -> dict[str, Any]:
        """Return what travels.

        Raises:
            InvalidRequestError: if that would be a secret.

        """
        check_travels("FreshLinks", self._options)
        return {**self.__dict__, "_links": {}}


class FreshLinks(Mapping[PathLike, SignedURL]):
    """Links for paths, each signed when it is asked for and again when too little of it is left.

    Made by `fresh`. It can be asked from many threads, and pickled where its options hold no secret: the paths and
    the options travel, and no link.
    """

    def __init__(self, paths: Iterable[PathLike], kept: Kept) -> None:
        self._paths = dict.fromkeys(paths)
        self._kept = kept

    @discreet
    def __getitem__(self, path: PathLike) -> SignedURL:
        """Return a link for a path that has at least ``min_life`` left.

        Raises:
            KeyError: for a path that is none of the mapping's.
            ShortLivedURLError: where a new link, too, has less left.
            DaypassError: what signing it raises.

        """
        if path not in self._paths:
            raise KeyError(path)
        return self._kept.known(path) or self._kept.sign(path)

    def __contains__(self, path: object) -> bool:
        """Tell whether there are links for a path, without signing one."""
        return path in self._paths

    def __iter__(self) -> Iterator[PathLike]:
        """Give the paths, in their order."""
        return iter(self._paths)

    def __len__(self) -> int:
        """Count the paths."""
        return len(self._paths)

    def __repr__(self) -> str:
        """Show how many there are; never a link or an option."""
        return f"<FreshLinks for {len(self._paths)} paths>"


@discreet
def fresh(
    paths: Iterable[PathLike], *, min_life: Duration = 60, **options: Unpack[SharedKeywords]
) -> FreshLinks:
    """Return a mapping whose ``[]`` gives a link with at least a while left, signed again where need be.

    >>> links = fresh(
    ...     ["s3://maps/europe.tif", "s3://maps/asia.tif"],
    ...     min_life="5m",
    ...     expires_in="1h",
    ...     storage_options={"key": "AK", "secret": "SK"},
    ... )
    >>> links["s3://maps/asia.tif"].lifetime.total_seconds() > 300
    True

    Args:
        paths: fsspec-style paths, which stay in memory; of their links the last few thousand do.
        min_life: what is left of each link at least: seconds, a timedelta, or text such as ``"5m"``.
        options: the keywords of `create_signed_url` that many paths can share, such as ``expires_in``,
            ``signer`` or ``storage_options``.

    Raises:
        InvalidRequestError: for an option that is not legal.

    """
    if isinstance(paths, (str, bytes)):
        msg = f"many paths are an iterable of text, not one {type(paths).__name__}: give a list"
        raise InvalidPathError(msg, option="path")
    check_column("paths", paths)
    make_request(permitting(options))
    hide_options(options)
    return FreshLinks(paths, Kept(seconds(min_life, "min_life"), dict(options)))
