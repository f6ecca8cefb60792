"""Keys made and revoked, and suspensions lifted, for an ``admin``: on the disk, known to this process, and on record when these return."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from daypass.errors import InvalidRequestError
from daypass.model.paths import parse_path
from daypass.model.written import read_option
from daypass_links.server import suspensions
from daypass_links.server.principals import keys
from daypass_links.server.principals.callers import Caller
from daypass_links.server.principals.rights import check_active
from daypass_links.server.service import Service
from daypass_links.server.words import check_words
from daypass_links.wire import SCOPES

__all__ = ["lift", "make_key", "revoke_key"]

#: The longest name of a principal or group, and the most of them.
_NAME, _MOST = 200, 100


def make_key(
    service: Service,
    caller: Caller,
    *,
    principal: str,
    scopes: Sequence[str],
    groups: Sequence[str] | None,
    prefixes: Sequence[str],
    expires_in: Any,
) -> tuple[str, str, int | None]:
    """Make an API key, and return its ID, the key itself, which nothing can tell again, and its end.

    Args:
        service: the service.
        caller: who makes it.
        principal: of whom it is.
        scopes: what it is for.
        groups: those of whom it is, from now on; None leaves them what they are.
        prefixes: paths below which it may make links; none for any.
        expires_in: seconds, or text such as ``"90d"``; None for a key that does not end.

    Raises:
        InvalidRequestError: naming what is wrong.
        SuspendedError: if the caller may make nothing just now.

    """
    check_active(service, caller)
    _check(principal, scopes, groups or (), prefixes)
    now = int(service.clock())
    end = None if expires_in is None else now + read_option("expires_in", expires_in)
    with service.databases.main.begin() as connection:
        key_id, key = keys.create(
            connection,
            principal,
            scopes={*scopes},
            groups=None if groups is None else {*groups},
            prefixes=prefixes,
            ends_at=end,
            now=now,
        )
    service.changes.read()
    service.events.durable(
        "key",
        principal=caller.principal,
        key_id=key_id,
        of=principal,
        scopes=sorted({*scopes}),
        groups=groups,
    ).result()
    return key_id, key, end


def revoke_key(service: Service, caller: Caller, key_id: str) -> None:
    """Revoke an API key.

    Raises:
        ObjectNotFoundError: if there is none of that ID.

    """
    with service.databases.main.begin() as connection:
        keys.revoke(connection, key_id, int(service.clock()))
    service.events.durable("key", principal=caller.principal, key_id=key_id, revoked=True).result()


def lift(service: Service, caller: Caller, kind: str, name: str) -> bool:
    """Lift the suspension of a link or of a caller, and tell whether there was one.

    Args:
        service: the service.
        caller: who lifts it.
        kind: `daypass_links.server.suspensions.LINK` or ``CALLER``.
        name: the link's ID or the caller's name.

    Raises:
        SuspendedError: if the caller is suspended too.

    """
    check_active(service, caller)
    with service.databases.main.begin() as connection:
        lifted = suspensions.lift(connection, kind, name)
    service.changes.read()
    if lifted:
        is_link = kind == suspensions.LINK
        of = {} if is_link else {"of": name}
        service.events.durable(
            "lift", link_id=name if is_link else None, principal=caller.principal, **of
        ).result()
    return lifted


def _check(
    principal: str, scopes: Sequence[str], groups: Iterable[str], prefixes: Sequence[str]
) -> None:
    check_words(scopes, SCOPES, "scopes")
    for name, values in (("principal", [principal]), ("groups", [*groups])):
        if len(values) > _MOST or not all(
            value.isprintable() and 0 < len(value) <= _NAME for value in values
        ):
            msg = f"{name} is text of one line, of at most {_NAME} characters"
            raise InvalidRequestError(msg, option=name)
    if not scopes or len(prefixes) > _MOST:
        msg = f"a key has at least one scope, and at most {_MOST} prefixes"
        raise InvalidRequestError(msg, option="scopes")
    for prefix in prefixes:
        parse_path(prefix)
