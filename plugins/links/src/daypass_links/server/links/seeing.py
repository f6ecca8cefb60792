"""Which links somebody may look at on pages: to look at one is less than to change it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import Connection, select

from daypass_links.server.database.tables import link as table
from daypass_links.server.database.tables import principal
from daypass_links.server.links import revoke
from daypass_links.server.principals.callers import Caller

__all__ = ["members", "seen", "shared"]


def shared(caller: Caller, groups_see: Iterable[str]) -> frozenset[str]:
    """Return the groups of a caller whose members see one another's links."""
    return caller.groups.intersection(groups_see)


def seen(connection: Connection, caller: Caller, groups_see: Iterable[str]) -> list[Any]:
    """Return the conditions for the links that a caller may look at: those that they may change, and those of such groups.

    Args:
        connection: to the main database.
        caller: who looks.
        groups_see: groups whose members see one another's links.

    """
    groups = shared(caller, groups_see)
    if caller.is_admin or not groups:
        return revoke.of_caller(caller)
    return [table.c.owner.in_({caller.principal, *members(connection, groups)})]


def members(connection: Connection, groups: Collection[str]) -> list[str]:
    """Return who is a member of one of some groups, as of the last that was heard of them."""
    rows = connection.execute(select(principal.c.name, principal.c.groups))
    return [name for name, theirs in rows if not frozenset(theirs).isdisjoint(groups)]
