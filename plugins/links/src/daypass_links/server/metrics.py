"""What the processes of a machine have done, in numbers, as Prometheus reads them; no name of anybody and no path.

A scrape reaches one process. So each writes its numbers into a file every second, where there are several, and whichever is asked tells those of all,
each process by the label ``process``: that is its chain of events.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import accumulate
from pathlib import Path
from threading import Event, Thread
from typing import Any, cast

import attrs
from prometheus_client import generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.parser import text_string_to_metric_families

from daypass_links.server.events.writer import Writer
from daypass_links.server.links.resolve import Resolver
from daypass_links.server.logs import log
from daypass_links.server.methods import method_of

__all__ = ["Metrics"]

#: Until when an answer was there, in seconds.
_BOUNDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 1.0)

#: How often a process tells the others, and for how long what it told is its own, in seconds.
_EVERY, _ALIVE = 1.0, 5.0
_SUFFIX = ".prom"


class Metrics:
    """Counts. What is asked of links is counted in one thread alone, so that it costs next to nothing.

    Args:
        events: which are counted where they are chained.
        links: the cache.
        is_told: tells whether the database says at once what other processes have changed.
        directory: where the processes of this machine tell each other; None where there is one.

    """

    def __init__(
        self,
        events: Writer,
        links: Resolver,
        is_told: Callable[[], bool],
        directory: Path | None = None,
    ) -> None:
        self._answers: Counter[tuple[str, int]] = Counter()
        self._within = [0] * (len(_BOUNDS) + 1)
        self._seconds = 0.0
        self._events = events
        self._links = links
        self._is_told = is_told
        self._file = None if directory is None else directory / f"{events.chain}{_SUFFIX}"
        self._over = Event()
        if directory is not None:
            Thread(target=self._work, name="daypass-metrics", daemon=True).start()

    def answered(self, method: str, status: int, seconds: float) -> None:
        """Count an answer to whoever follows a link."""
        self._answers[method_of(method), status] += 1
        self._within[bisect_left(_BOUNDS, seconds)] += 1
        self._seconds += seconds

    def text(self) -> bytes:
        """Return all of it in Prometheus' text format, of all processes of this machine."""
        families = {family.name: family for family in self._own()}
        for other in self._others():
            for family in text_string_to_metric_families(other):
                families.setdefault(family.name, family).samples += family.samples
        return _written(families.values())

    def close(self) -> None:
        """Tell the others nothing more."""
        self._over.set()
        if self._file is not None:
            self._file.unlink(missing_ok=True)

    def _work(self) -> None:
        assert self._file is not None  # noqa: S101 - or there is no such thread
        new = self._file.with_suffix(".new")
        while not self._over.wait(_EVERY):
            try:
                new.write_bytes(_written(self._own()))
                new.replace(self._file)
            except OSError as error:
                log.warning("other processes cannot tell my numbers", error=type(error).__name__)

    def _others(self) -> Iterator[str]:
        """Yield what the others have written, but for those that were killed."""
        if self._file is None:
            return
        for file in self._file.parent.glob(f"*{_SUFFIX}"):
            with suppress(FileNotFoundError):  # it has just ended
                if file != self._file and time.time() - file.stat().st_mtime < _ALIVE:
                    yield file.read_text()

    def _own(self) -> Iterator[Metric]:
        """Yield what there is to know of this process."""
        process = self._events.chain
        answers = CounterMetricFamily(
            "daypass_links_answers",
            "Answers to followers of links",
            labels=("process", "method", "status"),
        )
        for (method, status), number in [*self._answers.items()]:
            answers.add_metric([process, method, str(status)], number)
        yield answers
        counts = [*accumulate(self._within)]
        buckets = [*zip([*map(str, _BOUNDS), "+Inf"], counts, strict=True)]
        times = HistogramMetricFamily(
            "daypass_links_answer_seconds",
            "Until such an answer was there, in seconds",
            labels=("process",),
        )
        times.add_metric([process], buckets, self._seconds)
        yield times
        events = CounterMetricFamily(
            "daypass_links_events",
            "Events, such as mint, use, refuse and revoke",
            labels=("process", "kind"),
        )
        for kind, number in [*self._events.noted.items()]:
            events.add_metric([process, kind], number)
        yield events
        failing = self._events.failure is not None
        for name, told, value in (
            ("events_waiting", "Events that are not written yet", self._events.waiting),
            ("events_failing", "1 while events cannot be written, and nothing is done", failing),
            ("known", "Links in the cache", len(self._links.known)),
            ("told", "1 while the database tells what other processes change", self._is_told()),
        ):
            gauge = GaugeMetricFamily(f"daypass_links_{name}", told, labels=("process",))
            gauge.add_metric([process], float(value))
            yield gauge


@attrs.frozen
class _Collected:
    """What prometheus_client takes for a registry."""

    families: Iterable[Metric]

    def collect(self) -> Iterable[Metric]:
        return self.families


def _written(families: Iterable[Metric]) -> bytes:
    return generate_latest(cast("Any", _Collected(families)))
