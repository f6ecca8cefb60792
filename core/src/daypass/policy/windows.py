"""``Windows``: how many URLs left in the last minute, for each key. A moving window, counted by the second.

A URL is kept with the second it left in, so that a key holds some sixty numbers, however many URLs there are, and a
window is up to one second longer than it says.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import attrs

__all__ = ["Windows"]

#: How long a window is, in seconds.
_MINUTE = 60


@attrs.define
class _Window:
    total: int = 0
    #: How many left in which second, the oldest first.
    seconds: deque[list[int]] = attrs.field(factory=deque)

    def drop(self, now: int) -> None:
        """Forget what has left the window."""
        # What is of second 3 may be of nearly 4, so it stays through second 63.
        while self.seconds and self.seconds[0][0] < now - _MINUTE:
            self.total -= self.seconds.popleft()[1]


class Windows:
    """The moving windows of all keys; the caller holds a lock.

    Args:
        ticks: a clock that never goes back, in seconds.

    """

    def __init__(self, ticks: Callable[[], float]) -> None:
        self._ticks = ticks
        self._windows: dict[str, _Window] = {}
        self._sweep_at = 1024

    def count(self, key: str) -> int:
        """Return how many are in a window."""
        window = self._windows.get(key)
        if window is None:
            return 0
        window.drop(int(self._ticks()))
        return window.total

    def take(self, key: str, limit: int, count: int) -> bool:
        """Let so many into a window; none where it would hold more than its limit."""
        if self.count(key) + count > limit:
            return False
        now = int(self._ticks())
        if key not in self._windows:
            if len(self._windows) >= self._sweep_at:
                self._sweep(now)
            self._windows[key] = _Window()
        window = self._windows[key]
        if not window.seconds or window.seconds[-1][0] != now:
            window.seconds.append([now, 0])
        window.seconds[-1][1] += count
        window.total += count
        return True

    def take_back(self, key: str, count: int) -> None:
        """Take back what has just been let in."""
        window = self._windows[key]
        window.seconds[-1][1] -= count
        window.total -= count

    def wait(self, key: str, limit: int, count: int) -> int | None:
        """Return in how many seconds there is room for so many; None where there never is."""
        if count > limit:
            return None
        left = self.count(key)
        if left + count <= limit:
            return 0
        for second, gone in self._windows[key].seconds:
            left -= gone
            if left + count <= limit:
                return second + _MINUTE + 1 - int(self._ticks())
        return None

    def _sweep(self, now: int) -> None:
        for key, window in list(self._windows.items()):
            window.drop(now)
            if not window.seconds:
                del self._windows[key]
        self._sweep_at = max(1024, 2 * len(self._windows))
