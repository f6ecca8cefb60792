"""A stranger's HTTP client: what a link is worth to somebody without credentials."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from email.message import Message
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import urljoin
from urllib.request import HTTPHandler, HTTPSHandler, OpenerDirector, Request

from daypass.model.links import SignedURL

__all__ = ["Answer", "Stranger"]

#: Seconds until a store that does not answer has failed.
_PATIENCE = 30.0
#: The redirections that keep method and body.
_KEEPING = (HTTPStatus.TEMPORARY_REDIRECT, HTTPStatus.PERMANENT_REDIRECT)


class Answer(NamedTuple):
    """What a store said to a stranger."""

    status: int
    headers: Message
    body: bytes

    @property
    def accepted(self) -> bool:
        """True where the store did what it was asked."""
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES

    @property
    def refused(self) -> bool:
        """True where the store said no; a redirection is neither."""
        return self.status >= HTTPStatus.BAD_REQUEST

    def __str__(self) -> str:
        """Show the status and the beginning of the body, for a failing test's message."""
        return f"{self.status} {self.body[:300]!r}"


class _Plain(HTTPHandler):
    """Send what was given; urllib's own handler adds a media type to every body."""

    def http_request(self, req: Request) -> Request:
        return req


class _Secure(HTTPSHandler):
    def https_request(self, req: Request) -> Request:
        return req


class Stranger:
    """Uses links with `urllib.request`, which sends a path untouched.

    No credentials, no cookies, no proxies, and no header but those the link names
    and those of the connection itself (``Host``, ``Connection``, ``Accept-Encoding`` and the body's
    ``Content-Length``).

    Args:
        context: for a server whose certificate is not publicly trusted.
        redirects: how many redirections are followed that keep method, headers and body (307 and 308),
            for links of a service that leads to the store. Without it the first is the answer.

    """

    def __init__(self, context: ssl.SSLContext | None = None, *, redirects: int = 0) -> None:
        self._redirects = redirects
        self._opener = OpenerDirector()
        self._opener.add_handler(_Plain())
        self._opener.add_handler(_Secure(context=context))

    def __call__(
        self,
        link: SignedURL,
        body: bytes | None = None,
        *,
        method: str | None = None,
        headers: Mapping[str, str] | None = None,
        url: str | None = None,
    ) -> Answer:
        """Use a link.

        Args:
            link: the link.
            body: what to upload.
            method: another method than the link's.
            headers: other headers than the link's.
            url: another URL than the link's.

        """
        given = link.headers if headers is None else headers
        asked = url or link.url
        for left in range(self._redirects, -1, -1):
            answer = self._ask(asked, method or link.http_method, given, body)
            if answer.status not in _KEEPING or not left:
                break
            asked = urljoin(asked, answer.headers["Location"])
        return answer

    def _ask(self, url: str, method: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        request = Request(  # noqa: S310 - http(s), which the gate has judged
            url,
            data=body,
            method=method,
            # The length is the body's own: a wrong one would break the connection, not the link.
            headers={
                name: value for name, value in headers.items() if name.lower() != "content-length"
            },
        )
        response: Any = self._opener.open(request, timeout=_PATIENCE)
        with response:
            return Answer(response.status, response.headers, response.read())
