"""Using a signed URL: with ``urllib``, which sends a path as it stands, and with time limits."""

from __future__ import annotations

import http.client
import re
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from daypass.base.version import __version__
from daypass.errors import DaypassError, DeadlineError, StoreError
from daypass.model.links import SignedURL

__all__ = ["CHUNK", "Response", "network_errors", "send"]

#: The longest silence of the other side, in seconds.
TIMEOUT = 60.0
#: Files are read and written in pieces of so many bytes.
CHUNK = 1 << 20

#: The error's name in an S3, GCS or Azure answer; of the rest nothing is shown.
_ERROR_CODE = re.compile(rb"<Code>\s*([A-Za-z0-9.]{1,64})\s*</Code>")

Response = http.client.HTTPResponse


class _Hearing:
    """Hears the answer of a server that stops reading: a refusal comes before an upload's end."""

    def request(self, *args: Any, **kwargs: Any) -> None:
        # Where there is no answer either, reading it will say so.
        with suppress(BrokenPipeError, ConnectionResetError):
            super().request(*args, **kwargs)  # type: ignore[misc] # of the connection beside it


class _Connection(_Hearing, http.client.HTTPConnection):
    pass


class _SecureConnection(_Hearing, http.client.HTTPSConnection):
    pass


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


@contextmanager
def send(
    link: SignedURL,
    *,
    headers: Mapping[str, str] | None = None,
    body: Iterator[bytes] | bytes | None = None,
    timeout: float | None = None,
) -> Iterator[Response]:
    """Send what a link is for, with its headers; yield the answer, to be read.

    Args:
        link: the signed URL.
        headers: further headers; an upload's Content-Length must be among them or the link's.
        body: an upload, or the pieces of one.
        timeout: the longest silence of the other side in seconds; a minute without it.

    Raises:
        StoreError: if the store cannot be reached or answers with an error, whose ``status`` and
            ``store_code`` it names.
        DeadlineError: if it falls silent.

    """
    request = urllib.request.Request(  # noqa: S310 - the gate lets only http and https pass
        link.url,
        data=body,
        headers={**(headers or {}), **link.headers, "User-Agent": f"daypass/{__version__}"},
        method=link.method,
    )
    opener = urllib.request.build_opener(_NoRedirect, _HTTP, _HTTPS)
    timeout = timeout or TIMEOUT
    with network_errors(link, timeout):
        try:
            response = opener.open(request, timeout=timeout)
        except urllib.error.HTTPError as error:
            with error:
                raise _refusal(link, error) from None  # its cause would hold the URL
    with response:
        yield response


@contextmanager
def network_errors(link: SignedURL, timeout: float | None = None) -> Iterator[None]:
    """Translate what goes wrong between here and the store; the URL is never shown."""
    host = urlsplit(link.url).netloc
    try:
        yield
    except (OSError, http.client.HTTPException) as e:
        reason = e.reason if isinstance(e, urllib.error.URLError) else e
        if isinstance(reason, DaypassError):
            raise reason from None  # ours already, whatever urllib wrapped it in
        if isinstance(reason, TimeoutError):
            msg = f"{host} fell silent for {timeout or TIMEOUT:g} s in {link.method} {link.path}"
            raise DeadlineError(msg) from e
        if isinstance(reason, socket.gaierror):
            msg = f"{host} cannot be found ({reason.strerror}): check the endpoint and the region"
        else:
            why = getattr(reason, "strerror", None) or type(reason).__name__
            msg = f"the connection to {host} failed in {link.method} {link.path}: {why}"
        raise StoreError(msg) from e


def _refusal(link: SignedURL, error: urllib.error.HTTPError) -> StoreError:
    try:
        found = _ERROR_CODE.search(error.read(1 << 16))
    except (OSError, http.client.HTTPException):
        found = None
    try:
        status = f"{error.code} {HTTPStatus(error.code).phrase}"
    except ValueError:
        status = str(error.code)
    code = found[1].decode() if found else None
    said = f" ({code})" if code else ""
    msg = f"the store answered {status}{said} to {link.method} {link.path}"
    return StoreError(msg, status=error.code, store_code=code)
