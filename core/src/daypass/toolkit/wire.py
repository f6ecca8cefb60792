"""Using a signed URL: with ``urllib``, which sends a path as it stands, and with time limits."""

from __future__ import annotations

import http.client
import json
import re
import socket
import ssl
import threading
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from email.message import Message
from html import unescape
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes, urlsplit

import attrs

from daypass.base.secrets import hide, is_secret
from daypass.base.tracebacks import forget
from daypass.base.urls import is_of_a_service
from daypass.base.version import __version__
from daypass.errors import DaypassError, DeadlineError, StoreError
from daypass.hookspecs.network import EVERYBODYS, Network
from daypass.model.links import SignedURL
from daypass.toolkit.deadlines import Deadline
from daypass.toolkit.failures import clock_apart, unreachable

__all__ = ["CHUNK", "PIECE", "Pace", "Response", "network_errors", "read_answer", "send"]

#: Seconds: the longest silence of the other side, and what connecting, sending one piece, and the head of
#: an answer may take each.
TIMEOUT = 60.0
#: An object's bytes come down, and files are read, in pieces of so many bytes.
CHUNK = 1 << 20
#: And go up in pieces of so many: smaller ones, since each has to be gone before the timeout. What is in flight
#: takes this much memory for each upload.
PIECE = 1 << 18
#: Seconds that `CHUNK` bytes of an object may take, which is a KiB in each: else it could last for years, a byte
#: before each timeout.
_SLOWEST = 1024.0

#: The error's name in an S3, GCS or Azure answer; of the rest a message shows nothing.
_ERROR_CODE = re.compile(rb"<Code>\s*([A-Za-z0-9.]{1,64})\s*</Code>")
#: The same of a links service.
_WORD = re.compile(r"[a-z0-9-]{1,64}")
#: And its sentence, for whoever asks what the store said.
_ERROR_MESSAGE = re.compile(rb"<Message>([^<>]{1,4000})</Message>")

Response = http.client.HTTPResponse
#: Their local variables hold the headers that were sent, one of which may be an encryption key.
_LIBRARIES = ("http", "urllib")
#: With these a store refuses a signature, by a wrong clock too.
_REFUSED = (400, 401, 403)


class _LateError(TimeoutError):
    """Bytes came or went, and the end of what was waited for did not come; says of the other side what it did not."""


@contextmanager
def _within(
    sock: socket.socket, seconds: float, what: str = "did not end its answer"
) -> Iterator[None]:
    """Shut a socket down when the time is over: its own timeout begins anew with each byte that drips in."""
    late = threading.Event()

    def end() -> None:
        late.set()
        with suppress(OSError):  # closed already
            # Not by the method of a TLS socket, which is no use beside a thread that reads.
            socket.socket.shutdown(sock, socket.SHUT_RDWR)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    except (OSError, http.client.HTTPException):
        if not late.is_set():
            raise
    finally:
        timer.cancel()
    if (
        late.is_set()
    ):  # also where what had come until then looks whole: headers end with the connection
        msg = f"{what} within {seconds:g} s"
        raise _LateError(msg)


class _Socket(ssl.SSLSocket):
    """Ends a handshake, and what it sends, in time: here too its timeout begins anew with each byte."""

    def do_handshake(self, block: bool = False) -> None:  # noqa: FBT002 - as in ssl
        with _within(self, self.gettimeout() or TIMEOUT, "did not end the handshake of TLS"):
            super().do_handshake(block)

    def sendall(self, data: Any, flags: int = 0) -> None:
        seconds = self.gettimeout() or TIMEOUT
        end = time.monotonic() + seconds
        left = memoryview(data).cast("B")
        while left:
            if time.monotonic() > end:
                msg = f"did not take {len(left)} bytes within {seconds:g} s"
                raise _LateError(msg)
            left = left[self.send(left, flags) :]


class _Hearing:
    """Connects in time, and hears the answer of a server that stops reading: a refusal comes before an upload's end."""

    host: str
    sock: Any
    timeout: Any
    close: Callable[[], None]

    def connect(self) -> None:
        # A name server, many addresses, and a proxy's answer that drips are bounded by no socket's timeout.
        connect: Any = super().connect  # type: ignore[misc] # of the connection beside it
        late = threading.Event()

        def run() -> None:
            connect()
            if late.is_set():  # nobody waits for it any more
                self.close()

        try:
            Deadline.after(self.timeout).run(run, f"connecting to {self.host}")
        except BaseException:
            late.set()
            raise

    def request(self, *args: Any, **kwargs: Any) -> None:
        # Where there is no answer either, reading it will say so.
        with suppress(BrokenPipeError, ConnectionResetError):
            super().request(*args, **kwargs)  # type: ignore[misc] # of the connection beside it

    def getresponse(self) -> Response:
        sock = self.sock
        if sock is None:  # closed by a request that could not be sent
            msg = "the request could not be sent"
            raise http.client.RemoteDisconnected(msg)
        response: Any = None
        try:
            with _within(sock, self.timeout):
                response = super().getresponse()  # type: ignore[misc] # as above
        except _LateError:
            if response is not None:
                response.close()
            raise
        response.socket = sock
        answer: Response = response
        return answer


class _Connection(_Hearing, http.client.HTTPConnection):
    pass


class _SecureConnection(_Hearing, http.client.HTTPSConnection):
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        context: Any = self
        context._context.sslsocket_class = _Socket  # noqa: SLF001 - made for this connection


class _AsAsked(urllib.request.AbstractHTTPHandler):
    """Sends no media type that nobody named: urllib takes every body for a form, and a store would keep that."""

    def do_request_(self, request: urllib.request.Request) -> urllib.request.Request:
        named = request.has_header("Content-type")
        request = super().do_request_(request)
        if not named:
            request.unredirected_hdrs.pop("Content-type", None)
        return request


class _HTTP(_AsAsked, urllib.request.HTTPHandler):
    http_request = _AsAsked.do_request_

    def http_open(self, req: urllib.request.Request) -> Response:
        return self.do_open(_Connection, req)


class _HTTPS(_AsAsked, urllib.request.HTTPSHandler):
    https_request = _AsAsked.do_request_

    def https_open(self, req: urllib.request.Request) -> Response:
        context: Any = getattr(self, "_context", None)
        return self.do_open(_SecureConnection, req, context=context)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A signature holds for one host: elsewhere it fails, and headers would leak."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _go_by(request: urllib.request.Request, proxy: str) -> None:
    """Let a request go by a proxy, as SDKs do that were given one: urllib's own way heeds ``no_proxy`` here too."""
    place = urlsplit(proxy if "://" in proxy else f"http://{proxy.removeprefix('//')}")
    login, _, host = place.netloc.rpartition("@")
    if ":" in login:
        sent = b64encode(unquote_to_bytes(login)).decode()
        request.add_unredirected_header("Proxy-Authorization", f"Basic {sent}")
    request.set_proxy(host, place.scheme)


class _Answers(urllib.request.HTTPErrorProcessor):
    """Lets some statuses pass that are no success, and an answer all the same."""

    def __init__(self, statuses: Collection[int]) -> None:
        self._statuses = statuses

    def http_response(self, request: urllib.request.Request, response: Any) -> Any:
        if response.status in self._statuses:
            return response
        return super().http_response(request, response)

    https_response = http_response


@contextmanager
def send(
    link: SignedURL,
    *,
    headers: Mapping[str, str] | None = None,
    body: Iterator[bytes] | bytes | None = None,
    timeout: float | None = None,
    network: Network = EVERYBODYS,
    answers: Collection[int] = (),
) -> Iterator[Response]:
    """Send what a link is for, with its headers; yield the answer, to be read.

    Args:
        link: the signed URL.
        headers: further headers; an upload's Content-Length must be among them or the link's.
        body: an upload, or the pieces of one.
        timeout: the longest silence of the other side in seconds, which is also how long connecting may
            take, with the host's name and TLS, and the status line and the headers of the answer; a
            minute without it.
        network: whom to trust, and which proxies to use.
        answers: statuses other than 2xx that are no error.

    Raises:
        StoreError: if the store cannot be reached or answers with an error, whose ``status`` and
            ``store_code`` it names.
        DeadlineError: if it falls silent, or its answer does not begin in time.

    """
    request = urllib.request.Request(  # noqa: S310 - the gate lets only http and https pass
        link.url,
        data=body,
        headers={**(headers or {}), **link.headers, "User-Agent": f"daypass/{__version__}"},
        method=link.http_method,
    )
    handlers: list[Any] = [_NoRedirect, _HTTP, _HTTPS(context=network.context), _Answers(answers)]
    if network.proxies is not None:
        handlers.append(urllib.request.ProxyHandler({}))
        if proxy := network.proxies.get(request.type):
            _go_by(request, proxy)
    opener = urllib.request.build_opener(*handlers)
    timeout = timeout or TIMEOUT
    with network_errors(link, timeout):
        try:
            response = opener.open(request, timeout=timeout)
        except urllib.error.HTTPError as error:
            with error:
                raise _refusal(link, error, timeout) from None  # its cause would hold the URL
    with response:
        yield response


def read_answer(response: Response, most: int, seconds: float | None = None) -> bytes:
    """Read what a store says of a request, which is short, in limited time; not the bytes of an object.

    Args:
        response: the answer, of `send`.
        most: how many bytes are read.
        seconds: the time that all of them may take; a minute without it.

    Raises:
        TimeoutError: if they take longer; `network_errors` makes it a DeadlineError.

    """
    connection: Any = response
    with _within(connection.socket, seconds or TIMEOUT):
        found = response.read(most)
    return found  # noqa: RET504 - inside, what a late end has cut would be returned


@attrs.define
class Pace:
    """How fast an object has to come, however many requests it takes: else each could bring one byte."""

    #: How many bytes of the `CHUNK` that is coming are missing, and when they must be there.
    _missing: int = CHUNK
    _end: float = attrs.field(factory=lambda: time.monotonic() + _SLOWEST)

    @property
    def is_lost(self) -> bool:
        """Tell whether it comes more slowly than it has to."""
        return time.monotonic() >= self._end

    def read(self, response: Response) -> bytes:
        """Read the next bytes of an object, `CHUNK` of them at most; none at the end of the answer.

        Raises:
            TimeoutError: if they come more slowly than a KiB in a second; `network_errors` makes it a DeadlineError.

        """
        try:
            piece = read_answer(response, self._missing, max(self._end - time.monotonic(), 0.001))
        except _LateError:
            msg = f"took longer than {_SLOWEST:g} s for a MiB"
            raise _LateError(msg) from None
        self._missing -= len(piece)
        if not self._missing:
            self._missing, self._end = CHUNK, time.monotonic() + _SLOWEST
        return piece


@contextmanager
def network_errors(link: SignedURL, timeout: float | None = None) -> Iterator[None]:
    """Translate what goes wrong between here and the store; the URL is never shown."""
    host = urlsplit(link.url).netloc
    try:
        yield
    except BaseException as e:
        forget(e, _LIBRARIES)
        if not isinstance(e, (OSError, http.client.HTTPException)):
            raise
        reason = e.reason if isinstance(e, urllib.error.URLError) else e
        if isinstance(reason, DaypassError):
            raise reason from None  # ours already, whatever urllib wrapped it in
        if isinstance(reason, TimeoutError):
            silent = f"fell silent for {timeout or TIMEOUT:g} s"
            what = str(reason) if isinstance(reason, _LateError) else silent
            msg = f"{host} {what} in {link.http_method} {link.path}"
            raise DeadlineError(msg) from e
        why = unreachable(e) or getattr(reason, "strerror", None) or type(reason).__name__
        msg = f"the connection to {host} failed in {link.http_method} {link.path}: {why}"
        raise StoreError(msg) from e


def _refusal(link: SignedURL, error: urllib.error.HTTPError, seconds: float) -> StoreError:
    try:
        answer: Any = error.fp
        body = read_answer(answer, 1 << 16, seconds)
    except (OSError, http.client.HTTPException):
        body = b""
    try:
        status = f"{error.code} {HTTPStatus(error.code).phrase}"
    except ValueError:
        status = str(error.code)
    found = _ERROR_CODE.search(body)
    code, detail = (found[1].decode(), None) if found else _problem(error.headers, body)
    said = f" ({code})" if code else ""
    who = "the links service" if is_of_a_service(link.url) else "the store"
    msg = f"{who} answered {status}{said} to {link.http_method} {link.path}"
    if error.code == HTTPStatus.PRECONDITION_FAILED and "if-none-match" in map(
        str.lower, link.headers
    ):
        msg += ": an object is there already, and the link only creates (if_absent)"
    if error.code in _REFUSED:
        msg += clock_apart(error.headers.get("Date"))
    return StoreError(
        msg, status=error.code, store_code=code, store_message=_words(link, body, detail)
    )


def _problem(headers: Message, body: bytes) -> tuple[str | None, str | None]:
    """Return the code and the sentence of an answer by RFC 9457, as a links service gives it; None of what it does not say."""
    if headers.get_content_type() != "application/problem+json":
        return None, None
    try:
        told = json.loads(body)
        code, detail = str(told["code"]), str(told["detail"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None, None
    return (code if _WORD.fullmatch(code) else None), detail


def _words(link: SignedURL, body: bytes, detail: str | None) -> str | None:
    """Return the sentence that a store gives for its error; nothing that opens something, wherever it repeats it."""
    from daypass.toolkit.answers import shown_words  # of use where something was refused

    if (found := _ERROR_MESSAGE.search(body)) is not None:
        detail = unescape(found[1].decode(errors="replace"))
    if detail is None:
        return None
    sent = [value for _, value in parse_qsl(urlsplit(link.url).query)]
    sent += [value for name, value in link.headers.items() if is_secret(name, value)]
    return shown_words(hide(detail, sent)) or None
