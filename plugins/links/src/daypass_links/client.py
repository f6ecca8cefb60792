"""``Client`` and ``AsyncClient``: links made, listed, extended and taken back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from daypass.base.times import Duration, rfc3339, seconds, utc
from daypass.base.tracebacks import discreet
from daypass.errors import InvalidRequestError
from daypass.model.paths import PathLike
from daypass_links.answers import Link, LinkEvent, Page, event_of, link_of, page_of
from daypass_links.exchange import ask
from daypass_links.options import LinksOptions

__all__ = ["AsyncClient", "Client"]


class Client:
    """Asks a links service. It may be shared by threads, and holds no connection open.

    >>> client = Client("https://links.example", key="dpl_" + "k" * 32)
    >>> client
    Client('https://links.example')

    Args:
        server: the address of the service; without it, ``DAYPASS_LINKS_URL``.
        key: the API key; without it, ``DAYPASS_LINKS_KEY``.
        timeout: the longest that one call may take, in seconds.

    Raises:
        CredentialsError: if there is no API key.
        InvalidRequestError: if there is no address, or either is none.

    Every method raises, beside what is said of it, the error of `daypass.errors` that the service names,
    ``StoreError`` if it cannot be reached and ``DeadlineError`` if it takes too long.

    """

    @discreet
    def __init__(
        self, server: str | None = None, *, key: str | None = None, timeout: float = 30.0
    ) -> None:
        self._service = LinksOptions(server=server, key=key).service()
        self._timeout = timeout

    def __repr__(self) -> str:
        """Show the address, and no key."""
        return f"Client({self._service.address!r})"

    @discreet
    def create(
        self,
        path: PathLike,
        *,
        prefix: bool = False,
        method: str | None = None,
        methods: Iterable[str] | None = None,
        expires_in: Duration | None = None,
        expires_at: datetime | None = None,
        label: str | None = None,
        note: str | None = None,
        **options: Any,
    ) -> Link:
        """Make a link.

        Args:
            path: an fsspec-style path, such as ``"s3://results/a.csv"`` or ``"daypass://maps/a.csv"``, of which the service knows the store.
            prefix: open all that lies below the path.
            method: what the holder may do; GET, and HEAD with it, without it.
            methods: several of them, in place of ``method``.
            expires_in: its lifetime, in seconds or as text such as ``"30d"``.
            expires_at: its end, an aware moment.
            label: a word to find and revoke links by.
            note: a remark.
            options: those of ``create_signed_url`` that the service or the store enforces, such as ``max_uses``.

        Raises:
            InvalidRequestError: naming the option that is wrong.

        """
        asked: dict[str, Any] = {
            "path": str(path),
            "prefix": prefix or None,
            "method": method,
            "methods": None if methods is None else sorted(methods),
            "expires_in": None if expires_in is None else seconds(expires_in, "expires_in"),
            "expires_at": None if expires_at is None else rfc3339(utc(expires_at, "expires_at")),
            "label": label,
            "note": note,
            **{name: _plain(value) for name, value in options.items()},
        }
        body = {name: value for name, value in asked.items() if value is not None}
        return self._link("POST", "/v1/links", body)

    @discreet
    def list(
        self,
        *,
        state: str | None = None,
        owner: str | None = None,
        label: str | None = None,
        prefix: str | None = None,
        limit: int | None = None,
        after: str | None = None,
    ) -> Page[Link]:
        """Return a page of links, the newest first.

        Args:
            state: only those that are ``"alive"``, ``"not_yet"``, ``"ended"``, ``"used_up"`` or ``"revoked"``.
            owner: only those that one caller made.
            label: only those with a label.
            prefix: only those that open something below a path.
            limit: the most that a page has.
            after: ``next`` of the page before.

        """
        asked = {
            "state": state,
            "owner": owner,
            "label": label,
            "prefix": prefix,
            "limit": limit,
            "after": after,
        }
        query = urlencode({name: value for name, value in asked.items() if value is not None})
        answer = self._ask("GET", f"/v1/links?{query}" if query else "/v1/links")
        return page_of(answer, self._service.address, link_of)

    def all(self, **filters: Any) -> Iterator[Link]:
        """Yield every link that `list` would page through; it takes the same keywords."""
        page = self.list(**filters)
        yield from page
        while page.next is not None:
            page = self.list(**{**filters, "after": page.next})
            yield from page

    @discreet
    def show(self, link_id: str) -> Link:
        """Return a link as it stands.

        Raises:
            ObjectNotFoundError: if there is none of that ID that the caller may see.

        """
        return self._link("GET", _of(link_id))

    @discreet
    def extend(self, link_id: str, expires_in: Duration) -> Link:
        """Let a link live so long from now on, and return it.

        Args:
            link_id: its ID.
            expires_in: in seconds, or as text such as ``"30d"``.

        """
        body = {"expires_in": seconds(expires_in, "expires_in")}
        return self._link("POST", f"{_of(link_id)}/extend", body)

    @discreet
    def revoke(
        self,
        link_id: str | None = None,
        *,
        owner: str | None = None,
        prefix: str | None = None,
        label: str | None = None,
        all: bool = False,  # noqa: A002 - the word on the wire
    ) -> int:
        """Take back one link, or all of an owner, below a path, of a label, or whatever there is; return how many.

        When this returns, it is written down: no new signature is made within a second, and what was signed
        before ends with the service's ``redirect_ttl``.

        Raises:
            InvalidRequestError: unless exactly one of them is given.

        """
        which = {
            "link_id": link_id,
            "owner": owner,
            "prefix": prefix,
            "label": label,
            "all": all or None,
        }
        named = {name: value for name, value in which.items() if value is not None}
        if len(named) != 1:
            msg = "say which links to revoke, in one way: link_id, owner, prefix, label or all"
            raise InvalidRequestError(msg)
        if link_id is not None:
            self._ask("DELETE", _of(link_id))
            return 1
        answer = self._ask("POST", "/v1/revoke", named)
        revoked = answer.get("revoked") if isinstance(answer, Mapping) else None
        return revoked if isinstance(revoked, int) else 0

    @discreet
    def events(self, link_id: str, *, after: str | None = None) -> Page[LinkEvent]:
        """Return a page of what happened to a link, in order.

        Args:
            link_id: its ID.
            after: ``next`` of the page before.

        """
        query = "" if after is None else f"?{urlencode({'after': after})}"
        answer = self._ask("GET", f"{_of(link_id)}/events{query}")
        return page_of(answer, self._service.address, event_of)

    def _link(self, method: str, path: str, body: object = None) -> Link:
        return link_of(self._ask(method, path, body), self._service.address)

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        return ask(self._service, method, path, body, seconds=self._timeout)


def _of(link_id: str) -> str:
    if not isinstance(link_id, str) or not link_id:
        msg = "a link's ID is text, such as lnk_..."
        raise InvalidRequestError(msg, option="link_id")
    return f"/v1/links/{quote(link_id, safe='')}"


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return rfc3339(utc(value, "an option"))
    if isinstance(value, timedelta):
        return seconds(value, "an option")
    return value


class AsyncClient:
    """Does in a thread what each method of `Client` does; its arguments are the same."""

    @discreet
    def __init__(
        self, server: str | None = None, *, key: str | None = None, timeout: float = 30.0
    ) -> None:
        self._client = Client(server, key=key, timeout=timeout)

    def __repr__(self) -> str:
        """Show the address, and no key."""
        return f"Async{self._client!r}"

    async def create(self, path: PathLike, **options: Any) -> Link:
        """Make a link, as `Client.create` does."""
        return await asyncio.to_thread(self._client.create, path, **options)

    async def list(self, **filters: Any) -> Page[Link]:
        """Return a page of links, as `Client.list` does."""
        return await asyncio.to_thread(self._client.list, **filters)

    async def show(self, link_id: str) -> Link:
        """Return a link as it stands, as `Client.show` does."""
        return await asyncio.to_thread(self._client.show, link_id)

    async def extend(self, link_id: str, expires_in: Duration) -> Link:
        """Let a link live so long from now on, as `Client.extend` does."""
        return await asyncio.to_thread(self._client.extend, link_id, expires_in)

    async def revoke(self, link_id: str | None = None, **which: Any) -> int:
        """Take links back, as `Client.revoke` does."""
        return await asyncio.to_thread(self._client.revoke, link_id, **which)

    async def events(self, link_id: str, *, after: str | None = None) -> Page[LinkEvent]:
        """Return a page of what happened to a link, as `Client.events` does."""
        return await asyncio.to_thread(self._client.events, link_id, after=after)
