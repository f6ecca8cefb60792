"""``Windows``: where the `limits` library keeps its moving windows here: no threads, no clock that goes back."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from limits.storage import MemoryStorage

__all__ = ["Windows"]


class Windows(MemoryStorage):
    """How many hits fell into which second, for each key; the caller holds a lock.

    Args:
        ticks: a clock that never goes back, in seconds.

    """

    def __init__(self, ticks: Callable[[], float]) -> None:
        super().__init__()
        self.timer.cancel()  # a thread that clears up what is never used here
        self.timer.join()
        self._ticks = ticks
        self._hits: dict[str, deque[list[int]]] = {}
        self._totals: dict[str, int] = {}
        self._sweep_at = 1024

    def _drop(self, key: str, expiry: int) -> int:
        """Forget the hits that have left the window; return how many are in it."""
        hits = self._hits.get(key)
        if hits is None:
            return 0
        # A hit of second 3 may have fallen near to second 4, so it stays through second 63.
        gone = int(self._ticks()) - expiry
        while hits and hits[0][0] < gone:
            self._totals[key] -= hits.popleft()[1]
        if not hits:
            del self._hits[key], self._totals[key]
            return 0
        return self._totals[key]

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Take so many hits into the window, or none where it would hold more than its limit."""
        if self._drop(key, expiry) + amount > limit:
            return False
        if len(self._hits) >= self._sweep_at:
            for other in list(self._hits):
                self._drop(other, expiry)
            self._sweep_at = max(1024, 2 * len(self._hits))
        second = int(self._ticks())
        hits = self._hits.setdefault(key, deque())
        if hits and hits[-1][0] == second:
            hits[-1][1] += amount
        else:
            hits.append([second, amount])
        self._totals[key] = self._totals.get(key, 0) + amount
        return True

    def take_back(self, key: str, amount: int) -> None:
        """Take back hits that have just been let in."""
        self._hits[key][-1][1] -= amount
        self._totals[key] -= amount

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """Return when the window began, and how many hits are in it."""
        del limit
        count = self._drop(key, expiry)
        return (float(self._hits[key][0][0]) if count else self._ticks()), count

    def wait(self, key: str, limit: int, expiry: int, amount: int) -> int | None:
        """Return in how many seconds there is room for so many hits; None where there never is."""
        if amount > limit:
            return None
        left = self._drop(key, expiry)
        for second, count in self._hits.get(key, ()):
            left -= count
            if left + amount <= limit:
                return second + expiry + 1 - int(self._ticks())
        return 1
