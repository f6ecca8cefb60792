"""``SignedPrefix``: one temporary grant for everything below a prefix."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import unquote

import attrs

from daypass.base.secrets import MASK, mask_headers, masked_headers
from daypass.base.times import in_utc, rfc3339
from daypass.base.urls import encode, encode_key, mask_url, masked_repr
from daypass.errors import InvalidPathError, InvalidRequestError
from daypass.model.cards import link_card
from daypass.model.links import make_cookies
from daypass.model.paths import check_prefix

__all__ = ["SignedPrefix"]


def _mask(query: str) -> str:
    return repr(MASK if query else "")


@attrs.frozen
class SignedPrefix:
    """A temporary grant for every key below one prefix. ``str()``, ``url``, ``query`` and `url_for` give the secret.

    Its repr masks the grant, so that a notebook or a log does not hand out access.
    """

    #: The prefix's own URL, which ends in a slash; without ``query`` it opens nothing, unless that is empty. Of a
    #: LIST grant it is the URL of the listing.
    url: str = attrs.field(repr=masked_repr)
    #: The grant: what follows the ``?`` of every URL below the prefix; empty where it is in the path of ``url``, as of a
    #: service's links. Of a LIST grant it ends in ``prefix=...``, which a longer prefix may follow.
    query: str = attrs.field(repr=_mask)
    #: The method that it was asked for.
    method: str
    #: Exactly the headers that the client must send.
    headers: dict[str, str] = attrs.field(repr=mask_headers, hash=False)
    #: When it really ends (aware, UTC): the earlier of request and credential.
    expires_at: datetime
    #: ``"requested"``, or a sentence on why the grant ends or may end earlier.
    expires_because: str
    #: The methods that the grant really allows.
    permits: frozenset[str]
    #: Options that were asked for, and that the store does not enforce.
    unenforced: frozenset[str]
    #: The path of the prefix.
    path: str
    #: The backend that made it.
    backend: str
    #: Raises for a key below the prefix that the store would take for another one.
    check: Callable[[str], None] | None = attrs.field(default=None, repr=False, eq=False)
    #: Makes signed cookies of the query, where the backend has them.
    cookie_maker: Callable[[str], dict[str, str]] | None = attrs.field(
        default=None, repr=False, eq=False
    )

    def __str__(self) -> str:
        """Return the prefix's URL with the grant."""
        return self._granted(self.url)

    def _granted(self, url: str) -> str:
        return f"{url}?{self.query}" if self.query else url

    def url_for(self, key: str) -> str:
        """Return the URL of one key below the prefix; of a LIST grant, the URL that lists below it.

        >>> from datetime import UTC, datetime
        >>> grant = SignedPrefix(
        ...     "https://maps.example/2026/", "sig=s", "GET", {}, datetime(2026, 1, 1, tzinfo=UTC),
        ...     "requested", frozenset({"GET"}), frozenset(), "az://maps/2026/", "azure",
        ... )
        >>> grant.url_for("a b/c?.tif")
        'https://maps.example/2026/a%20b/c%3F.tif?sig=s'

        Args:
            key: the key relative to the prefix, exactly as stored; it is encoded here, and once.

        Raises:
            InvalidPathError: for what is no key, or would lead out of the prefix (``..``).

        """
        if not isinstance(key, str):
            msg = f"a key must be text, not {type(key).__name__}"
            raise InvalidPathError(msg, option="key")
        key = str.__str__(key)  # an exact str: a subclass may write itself in its own way
        # Servers and browsers that read a backslash as a slash would see segments in it.
        if {".", ".."}.intersection(key.replace("\\", "/").split("/")):
            msg = "the key holds a '.' or '..' segment, which would lead out of the prefix: name a key below it"
            raise InvalidPathError(msg, option="key")
        listing = self.method == "LIST"
        if not key and not listing:
            msg = "the key is empty: name a key below the prefix"
            raise InvalidPathError(msg, option="key")
        check_prefix(key, max_bytes=None)
        if self.check is not None:
            self.check(key)
        if listing:
            return f"{self.url}?{self.query}{encode(key)}"
        return self._granted(f"{self.url}{encode_key(key)}")

    def to_dict(self, *, reveal: bool = False) -> dict[str, Any]:
        """Return plain values for JSON: sets as sorted lists, moments as ISO 8601 in UTC.

        Args:
            reveal: give the URL, the query and the headers whole; without it, what opens something is masked.

        """
        return {
            "url": self.url if reveal else mask_url(self.url),
            "query": self.query if reveal or not self.query else MASK,
            "method": self.method,
            "headers": dict(self.headers) if reveal else masked_headers(self.headers),
            "expires_at": rfc3339(self.expires_at),
            "expires_because": self.expires_because,
            "permits": sorted(self.permits),
            "unenforced": sorted(self.unenforced),
            "path": self.path,
            "backend": self.backend,
        }

    def cookies(self) -> dict[str, str]:
        """Return the signed cookies that open every URL below the prefix, by name.

        They are as secret as ``query``: their repr is masked, and their values are not.

        Raises:
            UnsupportedOptionError: with ``option="cookies"`` where the backend has no such cookies.

        """
        return make_cookies(self.cookie_maker, self.query, self.backend)

    def storage_options(self) -> dict[str, Any]:
        """Return the options with which fsspec's ``http`` filesystem reads below the prefix.

        They go with ``url``: ``fsspec.filesystem("https", **grant.storage_options())``, or
        ``zarr.open(grant.url, storage_options=grant.storage_options())``.

        Raises:
            InvalidRequestError: for a grant that reads nothing: that filesystem only reads.

        """
        if "GET" not in self.permits:
            msg = f"fsspec's http filesystem reads, and this grant is for {self.method}: ask for method='GET'"
            raise InvalidRequestError(msg, option="method")
        options: dict[str, Any] = {}
        if self.query:
            pairs = [pair.partition("=")[::2] for pair in self.query.split("&")]
            options["params"] = {unquote(name): unquote(value) for name, value in pairs}
        if self.headers:
            options["headers"] = dict(self.headers)
        return options

    def _repr_html_(self) -> str:
        """Render a card for notebooks, grant masked."""
        rows = {
            "prefix": f"{self.method} {mask_url(self.url)}",
            "ends": f"{in_utc(self.expires_at)} ({self.expires_because})",
            "headers to send": ", ".join(self.headers) or "none",
        }
        return link_card(self, rows, self.unenforced)
