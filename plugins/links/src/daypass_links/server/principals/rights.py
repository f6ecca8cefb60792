"""What a caller may do with a path: their key's prefixes, and then the roots; core's policy has the last word when it signs."""

from __future__ import annotations

from collections.abc import Iterable

import daypass
from daypass.errors import RefusedError
from daypass_links.server.principals.callers import Caller
from daypass_links.server.service import Service

__all__ = ["check_active", "store_of"]


def check_active(service: Service, caller: Caller) -> None:
    """Raise where a caller may make nothing.

    Raises:
        SuspendedError: saying who can help.

    """
    service.changes.look()
    service.suspensions.check_caller(caller.principal)


def store_of(
    service: Service,
    caller: Caller,
    path: str,
    *,
    prefix: bool = False,
    methods: Iterable[str],
    written: str | None = None,
) -> tuple[daypass.Store, str]:
    """Return the store in which a caller may ask for a path, and the key in it.

    Args:
        service: the service.
        caller: who asks.
        path: a whole path; of a prefix it ends in a slash, or is a bucket.
        prefix: ask for all that lies below it.
        methods: what is asked.
        written: the path as it was written, where that is by a profile.

    Raises:
        InvalidPathError: for what is no path.
        RefusedError: saying what they may.

    """
    check_active(service, caller)
    caller.check_path(path, written or path)
    if service.roots.open and not caller.is_admin:
        msg = "nothing may be shared, since the server's configuration has no [[roots]]: ask who runs it"
        raise RefusedError(msg)
    place = service.roots.find(path, prefix=prefix, methods=methods, groups=caller.groups)
    store = service.roots.store(place, caller.principal, caller.groups, prefix=prefix)
    return store, place.key
