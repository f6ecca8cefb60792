"""``Client`` and ``AsyncClient``: links made, listed, extended and taken back; uploads in parts."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from daypass.base.times import Duration, rfc3339, seconds, utc
from daypass.base.tracebacks import discreet
from daypass.errors import InvalidRequestError
from daypass.hookspecs.parts import UploadedPart, named_parts
from daypass.model.links import SignedURL
from daypass.model.metadata import ObjectMetadata
from daypass.model.paths import PathLike
from daypass_links.answers import (
    Link,
    LinkEvent,
    Page,
    Suspension,
    Upload,
    Usage,
    event_of,
    link_of,
    made_of,
    page_of,
    signed_of,
    suspension_of,
    upload_of,
    usage_of,
)
from daypass_links.exchange import ask
from daypass_links.options import LinksOptions
from daypass_links.wire import name_of

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
        message: str | None = None,
        preview: bool = False,
        password: str | None = None,
        inbox: bool = False,
        content_types: Iterable[str] | None = None,
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
            note: a remark, which its page does not show.
            message: a line for whoever gets it, which its page shows.
            preview: let its page show the beginning of the file that it opens; not with ``max_uses``.
            password: what it asks for besides; of 8 characters at least, and sent another way than the link.
            inbox: a page by which people send files below the path, without a key; ``max_bytes`` is then of each file, and
                ``max_uses`` how many there may be.
            content_types: of an inbox, the media types that it takes, such as ``"image/*"``; any without it.
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
            "message": message,
            "preview": preview or None,
            "password": password,
            "inbox": inbox or None,
            "content_types": None if content_types is None else list(content_types),
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
            state: only those that are ``"alive"``, ``"not_yet"``, ``"ended"``, ``"used_up"``, ``"revoked"`` or ``"suspended"``.
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
    def show(self, link: str) -> Link:
        """Return a link as it stands.

        Args:
            link: its ID, or its URL (``SignedURL.url``, ``SignedPrefix.url``, ``Inbox.url``) or that of its page, of which only a digest is sent.

        Raises:
            ObjectNotFoundError: if there is none that the caller may see.

        """
        return self._link("GET", _of(link))

    @discreet
    def extend(self, link: str, expires_in: Duration) -> Link:
        """Let a link live so long from now on, and return it.

        Args:
            link: its ID, or its URL.
            expires_in: in seconds, or as text such as ``"30d"``.

        """
        body = {"expires_in": seconds(expires_in, "expires_in")}
        return self._link("POST", f"{_of(link)}/extend", body)

    @discreet
    def revoke(
        self,
        link: str | None = None,
        *,
        owner: str | None = None,
        prefix: str | None = None,
        label: str | None = None,
        all: bool = False,  # noqa: A002 - the word on the wire
    ) -> int:
        """Take back one link, by its ID or its URL, or all of an owner, below a path, of a label, or whatever there is; return how many.

        When this returns, it is written down: no new signature is made within a second, and what was signed
        before ends with the service's ``redirect_ttl``.

        Raises:
            InvalidRequestError: unless exactly one of them is given.

        """
        which = {
            "link": link,
            "owner": owner,
            "prefix": prefix,
            "label": label,
            "all": all or None,
        }
        named = {name: value for name, value in which.items() if value is not None}
        if len(named) != 1:
            msg = "say which links to revoke, in one way: link, owner, prefix, label or all"
            raise InvalidRequestError(msg)
        if link is not None:
            self._ask("DELETE", _of(link))
            return 1
        answer = self._ask("POST", "/v1/revoke", named)
        revoked = answer.get("revoked") if isinstance(answer, Mapping) else None
        return revoked if isinstance(revoked, int) else 0

    def suspensions(self) -> Page[Suspension]:
        """Return the links and callers that are suspended, the first before the later.

        Raises:
            RefusedError: if the key is none of an ``admin``.

        """
        answer = self._ask("GET", "/v1/suspensions")
        return page_of(answer, self._service.address, suspension_of)

    @discreet
    def lift(self, link_id: str | None = None, *, owner: str | None = None) -> bool:
        """Lift the suspension of a link, or of a caller; return whether there was one.

        Raises:
            InvalidRequestError: unless exactly one of them is given.
            RefusedError: if the key is none of an ``admin``.

        """
        which = {"link_id": link_id, "owner": owner}
        named = {name: value for name, value in which.items() if value is not None}
        if len(named) != 1:
            msg = "say whose suspension to lift, in one way: link_id or owner"
            raise InvalidRequestError(msg)
        if link_id is not None:
            _check_id(link_id)
        answer = self._ask("POST", "/v1/lift", named)
        return isinstance(answer, Mapping) and answer.get("lifted") is True

    @discreet
    def events(self, link: str, *, after: str | None = None) -> Page[LinkEvent]:
        """Return a page of what happened to a link, in order.

        Args:
            link: its ID, or its URL.
            after: ``next`` of the page before.

        """
        query = "" if after is None else f"?{urlencode({'after': after})}"
        answer = self._ask("GET", f"{_of(link)}/events{query}")
        return page_of(answer, self._service.address, event_of)

    def usage(
        self,
        by: str = "link",
        *,
        since: date | str | None = None,
        until: date | str | None = None,
        owner: str | None = None,
        label: str | None = None,
        prefix: str | None = None,
        limit: int | None = None,
    ) -> Usage:
        """Add up how often links were used: one's own, and with the key of an ``admin`` everybody's.

        Args:
            by: ``"link"``, ``"owner"``, ``"path"`` or ``"day"``.
            since: the first day in UTC, such as ``"2026-11-01"``; 30 days with the last one, without it.
            until: the last day; today without it.
            owner: only of links that one caller made.
            label: only of links with a label.
            prefix: only of links that open something below a path.
            limit: the most rows; 1000 without it.

        """
        asked = {
            "by": by,
            "since": since,
            "until": until,
            "owner": owner,
            "label": label,
            "prefix": prefix,
            "limit": limit,
        }
        query = urlencode({name: value for name, value in asked.items() if value is not None})
        return usage_of(self._ask("GET", f"/v1/usage?{query}"), self._service.address)

    @discreet
    def create_upload(
        self, path: PathLike, *, size: int, part_size: int | None = None, **options: Any
    ) -> Upload:
        """Begin an upload in parts, for whoever holds no credentials of the store; who began it goes on with it.

        Args:
            path: of the object, as `create` takes it.
            size: of the object in bytes.
            part_size: of each part in bytes; what suits the store without it.
            options: those of ``create_multipart_upload``, such as ``content_type``, or how long the link of each
                part lives (``expires_in``).

        Raises:
            UnsupportedOptionError: if the store takes no uploads in parts, or not with such an option.

        """
        asked = {"path": str(path), "size": size, "part_size": part_size}
        asked |= {name: _plain(value) for name, value in options.items()}
        body = {name: value for name, value in asked.items() if value is not None}
        return upload_of(self._ask("POST", "/v1/uploads", body), self._service.address)

    @discreet
    def show_upload(self, upload_id: str) -> Upload:
        """Return an upload with the parts that the store has.

        Args:
            upload_id: its ID.

        Raises:
            ObjectNotFoundError: if you have begun none of that ID, or it is complete or aborted.

        """
        return upload_of(self._ask("GET", _of_upload(upload_id)), self._service.address)

    @discreet
    def sign_parts(
        self, upload_id: str, numbers: Iterable[int] | Mapping[int, str]
    ) -> dict[int, SignedURL]:
        """Have the links of some parts signed, now, and return them by their numbers.

        Args:
            upload_id: the upload.
            numbers: the parts, counted from 1, at most 1000; or a mapping to the MD5 of each, in base64.

        Raises:
            ObjectNotFoundError: as for `show_upload`.
            InvalidRequestError: for a number that no part has.

        """
        sums = numbers if isinstance(numbers, Mapping) else {}
        parts = [
            {"number": number, **({"content_md5": sums[number]} if sums else {})}
            for number in numbers
        ]
        answer = self._ask("POST", f"{_of_upload(upload_id)}/parts", {"parts": parts})
        return signed_of(answer, self._service.address)

    @discreet
    def complete_upload(
        self, upload_id: str, parts: Mapping[int, str] | Iterable[UploadedPart] | None = None
    ) -> ObjectMetadata:
        """Make the object of its parts, and return what the store says of it.

        Args:
            upload_id: the upload.
            parts: each part's number with the ETag that the store answered its upload with; without them
                the store is asked what it has.

        Raises:
            ObjectNotFoundError: as for `show_upload`.
            InvalidRequestError: if a part is missing.

        """
        said = None
        if parts is not None:
            said = [{"number": part.number, "etag": part.etag} for part in named_parts(parts)]
        answer = self._ask("POST", f"{_of_upload(upload_id)}/complete", {"parts": said})
        return made_of(answer, self._service.address)

    @discreet
    def abort_upload(self, upload_id: str) -> None:
        """Let the store forget an upload and its parts.

        Args:
            upload_id: the upload.

        Raises:
            ObjectNotFoundError: as for `show_upload`.

        """
        self._ask("DELETE", _of_upload(upload_id))

    def _link(self, method: str, path: str, body: object = None) -> Link:
        return link_of(self._ask(method, path, body), self._service.address)

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        return ask(self._service, method, path, body, seconds=self._timeout)


def _of(link: str) -> str:
    name = name_of(link) if isinstance(link, str) else None
    if name is None:
        msg = "a link is named by its ID, lnk_..., or by its URL: list your links to find it (Client.list, daypass links)"
        raise InvalidRequestError(msg, option="link")
    return f"/v1/links/{name}"


def _check_id(link_id: str) -> None:
    if not isinstance(link_id, str) or not link_id.startswith("lnk_"):
        msg = "a suspension is that of a link's ID, lnk_...: list what is suspended to find it (Client.suspensions, daypass links suspensions)"
        raise InvalidRequestError(msg, option="link_id")


def _of_upload(upload_id: str) -> str:
    if not isinstance(upload_id, str) or not upload_id:
        msg = "an upload's ID is text, such as upl_..."
        raise InvalidRequestError(msg, option="upload_id")
    return f"/v1/uploads/{quote(upload_id, safe='')}"


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

    @discreet
    async def show(self, link: str) -> Link:
        """Return a link as it stands, as `Client.show` does."""
        return await asyncio.to_thread(self._client.show, link)

    @discreet
    async def extend(self, link: str, expires_in: Duration) -> Link:
        """Let a link live so long from now on, as `Client.extend` does."""
        return await asyncio.to_thread(self._client.extend, link, expires_in)

    @discreet
    async def revoke(self, link: str | None = None, **which: Any) -> int:
        """Take links back, as `Client.revoke` does."""
        return await asyncio.to_thread(self._client.revoke, link, **which)

    async def suspensions(self) -> Page[Suspension]:
        """Return what is suspended, as `Client.suspensions` does."""
        return await asyncio.to_thread(self._client.suspensions)

    async def lift(self, link_id: str | None = None, *, owner: str | None = None) -> bool:
        """Lift a suspension, as `Client.lift` does."""
        return await asyncio.to_thread(self._client.lift, link_id, owner=owner)

    @discreet
    async def events(self, link: str, *, after: str | None = None) -> Page[LinkEvent]:
        """Return a page of what happened to a link, as `Client.events` does."""
        return await asyncio.to_thread(self._client.events, link, after=after)

    async def usage(self, by: str = "link", **which: Any) -> Usage:
        """Add up how often links were used, as `Client.usage` does."""
        return await asyncio.to_thread(self._client.usage, by, **which)

    async def create_upload(self, path: PathLike, *, size: int, **options: Any) -> Upload:
        """Begin an upload in parts, as `Client.create_upload` does."""
        return await asyncio.to_thread(self._client.create_upload, path, size=size, **options)

    async def show_upload(self, upload_id: str) -> Upload:
        """Return an upload with its parts, as `Client.show_upload` does."""
        return await asyncio.to_thread(self._client.show_upload, upload_id)

    async def sign_parts(
        self, upload_id: str, numbers: Iterable[int] | Mapping[int, str]
    ) -> dict[int, SignedURL]:
        """Have the links of some parts signed, as `Client.sign_parts` does."""
        return await asyncio.to_thread(self._client.sign_parts, upload_id, numbers)

    async def complete_upload(
        self, upload_id: str, parts: Mapping[int, str] | Iterable[UploadedPart] | None = None
    ) -> ObjectMetadata:
        """Make the object of its parts, as `Client.complete_upload` does."""
        return await asyncio.to_thread(self._client.complete_upload, upload_id, parts)

    async def abort_upload(self, upload_id: str) -> None:
        """Let the store forget an upload, as `Client.abort_upload` does."""
        await asyncio.to_thread(self._client.abort_upload, upload_id)
