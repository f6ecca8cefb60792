"""What a process keeps: the number of its environment, and what begins anew in a fork."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any, ParamSpec, Protocol, TypeVar
from weakref import WeakSet

__all__ = ["Once", "after_fork", "environment_number", "follow_forks", "in_thread"]

#: The environment undecoded: os.environ decodes all of it at each look, which takes longer than
#: signing does.
_ENVIRONMENT: Mapping[Any, Any] = getattr(os.environ, "_data", os.environ)
_numbers = count()
_last: list[tuple[dict[Any, Any], int]] = [({}, next(_numbers))]


_Given = ParamSpec("_Given")
_Answer = TypeVar("_Answer")


async def in_thread(
    function: Callable[_Given, _Answer], *args: _Given.args, **given: _Given.kwargs
) -> _Answer:
    """Call a function in a thread, as `asyncio.to_thread` does; who never waits does not import asyncio."""
    import asyncio

    return await asyncio.to_thread(function, *args, **given)


def environment_number() -> int:
    """Return the number of the environment as it is now."""
    known, number = _last[0]
    if known != _ENVIRONMENT:
        number = next(_numbers)
        _last[0] = (dict(_ENVIRONMENT), number)
    return number


def after_fork(begin: Callable[[], None]) -> Callable[[], None]:
    """Let a function be called first of all in each child that this process forks.

    Locks that another thread held stay closed in the child, and sockets in it are the parent's.
    """
    if hasattr(os, "register_at_fork"):  # Windows knows no fork
        os.register_at_fork(after_in_child=begin)
    return begin


class Follower(Protocol):
    """What has to begin anew in the child of a fork."""

    def after_fork(self) -> None:
        """Begin again, as the only thread of a new process: with locks that nobody holds."""


def follow_forks(thing: Follower) -> None:
    """Let a thing begin anew in each child that this process forks, for as long as the thing lives."""
    _followers.add(thing)


_followers: WeakSet[Follower] = WeakSet()


@after_fork
def _begin() -> None:
    for thing in list(_followers):
        thing.after_fork()


class Once:
    """Call a function at most once, from any thread; after a fork, once more.

    Args:
        make: the function.
        cache: what else a child of this process shall begin without: locks, threads and sockets
            in it are the parent's.

    """

    def __init__(self, make: Callable[[], Any], cache: dict[Any, Any] | None = None) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._made: list[Any] = []
        self._cache = cache
        follow_forks(self)

    def __call__(self) -> Any:
        """Return what the function made, now or earlier."""
        if not self._made:
            with self._lock:
                if not self._made:
                    self._made.append(self._make())
        return self._made[0]

    def after_fork(self) -> None:
        """Begin again, without what is the parent's."""
        self._lock = threading.Lock()
        # Kept and never used: to end them would end, or wait for, what is the parent's.
        _of_parents.append((self._made, dict(self._cache or ())))
        self._made = []
        if self._cache is not None:
            self._cache.clear()


_of_parents: list[object] = []
