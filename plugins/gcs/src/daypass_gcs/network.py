"""How the filesystem reaches Cloud Storage: the connector and the proxy of gcsfs's ``session_kwargs``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from daypass.hookspecs.network import Network
from daypass.model.locations import Location
from daypass.toolkit.engine import prepared
from daypass.toolkit.trust import context_of

__all__ = ["network_of"]


def network_of(location: Location) -> Network:
    """Return it, made once for each store."""
    return prepared(location, "gcs.network", _make)


def _make(location: Location) -> Network:
    given: Any = (
        getattr(location.fs, "session_kwargs", None)
        if location.has_fs
        else location.storage_options.get("session_kwargs")
    )
    session: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    # aiohttp's connector: True, False, or a context; a fingerprint has no like here.
    trust = getattr(session.get("connector"), "_ssl", True)
    proxy = session.get("proxy")
    proxies = {} if proxy is None else {"http": str(proxy), "https": str(proxy)}
    return Network(
        context=context_of(trust) if isinstance(trust, bool) else _context(trust),
        # aiohttp looks into the environment where it is told to, and has no proxy of its own.
        proxies=None if proxy is None and session.get("trust_env") else proxies,
    )


def _context(trust: object) -> Any:
    import ssl

    return trust if isinstance(trust, ssl.SSLContext) else None
