"""A chart of how a link was used: bars of days, or of more where it lives long; what it shows is a table too."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

import attrs

from daypass_links.server.database.tables import link as table
from daypass_links.server.events.used import use_by_day
from daypass_links.server.service import Service

__all__ = ["Bar", "Chart", "chart_of", "use_of"]

#: What a chart shows without a choice, in days.
_RECENT = 30
#: How many bars there are at most, and how many days one may be of.
_BARS, _SPANS = 120, (1, 7, 28, 364)
#: The size of a chart, in its own units: it is stretched to where it stands. Between two bars is a part of one.
_WIDTH, _HEIGHT, _GAP = 720.0, 100.0, 0.2


@attrs.frozen(kw_only=True)
class Bar:
    """Uses on a day, or on some days that follow one another, and where that is drawn."""

    first: date
    last: date
    uses: int
    x: float
    y: float
    width: float
    height: float


@attrs.frozen(kw_only=True)
class Chart:
    """Bars from one day to another."""

    bars: tuple[Bar, ...]
    #: How many days one is of.
    days: int
    #: What the height stands for.
    most: int

    @property
    def uses(self) -> int:
        """How many uses there were in all."""
        return sum(bar.uses for bar in self.bars)

    @property
    def highest(self) -> Bar:
        """The first bar with the most uses."""
        return max(self.bars, key=lambda bar: bar.uses)


def use_of(service: Service, link_id: str, made: int, *, whole: bool) -> Chart:
    """Return how a link was used, in the last days or since it was made; days are those of UTC.

    Args:
        service: the service.
        link_id: which link.
        made: when it was made, in seconds since the epoch.
        whole: since then; otherwise in the last 30 days.

    """
    today = datetime.fromtimestamp(service.clock(), UTC).date()
    since = today - timedelta(days=_RECENT - 1)
    if whole:
        since = min(today, datetime.fromtimestamp(made, UTC).date())
    days = use_by_day(service.databases, table.c.id == link_id, since=since, until=today)
    return chart_of({one.day: one.uses for one in days}, since, today)


def chart_of(uses: Mapping[date, int], since: date, until: date) -> Chart:
    """Return the chart of some days.

    >>> day = date(2026, 12, 1)
    >>> chart = chart_of({day: 3}, day - timedelta(days=29), day)
    >>> len(chart.bars), chart.uses, chart.most, chart.highest.first == day
    (30, 3, 3, True)

    Args:
        uses: by day; those that are missing had none.
        since: the first day.
        until: the last day.

    """
    length = (until - since).days + 1
    span = next((one for one in _SPANS if length <= one * _BARS), _SPANS[-1])
    firsts = [since + timedelta(days=number) for number in range(0, length, span)]
    counts = [
        sum(uses.get(first + timedelta(days=number), 0) for number in range(span))
        for first in firsts
    ]
    most, step = max(*counts, 1), _WIDTH / len(firsts)
    bars = (
        Bar(
            first=first,
            last=min(until, first + timedelta(days=span - 1)),
            uses=count,
            x=round(step * (number + _GAP / 2), 2),
            y=round(_HEIGHT * (1 - count / most), 2),
            width=round(step * (1 - _GAP), 2),
            height=round(_HEIGHT * count / most, 2),
        )
        for number, (first, count) in enumerate(zip(firsts, counts, strict=True))
    )
    return Chart(bars=tuple(bars), days=span, most=most)
