"""Links that the SDK signs one by one, where the signature of a kind of request could not be recomputed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import attrs

from daypass.model.batches import SignedURLBatch
from daypass.model.links import SignedURL
from daypass.model.locations import Location

__all__ = ["BySDK"]


@attrs.frozen
class BySDK:
    """In the place of `Begun`: the SDK signs every URL, and its clock is its own."""

    _like: SignedURL
    _sign: Callable[[str], str]

    def link(self, key: str, path: str) -> SignedURL:
        """Return the link of one key."""
        url = self._sign(key)
        written = parse_qs(urlsplit(url).query)
        start = datetime.strptime(written["X-Amz-Date"][0], "%Y%m%dT%H%M%S%z")
        real = start + timedelta(seconds=int(written["X-Amz-Expires"][0]))
        end = min(self._like.expires_at, real)
        return attrs.evolve(self._like, url=url, path=path, expires_at=end)

    def links(self, keys: Sequence[str], location: Location) -> SignedURLBatch:
        """Return the links of many keys, one by one."""
        return SignedURLBatch.of_rows([self.link(key, location.at(key).path) for key in keys])
