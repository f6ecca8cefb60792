"""Addresses of which there is no page, as a browser is shown them: one that only a form has leads to the page of the form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from litestar import Response
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException

from daypass_links.server.pages.friendly import ClosedError, closed, failed, wants_page
from daypass_links.server.pages.rendering import Asked
from daypass_links.server.pages.visitors import to

__all__ = ["astray"]

#: What pages are below.
_PAGES = ("/ui/", "/auth/", "/p/")
#: What is left of a link without its token.
_CUT_OFF = ("/l", "/p")

_Handler = Callable[[Asked, HTTPException], Response[Any]]


def astray(otherwise: _Handler) -> _Handler:
    """Return what answers whoever asks for what no route has.

    Args:
        otherwise: answers those who are no browser, and whatever else HTTP refuses.

    """

    def answered(request: Asked, error: HTTPException) -> Response[Any]:
        path = request.url.path
        if request.method != "GET" or not wants_page(request):
            return otherwise(request, error)
        if isinstance(error, NotFoundException):
            if path.rstrip("/") in _CUT_OFF:
                return closed(request, ClosedError(404, "unknown-link"))
            return failed(request, 404, "unknown")
        if isinstance(error, MethodNotAllowedException) and path.startswith(_PAGES):
            # Where a form was sent is in the address bar after that.
            return to(path.rpartition("/")[0])
        return otherwise(request, error)

    return answered
