"""How the filesystem reaches the account: the trust and the proxies of the SDK's client, which adlfs takes no options for."""

from __future__ import annotations

from typing import Any

from daypass.hookspecs.network import EVERYBODYS, Network
from daypass.model.locations import Location
from daypass.toolkit.engine import prepared
from daypass.toolkit.trust import context_of
from daypass_azure.network import filesystem

__all__ = ["network_of"]


def network_of(location: Location) -> Network:
    """Return it, made once for each store: of a filesystem that the caller made."""
    return prepared(location, "azure.network", _make) if location.has_fs else EVERYBODYS


def _make(location: Location) -> Network:
    client: Any = filesystem(location).service_client
    pipeline = getattr(client, "_pipeline", None)
    transport = getattr(pipeline, "_transport", None)
    connection = getattr(transport, "connection_config", None)
    return Network(
        context=context_of(getattr(connection, "verify", True), getattr(connection, "cert", None)),
        proxies=_proxies(client, transport),
    )


def _proxies(client: Any, transport: Any) -> dict[str, str] | None:
    """Return the proxy of the account, by the SDK's own rule: the longest name that begins the URL."""
    policy: Any = getattr(getattr(client, "_config", None), "proxy_policy", None)
    given = getattr(policy, "proxies", None) or {}
    for name in sorted(given, reverse=True):
        if client.url.startswith(name):
            return {"http": given[name], "https": given[name]}
    return None if getattr(transport, "_use_env_settings", True) else {}
