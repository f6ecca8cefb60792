"""What answers ``/l/TOKEN``: one ASGI function in front of everything else, since most requests end here."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from types import coroutine
from typing import Any
from urllib.parse import parse_qs

import attrs
import msgspec
from sqlalchemy.exc import SQLAlchemyError

from daypass.base.times import rfc3339
from daypass.errors import AuditError, DaypassError, DeadlineError, QuotaError, RefusedError
from daypass.model.links import SignedURL
from daypass.toolkit.deadlines import at_once
from daypass_links.server.links.addresses import from_proxies, network_of
from daypass_links.server.links.arrivals import kind_of, note_refusal, peer_of
from daypass_links.server.links.asking import Asker, is_from, kept_out
from daypass_links.server.links.keys import key_of
from daypass_links.server.links.link import permits
from daypass_links.server.links.passwords import is_given
from daypass_links.server.links.resolve import Ready
from daypass_links.server.links.slow import SIGNERS, is_slow, was_slow
from daypass_links.server.links.uses import are_left, client_of, take
from daypass_links.server.logs import Burst, log
from daypass_links.server.problems import AGAIN, PROBLEM, body, problem
from daypass_links.server.quotas import NoShareError, QuotaUnavailableError
from daypass_links.server.service import Service
from daypass_links.server.suspensions import SuspendedError
from daypass_links.server.tokens import TOKEN

__all__ = ["ASKS", "BEGINNING", "LOCKED", "Answer", "redirect"]

BEGINNING = "/l/"
#: The codes of links whose pages are to be seen first, and for which a password is to be given there.
ASKS, LOCKED = "asks", "password"
_START, _END = len(BEGINNING), len(BEGINNING) + 22

#: Who counts limited uses: a pool of its own, or calls of the API that wait for a store would keep them from it.
_COUNTERS = ThreadPoolExecutor(16, "daypass-uses")
#: Of so many links it is remembered that they were used up.
_MOST_USED_UP = 10_000
#: So many of the last signed URLs are at hand: each takes two kilobytes, and few links are followed again and again.
_MOST_AGAIN = 1_000

#: By what the list of a folder is looked for.
_LISTED = ("GET", "HEAD")

#: From here on it is the service's fault, or the store's.
_FAILED = 500

_Headers = list[tuple[bytes, bytes]]
#: The status, the headers and the body.
Answer = tuple[int, _Headers, bytes]
Send = Callable[[dict[str, Any]], Awaitable[None]]

_COMMON: _Headers = [
    (b"referrer-policy", b"no-referrer"),
    (b"x-robots-tag", b"noindex"),
    (b"access-control-allow-origin", b"*"),
    (b"cache-control", b"no-store"),
]


def _refused(status: int, text: bytes, *more: tuple[bytes, bytes]) -> Answer:
    own = [(b"content-type", PROBLEM.encode()), (b"content-length", str(len(text)).encode())]
    return status, [*_COMMON, *own, *more], text


def _gone(code: str, why: str) -> Answer:
    return _refused(410, body(410, code, why))


#: The one answer to every token that is none, whatever it looks like.
_UNKNOWN = _refused(404, body(404, "unknown-link", "there is no such link"))
_REVOKED = _gone("revoked", "the link was taken back: ask who sent it for another")
_ENDED = _gone("ended", "the link has ended: ask who sent it for another")
_USED_UP = _gone("used-up", "the link was used as often as it may be: ask who sent it for another")
_UNAVAILABLE = _refused(
    503,
    body(503, "database-failed", "nothing is handed out that cannot be written down: try again"),
    (b"retry-after", str(AGAIN).encode()),
)
#: A browser is led to the link's page in their place.
_ASKED = _refused(
    403,
    body(
        403,
        ASKS,
        "the link can be used so many times: open its page, whose address has /p/ in the place of /l/",
    ),
)
_LOCKED = _refused(
    403,
    body(
        403,
        LOCKED,
        "the link has a password: send it as the field password of a form to /p/TOKEN/password, and with each request the cookie of the answer",
    ),
)
_BY_GET = _refused(
    405,
    body(405, "method-not-allowed", "what lies in a folder is listed by GET alone"),
    (b"allow", b"GET, OPTIONS"),
)
_BROKEN = _refused(500, body(500, "error", "the service failed: its log says how"))
_PREFLIGHT: Answer = (
    204,
    [
        *_COMMON,
        (b"access-control-allow-methods", b"GET, HEAD, PUT, DELETE"),
        (b"access-control-max-age", b"600"),
        (b"allow", b"GET, HEAD, PUT, DELETE, OPTIONS"),
    ],
    b"",
)


class _StopError(Exception):
    """The request ends with an answer that leads nowhere."""

    def __init__(self, answer: Answer) -> None:
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
    #: Of the client; empty where it is none.
    address: str
    #: Who asks, where the link or a proxy makes that matter.
    asker: Asker | None = None


@coroutine
def _others() -> Iterator[None]:
    """Let whoever else is ready go first."""
    yield


def redirect(
    service: Service,
    as_shown: Callable[[Mapping[str, Any], Answer], Answer],
    *,
    together: bool = False,
) -> Callable[[Mapping[str, Any], Any, Send], Awaitable[None]]:
    """Return the ASGI function that answers whatever is below ``/l/``.

    Args:
        service: the service.
        as_shown: returns a refusal as whoever has asked wants to see it: a browser as a page.
        together: send answers to requests that came together right after each other. The thread that sends them is then
            woken once for all, and does not take turns with the one that signs.

    """
    answer, count = _Redirect(service).answer, service.metrics.answered
    unavailable = Burst("links cannot be served, and answer 503")

    async def answered(scope: Mapping[str, Any], _: Any, send: Send) -> None:
        """Answer one request."""
        begun = time.perf_counter()
        try:
            found = answer(scope)
            if not isinstance(found, tuple):
                found = await found
        except _StopError as stop:
            found = as_shown(scope, stop.answer)
        except (SQLAlchemyError, sqlite3.Error, AuditError) as error:
            unavailable.tell(error)
            found = as_shown(scope, _UNAVAILABLE)
        except Exception as error:  # noqa: BLE001 - whatever it is, whoever follows a link is told no more
            log.error("a link could not be served", exc_info=error)
            found = as_shown(scope, _BROKEN)
        method: str = scope["method"]
        status, headers, text = found
        if together:
            await _others()
        await send({"type": "http.response.start", "status": status, "headers": headers})
        text = b"" if method == "HEAD" else text
        await send({"type": "http.response.body", "body": text})
        count(method, status, time.perf_counter() - begun)

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
        #: Links of which no use was left for somebody. Of them it is asked first: signing takes of quotas.
        self._used_up: set[str] = set()
        #: What links for one object led to last, by link and method: the next is asked for by it, as a refresh.
        self._again: dict[tuple[Ready, str], SignedURL] = {}

    def answer(self, scope: Mapping[str, Any]) -> Answer | Coroutine[Any, Any, Answer]:
        """Answer at once where nothing has to be waited for.

        Raises:
            _StopError: with the answer to what leads nowhere.
            AuditError: if it cannot be written down.

        """
        method: str = scope["method"]
        if method == "OPTIONS":
            return _preflight(scope)
        ready, rest = self._link(scope)
        use = _Use(scope, ready, ready.key, method, self._clock(), peer_of(scope))
        if ready.is_bound or self._proxies:
            self._identify(use)
        options = self._options(use)
        store = ready.store
        assert store is not None  # noqa: S101 - or there was a refusal
        try:
            if ready.prefix:
                use.key += key_of(rest)
            if ready.is_bound:
                self._admit(use)
            if ready.id in self._used_up:
                return self._doubted(use, options)
            if is_slow(store):
                return self._patient(use, options)
            with at_once:
                signed = self._signed(use, options)
        except DeadlineError as error:
            if not isinstance(error, NoShareError):
                was_slow(store)
            return self._patient(use, options)
        except DaypassError as error:
            raise self._refusal(use, error) from None
        return self._handed_out(use, signed)

    async def _doubted(self, use: _Use, options: Mapping[str, Any]) -> Answer:
        """Sign only if a use is left."""
        if not await self._is_left(use, are_left):
            raise self._exhausted(use)
        return await self._patient(use, options)

    async def _patient(self, use: _Use, options: Mapping[str, Any]) -> Answer:
        """Sign in a thread, where signing waits for the network: for IAM, a delegation key, or credentials that end."""
        loop = asyncio.get_running_loop()
        try:
            signed = await loop.run_in_executor(SIGNERS, self._signed, use, options)
        except DaypassError as error:
            raise self._refusal(use, error) from None
        # Meanwhile it may have been revoked, or have ended.
        use.ready, _ = self._link(use.scope)
        use.now = self._clock()
        self._options(use)
        found = self._handed_out(use, signed)
        return found if isinstance(found, tuple) else await found

    def _handed_out(self, use: _Use, signed: SignedURL) -> Answer | Coroutine[Any, Any, Answer]:
        """Redirect, when the use is counted and noted."""
        ready, method = use.ready, use.method
        if ready.max_uses is not None:
            return self._limited(use, signed)
        kind = "head" if method == "HEAD" else "use"
        if self._waits:
            return self._recorded(use, signed, kind)
        # Neither has anything to escape.
        said = f'"method":"{method}","address":"{use.address}"'
        if ready.prefix:
            said += f',"key":{_quoted(use.key)}'
        self._events.note_text(kind, ready.id, said)
        return self._redirected(use, signed)

    def _link(self, scope: Mapping[str, Any]) -> tuple[Ready, bytes]:
        """Return the link that a path names, and the key in it, as it was sent."""
        raw: bytes = scope["raw_path"]
        token, rest = raw[_START:_END], raw[_END:]
        self._look()
        hashed = sha256(token).digest()
        ready = self._known.get(hashed)
        if ready is None:
            ready = self._find(hashed) if TOKEN.fullmatch(token) else None
            if ready is None:
                raise _StopError(_UNKNOWN)
        # A prefix alone is no object, and nothing lies below one.
        fits = len(rest) > 1 and rest.startswith(b"/") if ready.prefix else not rest
        if not fits:
            is_itself = ready.prefix and rest in (b"", b"/") and scope["method"] in _LISTED
            raise self._folder(scope, ready) if is_itself else _StopError(_UNKNOWN)
        return ready, rest[1:]

    def _folder(self, scope: Mapping[str, Any], ready: Ready) -> _StopError:
        """Lead whoever may use a link to a prefix, and asks for the prefix itself, to its list; that takes no use."""
        use = _Use(scope, ready, ready.key, scope["method"], self._clock(), peer_of(scope))
        if ready.is_bound or self._proxies:
            self._identify(use)
        self._options(use)
        if ready.is_bound:
            self._admit(use)
        raw: bytes = scope["raw_path"]
        if raw.endswith(b"/"):
            return _StopError(_BY_GET)
        query: bytes = scope["query_string"]
        place = raw + b"/" + (b"?" + query if query else b"")
        return _StopError((308, [*_COMMON, (b"location", place), (b"content-length", b"0")], b""))

    def _options(self, use: _Use) -> dict[str, Any]:
        """Return what to ask the store for, if the link lives and is for the method."""
        ready = use.ready
        if ready.revoked_at is not None:
            raise _StopError(_REVOKED)
        if use.now >= ready.ends_at:
            raise _StopError(_ENDED)
        if ready.refusal is not None:
            raise self._refusal(use, ready.refusal)
        options = ready.asked.get(use.method)
        if options is None and ready.inbox is not None:
            raise self._forbid(
                use,
                "inbox",
                "files are sent to this link from its page, whose address has /p/ in the place of /l/",
            )
        if options is None:
            allow = ", ".join((*permits(ready.methods), "OPTIONS"))
            text = body(405, "method-not-allowed", f"the link is for {', '.join(ready.methods)}")
            raise _StopError(_refused(405, text, (b"allow", allow.encode())))
        return options

    def _identify(self, use: _Use) -> None:
        """Find out who asks: a refusal is on record with it too."""
        use.asker = asker = Asker.of(use.scope["headers"])
        use.address = from_proxies(use.address, asker.forwarded, self._proxies)

    def _admit(self, use: _Use) -> None:
        """Refuse whom the link is not for."""
        assert use.asker is not None  # noqa: S101 - the link is bound
        if why := self._forbidden(use, use.asker, peer_of(use.scope)):
            raise self._forbid(use, *why)
        # Neither is anything that somebody should not have tried.
        link, asker = use.ready, use.asker
        if link.password is not None and not is_given(self._service, link, asker.cookies, use.now):
            raise _StopError(_LOCKED)
        is_opened = use.method == "GET" and asker.has_not_been_asked
        if link.max_uses is not None and is_opened and link.referrers is None:
            raise _StopError(_ASKED)

    def _forbidden(self, use: _Use, asker: Asker, peer: str) -> tuple[str, str] | None:
        """Return why the link is not for this request, as a word and in words."""
        link = use.ready
        is_https = asker.is_https(use.scope["scheme"], peer, self._proxies)
        if found := kept_out(link, use.now, use.address, is_https=is_https):
            return found
        if link.referrers is not None and not is_from(asker.referrer, link.referrers):
            return "referrer", "the link is for the pages of certain sites alone"
        if link.max_uses is not None and asker.is_preview and use.method != "HEAD":
            return "preview", "previews and prefetches do not use the link up: open it yourself"
        return None

    def _signed(self, use: _Use, options: Mapping[str, Any]) -> SignedURL:
        """Sign as the link's maker, who is asked for the right to with each use."""
        ready, method = use.ready, use.method
        assert ready.store is not None  # noqa: S101 - or there was a refusal
        left = int(ready.ends_at - use.now)
        is_near_end = left < self._ttl
        if not is_near_end and (last := self._again.get((ready, method))) is not None:
            return last.refresh()
        signed = ready.store.create_signed_url(
            use.key, method=method, expires_in=(left or 1) if is_near_end else self._ttl, **options
        )
        if not (is_near_end or ready.prefix):
            if len(self._again) >= _MOST_AGAIN:
                self._again.clear()
            self._again[ready, method] = signed
        return signed

    def _forbid(self, use: _Use, code: str, why: str) -> _StopError:
        self._note_refusal(use, code)
        return _StopError(_refused(403, body(403, code, why)))

    def _refusal(self, use: _Use, error: DaypassError) -> _StopError:
        """Answer with an error of daypass; in words that are not for its maker or who runs the service, but for its holder."""
        self._note_refusal(use, error.code, kind_of(error))
        told = problem(error)
        again = told.get("retry_after")
        if isinstance(error, QuotaError):
            when = "ask who sent it" if again is None else f"try again in {again} s"
            told["detail"] = f"the link was used too often for now: {when}"
        elif isinstance(error, QuotaUnavailableError):
            told["detail"] = "the service cannot count just now how often links are used: try again"
        elif isinstance(error, RefusedError) and not isinstance(error, SuspendedError):
            told["detail"] = "who made the link may not share this, or not so, or not any more"
        elif error.http_status >= _FAILED:
            told["detail"] = (
                "the service cannot sign for the store just now: tell who sent the link"
            )
        more = [(b"retry-after", str(again).encode())] if again is not None else []
        return _StopError(_refused(error.http_status, msgspec.json.encode(told), *more))

    def _note_refusal(self, use: _Use, why: str, kind: str = "refuse") -> None:
        note_refusal(self._events, use.ready, use.method, use.address, why, kind=kind)

    async def _limited(self, use: _Use, signed: SignedURL) -> Answer:
        """Redirect where a use is left: taken and on record before anybody can follow."""
        if not await self._is_left(use, are_left if use.method == "HEAD" else take):
            raise self._exhausted(use)
        kind = "head" if use.method == "HEAD" else "use"
        return await self._recorded(use, signed, kind)

    async def _is_left(self, use: _Use, ask: Callable[..., bool]) -> bool:
        """Ask in a thread, by `take` or `are_left`."""
        agent = b"" if use.asker is None else use.asker.agent
        client = client_of(network_of(use.address), agent)
        databases, most = self._service.databases, use.ready.max_uses
        engine = databases.reading_events if ask is are_left else databases.events
        asked = engine, use.ready.id, most, client, int(use.now)
        return await asyncio.get_running_loop().run_in_executor(_COUNTERS, ask, *asked)

    def _exhausted(self, use: _Use) -> _StopError:
        if len(self._used_up) >= _MOST_USED_UP:
            self._used_up.clear()
        self._used_up.add(use.ready.id)
        self._note_refusal(use, "used-up")
        return _StopError(_USED_UP)

    async def _recorded(self, use: _Use, signed: SignedURL, kind: str) -> Answer:
        said = {"method": use.method, "address": use.address}
        if use.ready.prefix:
            said["key"] = use.key
        written = self._events.durable(kind, link_id=use.ready.id, **said)
        await asyncio.wrap_future(written)
        return self._redirected(use, signed)

    def _redirected(self, use: _Use, signed: SignedURL) -> Answer:
        query: bytes = use.scope["query_string"]
        if query and parse_qs(query.decode("latin-1")).get("as") == ["json"]:
            return _as_json(signed)
        return 307, [(b"location", signed.url.encode()), *use.ready.headers], b""


def _quoted(text: str) -> str:
    return msgspec.json.encode(text).decode()


def _as_json(signed: SignedURL) -> Answer:
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


def _preflight(scope: Mapping[str, Any]) -> Answer:
    status, headers, text = _PREFLIGHT
    wanted = [
        value for name, value in scope["headers"] if name == b"access-control-request-headers"
    ]
    allowed = wanted[0] if wanted else b"*"
    return status, [*headers, (b"access-control-allow-headers", allowed)], text
