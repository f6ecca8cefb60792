"""The way to a listing by the caller's own credentials: the policies are asked for LIST, as for a link that lists."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import attrs

from daypass.backends.calls import Backend, call_store
from daypass.backends.filesystems import fs_path
from daypass.backends.walking import found_below
from daypass.errors import PolicyError
from daypass.gate.check import check_lacking
from daypass.gate.parties import parties
from daypass.model.locations import Location
from daypass.model.paths import LOCAL

if TYPE_CHECKING:
    from daypass.model.requests import SignRequest
    from daypass.policy.decisions import Rehearsal

__all__ = ["listed", "rehearse_listing"]

#: What is asked of a policy, and told of a refusal: as of a link that lists.
_ACTION = "create_signed_url"


def listed(
    backend: Backend,
    location: Location,
    depth: int | None,
    *,
    folders: bool,
    caller: str | None,
) -> list[dict[str, Any]]:
    """Let a filesystem list what lies below a prefix, where the policies in force let the caller list it.

    No link is made: nothing is counted and no plugin asked. What is refused is put on record.

    Args:
        backend: of the store.
        location: of the prefix.
        depth: how many levels of folders; None for all.
        folders: list folders, too.
        caller: who asks.

    Returns:
        What the filesystem says of each; a name may be an object's and a folder's.

    Raises:
        PolicyError: if a policy refuses.
        AuditError: if that cannot be recorded.
        ConfigError: if the configuration cannot be read.
        AccessDeniedError: if the store refuses.
        StoreError: if the store cannot be listed.

    """
    check_lacking(location, "LIST")
    enforcers, _, told = parties()
    if enforcers:
        from daypass.gate.permit import Permit  # with all that a policy is asked with
        from daypass.model.callers import check_caller

        place, request, found = _asked(backend, location, caller)
        if not found.allowed:
            msg = f"{location.path} may not be listed: {found.reason}"
            error = PolicyError(msg, rule=found.rule, asked=found.asked, nearest=found.nearest)
            who = check_caller(caller)
            asked = Permit(backend, place, request, request, who, _ACTION, request, told)
            asked.refuse(error, found.rule)
            raise error

    def ask() -> list[dict[str, Any]]:
        location.fs.invalidate_cache()
        return found_below(location, depth, folders=folders)

    return call_store(backend, "find", list, ask, location=location, doing=f"list {location.path}")


def rehearse_listing(backend: Backend, location: Location, *, caller: str | None) -> Rehearsal:
    """Ask the policies whether `listed` would let a filesystem list a prefix: nothing is listed or recorded.

    Raises:
        UnsupportedOptionError: if the store's profile says that it has no listings.
        ConfigError: if the configuration cannot be read.

    """
    check_lacking(location, "LIST")
    return attrs.evolve(_asked(backend, location, caller)[-1], expires_in=None)


def _asked(
    backend: Backend, location: Location, caller: str | None
) -> tuple[Location, SignRequest, Rehearsal]:
    """Ask the policies about each name of a place; return the last that was asked for, how, and what they said."""
    from daypass.gate.authorize import ask_policies
    from daypass.model.requests import make_request

    # Nothing leaves that lives on, so it is for the shortest time that there is.
    request = make_request({"method": "LIST", "expires_in": 1}).resolve(datetime.now(UTC))
    first, *others = _named(location)
    place, found = first, ask_policies(backend, first, request, caller, action=_ACTION)
    for other in others:
        if found.allowed:
            place, found = other, ask_policies(backend, other, request, caller, action=_ACTION)
    return place, request, found


def _named(location: Location) -> list[Location]:
    """Return a place by each of its names that rules may have.

    A local file's are its whole path, wherever the process is, and where symbolic links lead: the objects are the same.
    """
    if location.protocol not in LOCAL:
        return [location]
    key, whole = location.key, fs_path(location)
    end = "/" if not key or key.endswith("/") else ""
    wholes = [location.at(of(whole)) for of in (os.path.abspath, os.path.realpath)]
    names = dict.fromkeys(map(fs_path, wholes))
    return [location.at(f"{name.rstrip('/')}{end}") for name in names]
