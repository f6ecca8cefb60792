"""Quotas: URLs per minute and live links, counted in the memory of this process unless somebody else counts for several.

URLs per minute are counted in moving windows.

A link is alive until it ends. What is kept is how many links end in each second, for each caller and
rule: never more numbers than links may live. They are dropped as they pass, by the clock and by one that
nobody can set: the first may be set forward and back again, and the links have been alive all the while.
The keys that hold nothing are swept away each time that their number has doubled.
"""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable
from math import ceil
from typing import NamedTuple

import attrs

from daypass.base.process import follow_forks
from daypass.policy.counting import Counted, Excess, Reserved, shared
from daypass.policy.rules import Policy, Rule
from daypass.policy.windows import Windows

__all__ = ["Quotas"]

#: For how many callers and rules it is remembered which quotas are theirs.
_KNOWN = 4096


class _Now(NamedTuple):
    """A moment by both clocks."""

    clock: float
    ticks: float


@attrs.define
class _Ends:
    """How many links end in one second, and when the last of them does by the clock that nobody can set."""

    count: int = 0
    tick: float = 0.0


@attrs.define
class _Lives:
    """How many links of one key end in which second."""

    total: int = 0
    at: dict[int, _Ends] = attrs.field(factory=dict)
    #: The seconds, the first to come in front.
    ends: list[int] = attrs.field(factory=list)

    def drop(self, now: _Now) -> None:
        """Forget the links that have ended by both clocks; one that has not keeps those that end after it."""
        while self.ends and self.ends[0] <= now.clock and self.at[self.ends[0]].tick <= now.ticks:
            self.total -= self.at.pop(heapq.heappop(self.ends)).count

    def add(self, end: int, count: int, now: _Now) -> None:
        """Count links."""
        if end not in self.at:
            self.at[end] = _Ends()
            heapq.heappush(self.ends, end)
        ends = self.at[end]
        ends.count += count
        ends.tick = max(ends.tick, now.ticks + end - now.clock)
        self.total += count

    def take_back(self, end: int, count: int) -> None:
        """Count links no longer that did not leave."""
        if end in self.at:  # or they have ended since
            self.at[end].count -= count
            self.total -= count

    def wait(self, limit: int, count: int, now: _Now) -> int | None:
        """Return in how many seconds there is room for so many more; None where there never is."""
        left, wait = self.total, 1
        for end in sorted(self.ends):
            ends = self.at[end]
            left -= ends.count
            wait = max(wait, ceil(end - now.clock), ceil(ends.tick - now.ticks))
            if left + count <= limit:
                return wait
        return None


class Quotas:
    """The counts of one policy; safe for threads, and empty in the child of a fork.

    Args:
        policy: the policy.
        clock: the time in seconds since the epoch, by which links end.
        ticks: a clock that never goes back, in seconds.
        origin: where the policy is from: two of them have callers and rules of the same names.

    """

    def __init__(
        self,
        policy: Policy,
        *,
        clock: Callable[[], float],
        ticks: Callable[[], float],
        origin: str = "application",
    ) -> None:
        self._origin = origin
        self._per_caller = policy.per_caller
        self._clock = clock
        self._ticks = ticks
        self.after_fork()
        follow_forks(self)

    def after_fork(self) -> None:
        """Begin with no counts."""
        self._lock = threading.Lock()
        self._lives: dict[str, _Lives] = {}
        self._sweep_at = 1024
        self._known: dict[tuple[str, str | None], list[Counted]] = {}
        self._windows = Windows(self._ticks)

    def reserve(self, rule: Rule, caller: str | None, end: float, count: int) -> Reserved | Excess:
        """Count links under every quota that they fall under, or under none.

        Args:
            rule: the rule that allows them.
            caller: who asks.
            end: when they end, in seconds since the epoch.
            count: how many there are.

        """
        asked = self._quotas(rule, caller)
        if not asked:
            return Reserved((), 0, 0)
        counter = shared()
        if counter is not None:
            return counter.reserve(asked, end, count)
        with self._lock:
            now = _Now(self._clock(), self._ticks())
            living = [one for one in asked if one.quota.live_links is not None]
            for one in living:
                excess = self._living(one, one.quota.live_links or 0, now, count)
                if excess is not None:
                    return excess
            taken: list[str] = []
            for one in asked:
                if one.quota.urls_per_minute is not None:
                    excess = self._rated(one, one.quota.urls_per_minute, count, taken)
                    if excess is not None:
                        return excess
            keys = tuple(one.key for one in living)
            # Rounded up: a link is alive in the second that it ends in.
            reserved = Reserved(keys, ceil(end), count)
            for key in keys:
                self._lives[key].add(reserved.end, count, now)
            return reserved

    def release(self, reserved: Reserved) -> None:
        """Take back live links that did not leave; of the minute they stay a part."""
        counter = shared()
        if counter is not None:
            counter.release(reserved)
            return
        with self._lock:
            for key in reserved.keys:
                if key in self._lives:
                    self._lives[key].take_back(reserved.end, reserved.count)

    def _quotas(self, rule: Rule, caller: str | None) -> list[Counted]:
        """Return the quotas that a link falls under."""
        known = self._known.get((rule.name, caller))
        if known is None:
            if len(self._known) >= _KNOWN:
                self._known.clear()
            known = self._known[rule.name, caller] = self._find(rule, caller)
        return known

    def _find(self, rule: Rule, caller: str | None) -> list[Counted]:
        who = "callers who are not named" if caller is None else f"caller {caller!r}"
        mark = "-" if caller is None else f"+{caller}"
        found = [
            (who, f"caller {mark}", self._per_caller),
            (f"{who} under rule {rule.name!r}", f"both {rule.name!r} {mark}", rule.per_caller),
            (f"rule {rule.name!r}", f"rule {rule.name!r}", rule.per_rule),
        ]
        return [
            Counted(whose, f"{self._origin}: {key}", quota)
            for whose, key, quota in found
            if quota is not None
        ]

    def _living(self, one: Counted, limit: int, now: _Now, count: int) -> Excess | None:
        if len(self._lives) >= self._sweep_at:
            self._sweep(now)
        lives = self._lives.setdefault(one.key, _Lives())
        lives.drop(now)
        if lives.total + count <= limit:
            return None
        retry = lives.wait(limit, count, now)
        return Excess("live_links", limit, one.whose, max(0, limit - lives.total), retry)

    def _sweep(self, now: _Now) -> None:
        for key, lives in list(self._lives.items()):
            lives.drop(now)
            if not lives.total:
                del self._lives[key]
        self._sweep_at = max(1024, 2 * len(self._lives))

    def _rated(self, one: Counted, limit: int, count: int, taken: list[str]) -> Excess | None:
        """Count links into a minute; where there are too many, into none."""
        key = one.key
        if self._windows.take(key, limit, count):
            taken.append(key)
            return None
        for other in taken:
            self._windows.take_back(other, count)
        left = max(0, limit - self._windows.count(key))
        wait = self._windows.wait(key, limit, count)
        return Excess("urls_per_minute", limit, one.whose, left, wait)
