"""What answers ``/l/TOKEN``: one ASGI function in front of everything else, since most requests end here."""

from __future__ import annotations

import asyncio
import re
import sqlite3
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from contextlib import suppress
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlsplit

import attrs
import msgspec
from sqlalchemy.exc import SQLAlchemyError

from daypass.base.times import rfc3339
from daypass.errors import AuditError, DaypassError, RefusedError
from daypass.model.links import SignedURL
from daypass_links.server.links.addresses import (
    from_proxies,
    is_one_of,
    is_within,
    network_of,
    plain,
)
from daypass_links.server.links.keys import key_of
from daypass_links.server.links.link import permits
from daypass_links.server.links.resolve import Ready
from daypass_links.server.links.uses import are_left, client_of, take
from daypass_links.server.logs import log
from daypass_links.server.problems import PROBLEM, body, problem
from daypass_links.server.service import Service
from daypass_links.server.tokens import TOKEN

__all__ = ["BEGINNING", "redirect"]

BEGINNING = "/l/"
_START, _END = len(BEGINNING), len(BEGINNING) + 22

#: From here on it is the service's fault, or the store's.
_FAILED = 500

_Headers = list[tuple[bytes, bytes]]
_Answer = tuple[int, _Headers, bytes]
Send = Callable[[dict[str, Any]], Awaitable[None]]

#: Who asks so that a person sees a picture of what is behind a link, and not for the person.
_PREVIEWS = re.compile(
    rb"bot\b|facebookexternalhit|WhatsApp|Slack-ImgProxy|SkypeUriPreview|Iframely|Embedly|vkShare"
    rb"|BingPreview|Google-PageRenderer|Microsoft Office|ms-office|TelegramBot|preview",
    re.IGNORECASE,
)
_COMMON: _Headers = [
    (b"referrer-policy", b"no-referrer"),
    (b"x-robots-tag", b"noindex"),
    (b"access-control-allow-origin", b"*"),
    (b"cache-control", b"no-store"),
]


def _refused(status: int, text: bytes, *more: tuple[bytes, bytes]) -> _Answer:
    own = [(b"content-type", PROBLEM.encode()), (b"content-length", str(len(text)).encode())]
    return status, [*_COMMON, *own, *more], text


def _gone(code: str, why: str) -> _Answer:
    return _refused(410, body(410, code, why))


#: The one answer to every token that is none, whatever it looks like.
_UNKNOWN = _refused(404, body(404, "unknown-link", "there is no such link"))
_REVOKED = _gone("revoked", "the link was taken back: ask who sent it for another")
_ENDED = _gone("ended", "the link has ended: ask who sent it for another")
_USED_UP = _gone("used-up", "the link was used as often as it may be: ask who sent it for another")
_UNAVAILABLE = _refused(
    503,
    body(503, "database-failed", "nothing is handed out that cannot be written down: try again"),
    (b"retry-after", b"1"),
)
_BROKEN = _refused(500, body(500, "error", "the service failed: its log says how"))
_PREFLIGHT: _Answer = (
    204,
    [
        *_COMMON,
        (b"access-control-allow-methods", b"GET, HEAD, PUT, DELETE"),
        (b"access-control-max-age", b"600"),
        (b"allow", b"GET, HEAD, PUT, DELETE, OPTIONS"),
    ],
    b"",
)


@attrs.define
class _Asker:
    """What headers say of who asks, as far as links look at it."""

    agent: bytes = b""
    referrer: bytes = b""
    forwarded: list[str] = attrs.field(factory=list)
    scheme: bytes = b""
    is_preview: bool = False

    @classmethod
    def of(cls, headers: Iterable[tuple[bytes, bytes]]) -> _Asker:
        found = cls()
        for name, value in headers:
            if name == b"user-agent":
                found.agent = value
                found.is_preview = found.is_preview or _PREVIEWS.search(value) is not None
            elif name == b"referer":
                found.referrer = value
            elif name == b"x-forwarded-for":
                found.forwarded.append(value.decode("latin-1"))
            elif name == b"x-forwarded-proto":
                found.scheme = value.rpartition(b",")[2].strip().lower()
            elif name in (b"sec-purpose", b"purpose", b"x-moz"):
                found.is_preview = found.is_preview or b"prefetch" in value or b"preview" in value
        return found


class _StopError(Exception):
    """The request ends with an answer that leads nowhere."""

    def __init__(self, answer: _Answer) -> None:
        super().__init__()
        self.answer = answer


@attrs.define
class _Use:
    """One request for a link that is there."""

    scope: Mapping[str, Any]
    ready: Ready
    #: The key below the store's root.
    key: str
    method: str
    now: float
    #: Who asks, where the link or a proxy makes that matter.
    asker: _Asker | None = None
    #: Of the client; empty where it is none.
    address: str = ""


def redirect(service: Service) -> Callable[[Mapping[str, Any], Any, Send], Awaitable[None]]:
    """Return the ASGI function that answers whatever is below ``/l/``."""
    answer, count = _Redirect(service).answer, service.metrics.answered

    async def answered(scope: Mapping[str, Any], _: Any, send: Send) -> None:
        """Answer one request."""
        begun = time.perf_counter()
        try:
            found = answer(scope)
            if not isinstance(found, tuple):
                found = await found
        except _StopError as stop:
            found = stop.answer
        except (SQLAlchemyError, sqlite3.Error, AuditError) as error:
            log.error("a link could not be served", error=type(error).__name__)
            found = _UNAVAILABLE
        except Exception as error:  # noqa: BLE001 - whatever it is, whoever follows a link is told no more
            log.error("a link could not be served", exc_info=error)
            found = _BROKEN
        status, headers, text = found
        await send({"type": "http.response.start", "status": status, "headers": headers})
        text = b"" if scope["method"] == "HEAD" else text
        await send({"type": "http.response.body", "body": text})
        count(scope["method"], status, time.perf_counter() - begun)

    return answered


class _Redirect:
    """Answers one request after the other."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._events = service.events
        self._clock = service.clock
        self._look = service.changes.look
        self._known = service.links.known
        self._find = service.links.find
        self._proxies = service.settings.server.proxies
        self._ttl: int = service.settings.links.redirect_ttl
        self._waits = service.settings.audit.use == "before"

    def answer(self, scope: Mapping[str, Any]) -> _Answer | Coroutine[Any, Any, _Answer]:
        """Answer at once where nothing has to be waited for.

        Raises:
            _StopError: with the answer to what leads nowhere.
            AuditError: if it cannot be written down.

        """
        method: str = scope["method"]
        if method == "OPTIONS":
            return _preflight(scope)
        ready, rest = self._link(scope["raw_path"])
        use = _Use(scope, ready, ready.key, method, self._clock())
        options = self._options(use)
        try:
            if ready.link.prefix:
                use.key += key_of(rest)
            self._admit(use)
            signed = self._signed(use, options)
        except DaypassError as error:
            raise self._refusal(use, error) from None
        link = ready.link
        if link.max_uses is not None:
            return self._limited(use, signed, link.max_uses)
        said = {"method": method, "address": use.address}
        if link.prefix:
            said["key"] = use.key
        kind = "head" if method == "HEAD" else "use"
        if self._waits:
            return self._recorded(use, signed, kind, said)
        self._events.note(kind, link_id=link.id, **said)
        return self._redirected(use, signed)

    def _link(self, raw: bytes) -> tuple[Ready, bytes]:
        """Return the link that a path names, and the key in it, as it was sent."""
        token, rest = raw[_START:_END], raw[_END:]
        self._look()
        hashed = sha256(token).digest()
        ready = self._known.get(hashed)
        if ready is None:
            ready = self._find(hashed) if TOKEN.fullmatch(token) else None
            if ready is None:
                raise _StopError(_UNKNOWN)
        # A prefix alone is no object, and nothing lies below one.
        fits = len(rest) > 1 and rest.startswith(b"/") if ready.link.prefix else not rest
        if not fits:
            raise _StopError(_UNKNOWN)
        return ready, rest[1:]

    def _options(self, use: _Use) -> dict[str, Any]:
        """Return what to ask the store for, if the link lives and is for the method."""
        ready, link = use.ready, use.ready.link
        if link.revoked_at is not None:
            raise _StopError(_REVOKED)
        if use.now >= link.ends_at:
            raise _StopError(_ENDED)
        if ready.refusal is not None:
            raise self._refusal(use, ready.refusal)
        options = ready.methods.get(use.method)
        if options is None:
            allow = ", ".join((*permits(link.methods), "OPTIONS"))
            text = body(405, "method-not-allowed", f"the link is for {', '.join(link.methods)}")
            raise _StopError(_refused(405, text, (b"allow", allow.encode())))
        return options

    def _admit(self, use: _Use) -> None:
        """Find out who asks, and refuse whom the link is not for."""
        peer = self._peer(use)
        if not use.ready.is_bound and not self._proxies:
            use.address = peer
            return
        use.asker = asker = _Asker.of(use.scope["headers"])
        use.address = from_proxies(peer, asker.forwarded, self._proxies)
        if use.ready.is_bound and (why := self._forbidden(use, asker, peer)):
            raise self._forbid(use, *why)

    def _peer(self, use: _Use) -> str:
        client = use.scope["client"]
        return plain(client[0]) if client else ""

    def _forbidden(self, use: _Use, asker: _Asker, peer: str) -> tuple[str, str] | None:
        """Return why the link is not for this request, as a word and in words."""
        link = use.ready.link
        if link.starts_at is not None and use.now < link.starts_at:
            return "not-yet", "the link does not work yet"
        if link.https_only:
            of_proxy = asker.scheme if is_one_of(peer, self._proxies) else b""
            if (of_proxy or use.scope["scheme"].encode()) != b"https":
                return "https-only", "the link is for https alone"
        if link.ip_range is not None and not is_within(use.address, link.ip_range):
            return "address", "the link is not for your address"
        if link.referrers is not None and not _is_from(asker.referrer, link.referrers):
            return "referrer", "the link is for the pages of certain sites alone"
        if link.max_uses is not None and asker.is_preview and use.method != "HEAD":
            return "preview", "previews and prefetches do not use the link up: open it yourself"
        return None

    def _signed(self, use: _Use, options: Mapping[str, Any]) -> SignedURL:
        """Sign as the link's maker, who is asked for the right to with each use."""
        assert use.ready.store is not None  # noqa: S101 - or there was a refusal
        left = int(use.ready.link.ends_at - use.now)
        return use.ready.store.create_signed_url(
            use.key, method=use.method, expires_in=min(self._ttl, left) or 1, **options
        )

    def _forbid(self, use: _Use, code: str, why: str) -> _StopError:
        self._note_refusal(use, code)
        return _StopError(_refused(403, body(403, code, why)))

    def _refusal(self, use: _Use, error: DaypassError) -> _StopError:
        """Answer with an error of daypass; in words that are not for its maker or who runs the service, but for its holder."""
        self._note_refusal(use, error.code)
        told = problem(error)
        if isinstance(error, RefusedError):
            told["detail"] = "who made the link may not share this, or not so, or not any more"
        elif error.http_status >= _FAILED:
            told["detail"] = (
                "the service cannot sign for the store just now: tell who sent the link"
            )
        again = told.get("retry_after")
        more = [(b"retry-after", str(again).encode())] if again is not None else []
        return _StopError(_refused(error.http_status, msgspec.json.encode(told), *more))

    def _note_refusal(self, use: _Use, why: str) -> None:
        with suppress(AuditError):  # nothing was handed out
            self._events.note(
                "refuse",
                link_id=use.ready.link.id,
                method=use.method,
                address=use.address or self._peer(use),
                why=why,
            )

    async def _limited(self, use: _Use, signed: SignedURL, most: int) -> _Answer:
        """Redirect where a use is left: taken and on record before anybody can follow."""
        agent = b"" if use.asker is None else use.asker.agent
        client = client_of(network_of(use.address), agent)
        link_id, engine = use.ready.link.id, self._service.databases.events
        ask = are_left if use.method == "HEAD" else take
        if not await asyncio.to_thread(ask, engine, link_id, most, client, int(use.now)):
            self._note_refusal(use, "used-up")
            return _USED_UP
        kind = "head" if use.method == "HEAD" else "use"
        said = {"method": use.method, "address": use.address}
        return await self._recorded(use, signed, kind, said)

    async def _recorded(
        self, use: _Use, signed: SignedURL, kind: str, said: dict[str, str]
    ) -> _Answer:
        written = self._events.durable(kind, link_id=use.ready.link.id, **said)
        await asyncio.wrap_future(written)
        return self._redirected(use, signed)

    def _redirected(self, use: _Use, signed: SignedURL) -> _Answer:
        query: bytes = use.scope["query_string"]
        if query and parse_qs(query.decode("latin-1")).get("as") == ["json"]:
            return _as_json(signed)
        return 307, [(b"location", signed.url.encode()), *use.ready.headers], b""


def _as_json(signed: SignedURL) -> _Answer:
    text = msgspec.json.encode(
        {
            "url": signed.url,
            "method": signed.method,
            "headers": signed.headers,
            "expires_at": rfc3339(signed.expires_at),
        }
    )
    own = [(b"content-type", b"application/json"), (b"content-length", str(len(text)).encode())]
    return 200, [*_COMMON, *own], text


def _preflight(scope: Mapping[str, Any]) -> _Answer:
    status, headers, text = _PREFLIGHT
    wanted = [
        value for name, value in scope["headers"] if name == b"access-control-request-headers"
    ]
    allowed = wanted[0] if wanted else b"*"
    return status, [*headers, (b"access-control-allow-headers", allowed)], text


def _is_from(referrer: bytes, hosts: Iterable[str]) -> bool:
    """Tell whether a page is of one of some hosts; ``*.example.org`` is whatever is below it."""
    try:
        host = (urlsplit(referrer.decode("ascii")).hostname or "").lower()
    except ValueError:
        return False
    return any(
        host.endswith(known[1:]) if known.startswith("*.") else host == known for known in hosts
    )
