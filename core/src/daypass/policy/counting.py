"""Who counts links under quotas: this process for itself, or a `Counter` that several share."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from typing import Protocol

import attrs

from daypass.base.process import after_fork
from daypass.errors import InvalidRequestError
from daypass.policy.rules import Quota

__all__ = ["Counted", "Counter", "Excess", "Reserved", "set_counter", "shared"]

_log = logging.getLogger("daypass.policy")
_lock = threading.Lock()
#: What `set_counter` has set.
_shared: list[Counter] = []


@attrs.frozen
class Counted:
    """A quota that links fall under.

    >>> Counted("rule 'read'", "configuration: rule 'read'", Quota(urls_per_minute=60)).quota
    Quota(urls_per_minute=60, live_links=None)
    """

    #: Whose it is, in words: a rule's, a caller's.
    whose: str
    #: By which it is counted: the same text in each process that has the same rules.
    key: str
    #: What there may be.
    quota: Quota


@attrs.frozen
class Excess:
    """A quota that would be exceeded."""

    #: ``"urls_per_minute"`` or ``"live_links"``.
    quota: str
    #: How many there may be.
    limit: int
    #: Whose it is: a rule's, a caller's.
    whose: str
    #: How many more there could be now.
    left: int
    #: In how many seconds it can be tried again; None where it never can.
    retry_after: int | None


@attrs.frozen
class Reserved:
    """Live links that have been counted, to be taken back where they do not leave; a counter may make a subclass of it."""

    #: Of the quotas with ``live_links``.
    keys: tuple[str, ...]
    #: When they end, in seconds since the epoch.
    end: int
    #: How many there are.
    count: int


class Counter(Protocol):
    """Counts links in place of the memory of this process; threads call it at once.

    It sees to it that no more than ``urls_per_minute`` are counted in any 60 seconds (61, where it counts whole seconds), and that
    no more than ``live_links`` are alive, of all processes that it counts for.
    """

    def reserve(self, quotas: Sequence[Counted], end: float, count: int) -> Reserved | Excess:
        """Count links under every quota, or under none; each link that is made waits for it.

        Args:
            quotas: at least one.
            end: when the links end, in seconds since the epoch.
            count: how many there are.

        Raises:
            DeadlineError: where it would have to wait, and `daypass.toolkit.deadlines.check_may_wait` says that nobody may.
            DaypassError: if it cannot count just now: then no link is made.

        """

    def release(self, reserved: Reserved) -> None:
        """Take back live links that did not leave; of the minute they stay a part. It raises nothing: what cannot be taken back ends by itself."""


def set_counter(counter: Counter | None, *, replacing: Counter | None = None) -> None:
    """Have links under quotas counted by something that several processes share, from now on.

    It is for the whole process, and for all policies in force.

    Args:
        counter: who counts, or None for the memory of this process, which begins with nothing.
        replacing: who counts now, where somebody does: who does not hold it cannot replace it.

    Raises:
        InvalidRequestError: if another one counts than the one that is to be replaced.

    """
    with _lock:
        current = _shared[0] if _shared else None
        if current is not replacing:
            msg = "links are counted by another counter: name the one that counts as replacing="
            raise InvalidRequestError(msg, option="replacing")
        if replacing is not None:
            _log.warning("the counter of this process was replaced")
        _shared[:] = [] if counter is None else [counter]


def shared() -> Counter | None:
    """Return who counts in place of this process's memory; None where nobody does."""
    return _shared[0] if _shared else None


@after_fork
def _begin() -> None:
    """Begin with a lock that no thread of the parent holds; who counts stays so."""
    global _lock  # noqa: PLW0603 - a lock cannot be unlocked by who does not hold it
    _lock = threading.Lock()
