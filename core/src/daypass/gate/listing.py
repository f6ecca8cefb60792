"""The way to a listing by the caller's own credentials: the policies are asked for LIST, as for a link that lists."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from daypass.backends.calls import Backend, call_store
from daypass.errors import PolicyError
from daypass.gate.check import check_lacking
from daypass.gate.parties import parties
from daypass.model.locations import Location
from daypass.model.paths import LOCAL

if TYPE_CHECKING:
    from daypass.gate.record import Recorder

__all__ = ["listed"]

#: What is asked of a policy, and told of a refusal: as of a link that lists.
_ACTION = "create_signed_url"


def listed(
    backend: Backend,
    location: Location,
    ask: Callable[[Any], dict[str, dict[str, Any]]],
    *,
    caller: str | None,
) -> dict[str, dict[str, Any]]:
    """Let a filesystem list what lies below a prefix, where the policies in force let the caller list it.

    No link is made: nothing is counted and no plugin asked. What is refused is put on record.

    Args:
        backend: of the store.
        location: of the prefix.
        ask: what asks the filesystem.
        caller: who asks.

    Raises:
        PolicyError: if a policy refuses.
        AuditError: if that cannot be recorded.
        ConfigError: if the configuration cannot be read.
        StoreError: if the store cannot be listed.

    """
    check_lacking(location, "LIST")
    enforcers, _, told = parties()
    if enforcers:
        _ask(backend, location, _whole(location), caller, told)
    return call_store(
        backend,
        "find",
        dict,
        lambda: ask(location.fs),
        location=location,
        doing=f"list {location.path}",
    )


def _ask(
    backend: Backend,
    location: Location,
    place: Location,
    caller: str | None,
    told: Sequence[Recorder],
) -> None:
    """Ask the policies whether a place may be listed, by the name that rules have for it.

    Raises:
        PolicyError: if one refuses, which is put on record.
        AuditError: if that cannot be.

    """
    from daypass.gate.authorize import ask_policies
    from daypass.gate.permit import Permit
    from daypass.model.callers import check_caller
    from daypass.model.requests import make_request

    # Nothing leaves that lives on, so it is for the shortest time that there is.
    request = make_request({"method": "LIST", "expires_in": 1}).resolve(datetime.now(UTC))
    found = ask_policies(backend, place, request, caller, action=_ACTION)
    if found.allowed:
        return
    msg = f"{location.path} may not be listed: {found.reason}"
    error = PolicyError(msg, rule=found.rule, asked=found.asked, nearest=found.nearest)
    asked = Permit(backend, place, request, request, check_caller(caller), _ACTION, request, told)
    asked.refuse(error, found.rule)
    raise error


def _whole(location: Location) -> Location:
    """Return a place by its whole path: rules are for that of a local file, wherever the process is."""
    key = location.key
    if location.protocol not in LOCAL or key.startswith("/"):
        return location
    whole = location.fs._strip_protocol(location.full_path)  # noqa: SLF001 - as it is listed
    return location.at(f"{whole.rstrip('/')}/" if not key or key.endswith("/") else whole)
