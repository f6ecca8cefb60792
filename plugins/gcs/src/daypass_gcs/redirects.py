"""No request is sent on to another host: aiohttp, by which gcsfs asks, follows every redirect."""

from __future__ import annotations

from typing import Any

from daypass.errors import StoreError

__all__ = ["staying"]


async def _refuse(_session: Any, _context: Any, answered: Any) -> None:
    """Refuse a redirect that leaves the origin; aiohttp itself takes nothing but Authorization off there."""
    asked, response = answered.url, answered.response
    leads = response.headers.get("Location") or response.headers.get("URI") or ""
    if not leads or asked.join(type(asked)(leads)).origin() == asked.origin():
        return
    msg = f"the store answered {response.status} and leads to another host, to which no credential is sent: check the endpoint"
    raise StoreError(msg, status=response.status)


def staying() -> Any:
    """Return what keeps an aiohttp session at the origin that it was asked for, as one of its ``trace_configs``."""
    from aiohttp import TraceConfig

    found = TraceConfig()
    found.on_request_redirect.append(_refuse)
    return found
