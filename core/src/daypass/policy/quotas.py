"""Quotas: URLs per minute and live links, counted in the memory of this process.

URLs per minute are counted in moving windows.

A link is alive until it ends. What is kept is how many links end in each second, for each caller and
rule: never more numbers than links may live. They are dropped as they pass, and the keys that hold
nothing are swept away each time that their number has doubled.
"""

from __future__ import annotations

import heapq
import os
import threading
from collections.abc import Callable

import attrs

from daypass.policy.rules import Policy, Quota, Rule
from daypass.policy.windows import Windows

__all__ = ["Excess", "Quotas", "Reserved"]

#: For how many callers and rules it is remembered which quotas are theirs.
_KNOWN = 4096


@attrs.frozen
class Excess:
    """A quota that would be exceeded."""

    #: ``"urls_per_minute"`` or ``"live_links"``.
    quota: str
    limit: int
    #: Whose it is: a rule's, a caller's.
    whose: str
    #: How many more there could be now.
    left: int
    #: In how many seconds it can be tried again; None where it never can.
    retry_after: int | None


@attrs.frozen
class Reserved:
    """Live links that have been counted, to be taken back where they do not leave."""

    keys: tuple[str, ...]
    end: int
    count: int


@attrs.define
class _Lives:
    """How many links of one key end in which second."""

    total: int = 0
    counts: dict[int, int] = attrs.field(factory=dict)
    ends: list[int] = attrs.field(factory=list)

    def drop(self, now: int) -> None:
        """Forget the links that have ended."""
        while self.ends and self.ends[0] <= now:
            self.total -= self.counts.pop(heapq.heappop(self.ends))

    def add(self, end: int, count: int) -> None:
        """Count links; fewer than none take some back."""
        if end not in self.counts:
            if count < 0:
                return  # they have ended since
            self.counts[end] = 0
            heapq.heappush(self.ends, end)
        self.counts[end] += count
        self.total += count

    def free_at(self, limit: int, count: int) -> int | None:
        """Return when there is room for so many more."""
        left = self.total
        for end in sorted(self.ends):
            left -= self.counts[end]
            if left + count <= limit:
                return end
        return None


class Quotas:
    """The counts of one policy; safe for threads, and empty in the child of a fork.

    Args:
        policy: the policy.
        clock: the time in seconds since the epoch, by which links end.
        ticks: a clock that never goes back, in seconds.

    """

    def __init__(
        self, policy: Policy, *, clock: Callable[[], float], ticks: Callable[[], float]
    ) -> None:
        self._per_caller = policy.per_caller
        self._clock = clock
        self._ticks = ticks
        self._begin()

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._lives: dict[str, _Lives] = {}
        self._sweep_at = 1024
        self._known: dict[tuple[str, str | None], list[tuple[str, str, Quota]]] = {}
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
        if self._pid != os.getpid():
            self._begin()
        with self._lock:
            now = int(self._clock())
            living = [entry for entry in asked if entry[2].live_links is not None]
            for whose, key, quota in living:
                excess = self._living(whose, key, quota.live_links or 0, now, count)
                if excess is not None:
                    return excess
            taken: list[str] = []
            for whose, key, quota in asked:
                if quota.urls_per_minute is not None:
                    excess = self._rated(whose, key, quota.urls_per_minute, count, taken)
                    if excess is not None:
                        return excess
            keys = tuple(key for _, key, _ in living)
            # Rounded up: a link is alive in the second that it ends in.
            reserved = Reserved(keys, int(-(-end // 1)), count)
            for key in keys:
                self._lives[key].add(reserved.end, count)
            return reserved

    def release(self, reserved: Reserved) -> None:
        """Take back live links that did not leave; of the minute they stay a part."""
        if reserved.keys and self._pid == os.getpid():
            with self._lock:
                for key in reserved.keys:
                    if key in self._lives:
                        self._lives[key].add(reserved.end, -reserved.count)

    def _quotas(self, rule: Rule, caller: str | None) -> list[tuple[str, str, Quota]]:
        """Return the quotas that a link falls under: whose each is, its key, and itself."""
        known = self._known.get((rule.name, caller))
        if known is None:
            if len(self._known) >= _KNOWN:
                self._known.clear()
            known = self._known[rule.name, caller] = self._find(rule, caller)
        return known

    def _find(self, rule: Rule, caller: str | None) -> list[tuple[str, str, Quota]]:
        who = "callers who are not named" if caller is None else f"caller {caller!r}"
        mark = "-" if caller is None else f"+{caller}"
        found = [
            (who, f"caller {mark}", self._per_caller),
            (f"{who} under rule {rule.name!r}", f"both {rule.name!r} {mark}", rule.per_caller),
            (f"rule {rule.name!r}", f"rule {rule.name!r}", rule.per_rule),
        ]
        return [(whose, key, quota) for whose, key, quota in found if quota is not None]

    def _living(self, whose: str, key: str, limit: int, now: int, count: int) -> Excess | None:
        if len(self._lives) >= self._sweep_at:
            self._sweep(now)
        lives = self._lives.setdefault(key, _Lives())
        lives.drop(now)
        if lives.total + count <= limit:
            return None
        again = lives.free_at(limit, count)
        retry = None if again is None else max(1, again - now)
        return Excess("live_links", limit, whose, max(0, limit - lives.total), retry)

    def _sweep(self, now: int) -> None:
        for key, lives in list(self._lives.items()):
            lives.drop(now)
            if not lives.total:
                del self._lives[key]
        self._sweep_at = max(1024, 2 * len(self._lives))

    def _rated(
        self, whose: str, key: str, limit: int, count: int, taken: list[str]
    ) -> Excess | None:
        """Count links into a minute; where there are too many, into none."""
        if self._windows.take(key, limit, count):
            taken.append(key)
            return None
        for other in taken:
            self._windows.take_back(other, count)
        left = max(0, limit - self._windows.count(key))
        return Excess("urls_per_minute", limit, whose, left, self._windows.wait(key, limit, count))
