"""What one process has done, in numbers, as Prometheus reads them; no name of anybody and no path."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from itertools import accumulate

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from daypass_links.server.events.writer import Writer
from daypass_links.server.links.resolve import Resolver

__all__ = ["Metrics"]

#: Until when an answer was there, in seconds.
_BOUNDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 1.0)


class Metrics:
    """Counts. What is asked of links is counted in one thread alone, so that it costs next to nothing.

    Args:
        events: which are counted where they are chained.
        links: the cache.

    """

    def __init__(self, events: Writer, links: Resolver) -> None:
        self._answers: Counter[tuple[str, int]] = Counter()
        self._within = [0] * (len(_BOUNDS) + 1)
        self._seconds = 0.0
        self._events = events
        self._links = links
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)

    def answered(self, method: str, status: int, seconds: float) -> None:
        """Count an answer to whoever follows a link."""
        self._answers[method, status] += 1
        self._within[bisect_left(_BOUNDS, seconds)] += 1
        self._seconds += seconds

    def text(self) -> bytes:
        """Return all of it in Prometheus' text format."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """Yield what there is to know."""
        answers = CounterMetricFamily(
            "daypass_links_answers", "Answers to followers of links", labels=("method", "status")
        )
        for (method, status), number in [*self._answers.items()]:
            answers.add_metric([method, str(status)], number)
        yield answers
        counts = [*accumulate(self._within)]
        buckets = [*zip([*map(str, _BOUNDS), "+Inf"], counts, strict=True)]
        yield HistogramMetricFamily(
            "daypass_links_answer_seconds",
            "Until such an answer was there, in seconds",
            buckets=buckets,
            sum_value=self._seconds,
        )
        events = CounterMetricFamily(
            "daypass_links_events", "Events, such as mint, use, refuse and revoke", labels=("kind",)
        )
        for kind, number in [*self._events.noted.items()]:
            events.add_metric([kind], number)
        yield events
        failing = self._events.failure is not None
        for name, told, value in (
            ("events_waiting", "Events that are not written yet", self._events.waiting),
            ("events_failing", "1 while events cannot be written, and nothing is done", failing),
            ("known", "Links in this process's cache", len(self._links.known)),
        ):
            yield GaugeMetricFamily(f"daypass_links_{name}", told, value=float(value))
