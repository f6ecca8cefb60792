"""One request to the service, bounded in time and size: the API key goes to no other host."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

from daypass.base.messages import escaped
from daypass.base.tracebacks import forget
from daypass.base.version import __version__
from daypass.errors import (
    AccessDeniedError,
    CredentialsError,
    DaypassError,
    ObjectNotFoundError,
    StoreError,
)
from daypass.toolkit.deadlines import Deadline
from daypass.toolkit.failures import unreachable
from daypass_links.options import Service
from daypass_links.wire import PROBLEM, error_of

__all__ = ["ask"]

#: More than any answer has: a page holds a thousand links at most.
_LONGEST = 16 << 20
#: What urllib's frames hold, the API key among it, leaves no traceback.
_LIBRARIES = ("http", "urllib")
_UNAUTHENTICATED, _FORBIDDEN, _NOT_FOUND = 401, 403, 404


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the API key to another host."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirect)


def ask(
    service: Service, method: str, path: str, body: object = None, *, seconds: float = 30.0
) -> Any:
    """Send one request and return what the answer's JSON holds; None of an empty one.

    Args:
        service: which one, and who asks.
        method: the HTTP method.
        path: below the service's address, encoded.
        body: what JSON can say; None for no body.
        seconds: the longest that it may take, all in all.

    Raises:
        DaypassError: what the service refused with, of the class that it names.
        CredentialsError: if it does not know the API key.
        StoreError: if it cannot be reached, or answers what no links service does.
        DeadlineError: if it takes longer.

    """
    deadline = Deadline.after(seconds)
    what = f"{method} to {urlsplit(service.address).netloc}"
    try:
        return deadline.run(lambda: _exchange(service, method, path, body, deadline), what)
    except StoreError as error:
        if deadline.left > 0 or error.status is not None:
            raise
        raise deadline.error(what) from None  # the socket was as quick to see that it is over


def _exchange(service: Service, method: str, path: str, body: object, deadline: Deadline) -> Any:
    request = urllib.request.Request(  # noqa: S310 - check_endpoint lets only http and https pass
        service.address + path,
        data=None if body is None else json.dumps(body).encode(),
        headers={
            "Accept": "application/json",
            "Content-Type": "application/json",
            "User-Agent": f"daypass-links/{__version__}",
        },
        method=method,
    )
    request.add_unredirected_header("Authorization", f"Bearer {service.key}")
    try:
        with _OPENER.open(request, timeout=max(deadline.left, 0.001)) as answer:
            text = answer.read(_LONGEST)
    except urllib.error.HTTPError as error:
        with error:
            raise _refusal(service, error, method, path) from None
    except (OSError, HTTPException) as error:
        forget(error, _LIBRARIES)
        why = unreachable(error) or getattr(error, "strerror", None) or type(error).__name__
        msg = f"the links service {service.address} cannot be reached: {why}"
        raise StoreError(msg) from error
    return _json(text, service)


def _json(text: bytes, service: Service) -> Any:
    if not text:
        return None
    try:
        return json.loads(text)  # one that was cut is none
    except (ValueError, RecursionError):
        msg = f"{service.address} answered no JSON of at most {_LONGEST} bytes: is it a links service?"
        raise StoreError(msg) from None


def _refusal(
    service: Service, error: urllib.error.HTTPError, method: str, path: str
) -> DaypassError:
    """Return the error that an answer tells, in the service's own words where it has some."""
    try:
        text = error.read(1 << 16)
        problem = json.loads(text) if error.headers.get_content_type() == PROBLEM else None
    except (OSError, HTTPException, ValueError, RecursionError):
        problem = None
    if isinstance(problem, dict):
        if error.code == _UNAUTHENTICATED:
            msg = f"{service.address} answered: {_detail(problem)}: set DAYPASS_LINKS_KEY to an API key of this service"
            return CredentialsError(msg)
        if found := error_of(problem, service.address):
            return found
        said = f"{service.address} answered {error.code}: {_detail(problem)}"
        if error.code == _NOT_FOUND:
            return ObjectNotFoundError(said)
        if error.code == _FORBIDDEN:
            return AccessDeniedError(said)
        return StoreError(said, status=error.code)
    msg = f"{service.address} answered {error.code} to {method} {path.partition('?')[0]}, and not as a links service does: check the address"
    return StoreError(msg, status=error.code)


def _detail(problem: dict[str, Any]) -> str:
    return escaped(str(problem.get("detail") or problem.get("title") or "no reason"), 300)
