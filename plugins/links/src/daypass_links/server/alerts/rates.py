"""What is an unusual rate: more than a floor, and more than so many times what was usual.

Time is cut into windows. What somebody did in one of them is held against the median of the windows before, in which nothing
counts as nothing: a single burst does not become the usual, and what is new has only the floor.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from statistics import median

import attrs
from sqlalchemy import Engine, select

from daypass_links.server.database.tables import link
from daypass_links.server.events.reading import between
from daypass_links.server.settings import Alerts

__all__ = ["Subject", "Unusual", "unusual"]

#: What is counted, by the kinds of events that are it.
_COUNTED = {
    "mint": "mints",
    "sign": "mints",
    "form": "mints",
    "use": "uses",
    "refuse": "refusals",
}
#: So many links are looked up at once.
_AT_ONCE = 500


@attrs.frozen
class Subject:
    """What is counted of whom."""

    #: ``mints``, ``uses`` or ``refusals``.
    what: str
    #: A caller: who made a link, or whose link it is.
    principal: str | None = None
    link_id: str | None = None


@attrs.frozen
class Unusual:
    """A rate that is unusual."""

    subject: Subject
    #: How many there were in the window.
    count: int
    #: The median of the windows before.
    usual: float


def unusual(main: Engine, events: Engine, start: int, alerts: Alerts) -> list[Unusual]:
    """Return what was unusual in a window, the largest first.

    Args:
        main: where links are.
        events: where events are.
        start: of the window, in seconds since the epoch.
        alerts: how long it is, and what is unusual.

    """
    found = {
        subject: count
        for subject, count in _counts(main, events, start, alerts.window).items()
        if count > _floor(alerts, subject)
    }
    if not found:
        return []
    before: dict[Subject, list[int]] = {subject: [] for subject in found}
    for n in range(1, alerts.history + 1):
        counts = _counts(main, events, start - n * alerts.window, alerts.window)
        for subject, past in before.items():
            past.append(counts[subject])
    usual = {subject: median(past) for subject, past in before.items()}
    above = [
        Unusual(subject, count, usual[subject])
        for subject, count in found.items()
        if count > alerts.factor * usual[subject]
    ]
    return sorted(above, key=lambda one: -one.count)


def _floor(alerts: Alerts, subject: Subject) -> int:
    return alerts.refusals if subject.what == "refusals" else alerts.floor


def _counts(main: Engine, events: Engine, start: int, window: int) -> Counter[Subject]:
    """Count what each caller did, and what was done with each link, in a window."""
    with events.connect() as connection:
        found = Counter(
            (one.kind, one.link_id, one.principal)
            for one in between(connection, start, start + window)
            if one.kind in _COUNTED
        )
    used = {link_id for kind, link_id, _ in found if link_id and kind in ("use", "refuse")}
    owners = _owners(main, [*used])
    counts: Counter[Subject] = Counter()
    for (kind, link_id, principal), count in found.items():
        what = _COUNTED[kind]
        if what == "mints":
            counts[Subject(what, principal=principal)] += count
            continue
        counts[Subject(what, link_id=link_id)] += count
        if (owner := owners.get(link_id or "")) is not None:
            counts[Subject(what, principal=owner)] += count
    return counts


def _owners(main: Engine, links: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    with main.connect() as connection:
        for first in range(0, len(links), _AT_ONCE):
            some = links[first : first + _AT_ONCE]
            rows = connection.execute(select(link.c.id, link.c.owner).where(link.c.id.in_(some)))
            found |= {row.id: row.owner for row in rows}
    return found
