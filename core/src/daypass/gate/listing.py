"""The way to a listing by the caller's own credentials: the policies are asked for LIST, as for a link that lists."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from daypass.backends.calls import Backend, call_store
from daypass.errors import PolicyError
from daypass.gate.check import check_lacking
from daypass.model.locations import Location
from daypass.model.paths import LOCAL
from daypass.model.requests import make_request
from daypass.policy.in_force import policies

__all__ = ["listed"]


def listed(
    backend: Backend,
    location: Location,
    ask: Callable[[Any], dict[str, dict[str, Any]]],
    *,
    caller: str | None,
) -> dict[str, dict[str, Any]]:
    """Let a filesystem list what lies below a prefix, where the policies in force let the caller list it.

    No link is made: nothing is counted, no plugin asked and nothing recorded.

    Args:
        backend: of the store.
        location: of the prefix.
        ask: what asks the filesystem.
        caller: who asks.

    Raises:
        PolicyError: if a policy refuses.
        ConfigError: if the configuration cannot be read.
        StoreError: if the store cannot be listed.

    """
    check_lacking(location, "LIST")
    if policies():
        from daypass.gate.authorize import ask_policies

        request = make_request({"method": "LIST"}).resolve(datetime.now(UTC))
        place = _whole(location)
        found = ask_policies(backend, place, request, caller, action="create_signed_url")
        if not found.allowed:
            msg = f"{location.path} may not be listed: {found.reason}"
            raise PolicyError(msg, rule=found.rule, asked=found.asked, nearest=found.nearest)
    return call_store(
        backend,
        "find",
        dict,
        lambda: ask(location.fs),
        location=location,
        doing=f"list {location.path}",
    )


def _whole(location: Location) -> Location:
    """Return a place by its whole path: rules are for that of a local file, wherever the process is."""
    key = location.key
    if location.protocol not in LOCAL or key.startswith("/"):
        return location
    whole = location.fs._strip_protocol(location.full_path)  # noqa: SLF001 - as it is listed
    return location.at(f"{whole.rstrip('/')}/" if not key or key.endswith("/") else whole)
