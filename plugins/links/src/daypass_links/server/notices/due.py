"""Which notices are due: each is a row once somebody has begun to send it, so that of all processes one does."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import attrs
from sqlalchemy import ColumnElement, Connection, Select, and_, or_, select, update

from daypass_links.server.database.tables import link, notice, principal
from daypass_links.server.database.upserts import insert

__all__ = ["LEASE", "MAIL", "WEBHOOK", "Due", "claim", "due", "failed", "sent"]

#: Who is told: the webhook, or whoever made the link.
WEBHOOK, MAIL = "webhook", "mail"
#: How long whoever has begun to send one may take before another process does, in seconds.
LEASE = 300
#: How often one is tried, and the longest pause between two tries, in seconds.
_TRIES, _LONGEST_PAUSE = 8, 3600


@attrs.frozen(kw_only=True)
class Due:
    """A notice to be sent: that a link ends."""

    link_id: str
    owner: str
    path: str
    label: str | None
    #: In seconds since the epoch.
    ends_at: int
    #: How long before that it is told, in seconds.
    before: int
    #: `WEBHOOK` or `MAIL`.
    recipient: str
    #: Of who made the link, as the provider said it.
    email: str | None
    max_uses: int | None
    #: How often it was tried.
    tries: int


def due(
    connection: Connection,
    recipient: str,
    spans: Iterable[int],
    now: int,
    *,
    known: Iterable[str] = (),
    most: int,
) -> list[Due]:
    """Return notices that are to be sent now, those of links that end first.

    A link that was made for less than such a span is told of at none: its maker knows.

    Args:
        connection: to the main database.
        recipient: `WEBHOOK` or `MAIL`, which goes to those who have an address.
        spans: how long before an end it is told of, in seconds.
        now: the clock.
        known: whose addresses the configuration says.
        most: so many.

    """
    found: list[Due] = []
    nearer = 0
    for before in sorted(spans):
        rows = _of_span(recipient, nearer, before, now)
        if recipient == MAIL:
            rows = rows.where(or_(principal.c.email.is_not(None), principal.c.name.in_([*known])))
        said = connection.execute(rows.limit(most - len(found))).mappings()
        found += [
            Due(**{**row, "tries": row["tries"] or 0}, before=before, recipient=recipient)
            for row in said
        ]
        nearer = before
    return found


def _of_span(recipient: str, nearer: int, before: int, now: int) -> Select[Any]:
    """Return the links whose end is at most so near, of which nobody was told; when it is nearer, what is told then takes the place of this."""
    told = and_(
        notice.c.link_id == link.c.id,
        notice.c.ends_at == link.c.ends_at,
        notice.c.before == before,
        notice.c.recipient == recipient,
    )
    waits = and_(
        notice.c.sent_at.is_(None), notice.c.next_at <= now, notice.c.tries.between(1, _TRIES - 1)
    )
    return (
        select(
            link.c.id.label("link_id"),
            link.c.owner,
            link.c.path,
            link.c.label,
            link.c.ends_at,
            link.c.max_uses,
            principal.c.email,
            notice.c.tries,
        )
        .join(principal, principal.c.name == link.c.owner)
        .outerjoin(notice, told)
        .where(
            link.c.revoked_at.is_(None),
            link.c.ends_at > now + nearer,
            link.c.ends_at <= now + before,
            link.c.ends_at - link.c.created_at > before,
            or_(notice.c.link_id.is_(None), waits),
        )
        .order_by(link.c.ends_at, link.c.n)
    )


def claim(connection: Connection, one: Due, now: int) -> bool:
    """Begin to send a notice, and tell whether no other process has.

    Args:
        connection: in a transaction of the main database.
        one: which.
        now: the clock.

    """
    said = {"tries": one.tries + 1, "next_at": now + LEASE}
    if one.tries:
        begun = update(notice).where(*_is(one), notice.c.tries == one.tries).values(said)
        return connection.scalar(begun.returning(notice.c.tries)) is not None
    row = {name: getattr(one, name) for name in ("link_id", "ends_at", "before", "recipient")}
    first = insert(connection, notice).values(**row, **said).on_conflict_do_nothing()
    # By the row that comes back: of an INSERT SQLAlchemy does not keep how many there were, and psycopg says -1 of a cursor that is closed.
    return connection.scalar(first.returning(notice.c.tries)) is not None


def sent(connection: Connection, one: Due, now: int) -> None:
    """Write down that a notice was sent."""
    connection.execute(update(notice).where(*_is(one)).values(sent_at=now))


def failed(connection: Connection, one: Due, now: int, *, for_good: bool) -> bool:
    """Have a notice tried again later, and tell whether it will be.

    Args:
        connection: in a transaction of the main database.
        one: which, as it was before it was tried.
        now: the clock.
        for_good: whether it would fail alike.

    """
    tries = _TRIES if for_good else one.tries + 1
    said = {
        "tries": tries,
        "next_at": now + min(60 << one.tries, _LONGEST_PAUSE),
    }
    # Whoever has begun it again since says themselves how it went.
    ours = notice.c.tries == one.tries + 1
    connection.execute(update(notice).where(*_is(one), ours).values(said))
    return tries < _TRIES


def _is(one: Due) -> tuple[ColumnElement[bool], ...]:
    return (
        notice.c.link_id == one.link_id,
        notice.c.ends_at == one.ends_at,
        notice.c.before == one.before,
        notice.c.recipient == one.recipient,
    )
