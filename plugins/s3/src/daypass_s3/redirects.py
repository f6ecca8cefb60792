"""No request is sent on to another host: botocore follows none, and aiohttp, by which s3fs asks, follows all.

What a store answers with 301 or 307 botocore understands itself: it finds the bucket's region, and signs anew for AWS's host there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiobotocore.httpsession import AIOHTTPSession

from daypass.toolkit.settings import effective_options

__all__ = ["NoRedirects", "open_options"]


class _AsAsked:
    """An aiohttp session whose answers are the first ones: a session token would go wherever they lead."""

    def __init__(self, session: Any) -> None:
        self._session = session

    def request(self, *args: Any, **options: Any) -> Any:
        return self._session.request(*args, **{**options, "allow_redirects": False})


class NoRedirects(AIOHTTPSession):  # type: ignore[misc] # aiobotocore has no types
    """aiobotocore's HTTP, without redirects."""

    async def _get_session(self, proxy_url: str | None) -> _AsAsked:
        return _AsAsked(await super()._get_session(proxy_url))


def open_options(options: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what s3fs is opened with: the same, and HTTP without redirects where none of its own is given."""
    given = effective_options(options, ("s3", "s3a")).get("config_kwargs") or {}
    return {**options, "config_kwargs": {"http_session_cls": NoRedirects, **given}}
