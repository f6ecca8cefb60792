"""Metadata by fsspec's HTTP filesystem, whose headers, cookies and logins are sent to no other host."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from daypass.errors import StoreError

__all__ = ["carries_credentials", "info_of"]

#: What may hold a credential, among what requests and the client's session are given.
_CREDENTIALS = ("auth", "cookie_jar", "cookies", "headers", "middlewares")
_REDIRECTS = (301, 302, 303, 307, 308)
#: As aiohttp.
_MOST = 10


class _LedElsewhereError(Exception):
    """Where an answer leads."""

    def __init__(self, status: int, asked: Any, target: Any) -> None:
        super().__init__(status)
        self.status, self.target = status, str(target)
        self.stays = target.is_absolute() and target.origin() == asked.origin()


def carries_credentials(fs: Any) -> bool:
    """Tell whether an HTTP filesystem's requests may hold a credential; a client of the caller's own may."""
    if not any(kind.__name__ == "HTTPFileSystem" for kind in type(fs).__mro__):
        return False
    from fsspec.implementations.http import get_client

    given = {**fs.client_kwargs, **fs.kwargs}
    return any(given.get(name) for name in _CREDENTIALS) or fs.get_client is not get_client


async def info_of(fs: Any, url: str) -> Mapping[str, Any]:
    """Return what such a filesystem knows of a URL, following redirects of the same host alone.

    Where the filesystem was made to follow them, or not to, it does.

    Raises:
        StoreError: where the server leads to another host, or on without end.
        FileNotFoundError: as fsspec raises it, for whatever failed.

    """
    ways = {"allow_redirects": False, "raise_for_status": _look}
    ways = {name: way for name, way in ways.items() if name not in fs.kwargs}
    leads: _LedElsewhereError | None = None
    for _ in range(_MOST):
        try:
            info: Mapping[str, Any] = await fs._info(url, **ways)  # noqa: SLF001 - with options that info() takes none of
        except FileNotFoundError as error:
            if not isinstance(error.__cause__, _LedElsewhereError):
                raise
            leads = error.__cause__
        else:
            return info
        if not leads.stays:
            break
        url = leads.target
    status = None if leads is None else leads.status
    msg = (
        f"the server answered {status} and leads to another host, or on without end: no header, cookie or login of the "
        "filesystem is sent there; give the address it leads to, with what that one needs"
    )
    raise StoreError(msg, status=status)


async def _look(answer: Any) -> None:
    """Raise for a redirect, as aiohttp's ``raise_for_status``; fsspec judges all other answers itself."""
    leads = answer.headers.get("Location") or answer.headers.get("URI")
    if answer.status in _REDIRECTS and leads:
        asked = answer.url
        raise _LedElsewhereError(answer.status, asked, asked.join(type(asked)(leads)))
