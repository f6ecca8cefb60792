"""``RedisCounter``: counts links under core's quotas for all processes that have one Redis.

A process asks for what it needs, and of large quotas for a share: a hundredth, to be used within a second, so that a redirect need not wait for
Redis. A share is counted as used when it is given, to the last moment at which it may be; what is left of it is given back with the next one. So a quota is
never exceeded; of one of 200 and more, each process may hold back a hundredth.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from math import ceil
from typing import Any

import attrs
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError, RedisError  # noqa: A004 - of Redis
from redis.retry import Retry

from daypass.base.process import follow_forks
from daypass.errors import DeadlineError
from daypass.policy import Counted, Excess, Reserved
from daypass.toolkit.deadlines import check_may_wait
from daypass_links.server.quotas import NoShareError, QuotaUnavailableError
from daypass_links.server.quotas.script import COUNT, MINUTE

__all__ = ["RedisCounter"]

#: A share is this part of a quota, and may be used for so long, in seconds.
_PART, _SPAN = 100, 1.0
#: How long Redis may take, in seconds: whoever falls under a quota waits for it.
_TIMEOUT = 0.5
#: After a failure nobody asks again for so long, in seconds.
_PAUSE = 1
#: Shares of so many quotas are remembered.
_MOST = 10_000


@attrs.frozen
class _Kept(Reserved):
    """Links that were counted, each by its key and the second in which it is over."""

    places: tuple[tuple[str, int], ...] = ()


@attrs.frozen
class _Part:
    """One of the limits that links fall under."""

    key: str
    #: ``"urls_per_minute"`` or ``"live_links"``.
    name: str
    limit: int
    whose: str
    #: How long each link counts, in seconds.
    lasts: float


@attrs.define
class _Share:
    """What this process may use without asking."""

    left: int
    #: Until when, by the clock that nobody can set.
    until: float
    #: How long a link may count that is taken of it, in seconds.
    lasts: float
    #: The second in which all of it is over, by Redis' clock.
    over: int


class RedisCounter:
    """A `daypass.policy.Counter`; safe for threads.

    Args:
        url: of Redis, as redis-py takes it: ``redis://``, ``rediss://`` or ``unix://``.

    """

    def __init__(self, url: str) -> None:
        # A lost connection is made again once; more, or another try where nothing was answered, would keep requests waiting.
        self._redis = Redis.from_url(
            url,
            socket_timeout=_TIMEOUT,
            socket_connect_timeout=_TIMEOUT,
            retry=Retry(NoBackoff(), 1, (ConnectionError,)),
        )
        self._script = self._redis.register_script(COUNT)
        self.after_fork()
        follow_forks(self)

    def after_fork(self) -> None:
        """Begin without a share: that is the parent's."""
        self._lock = threading.Lock()
        self._shares: dict[str, _Share] = {}
        self._away_until = 0.0

    def ping(self) -> None:
        """Raise unless Redis can be reached.

        Raises:
            QuotaUnavailableError: saying so.

        """
        try:
            self._redis.ping()
        except (RedisError, OSError) as error:
            raise _unavailable(error) from None

    def reserve(self, quotas: Sequence[Counted], end: float, count: int) -> Reserved | Excess:
        """Count links under every quota, or under none.

        Raises:
            NoShareError: where it has to be asked, and nobody may wait.
            QuotaUnavailableError: if Redis cannot be asked.

        """
        parts = _parts(quotas, max(0.0, end - time.time()))
        with self._alone():
            now = time.monotonic()
            shares = {part.key: self._shares.get(part.key) for part in parts}
            lacking = [part for part in parts if not _lasts(shares[part.key], part, count, now)]
            if lacking:
                _check_may_wait()
                found = self._ask(lacking, count, now)
                if isinstance(found, Excess):
                    return found
                shares.update(found)
            places = []
            for part in parts:
                share = shares[part.key]
                assert share is not None  # noqa: S101 - it was lacking otherwise
                share.left -= count
                if part.name == "live_links":
                    places.append((part.key, share.over))
        return _Kept(tuple(key for key, _ in places), int(end), count, tuple(places))

    def release(self, reserved: Reserved) -> None:
        """Take back live links that did not leave, where Redis can be asked."""
        if not isinstance(reserved, _Kept):
            return  # it was counted before
        with suppress(NoShareError), self._alone():
            for key, over in reserved.places:
                share = self._shares.get(key)
                if share is not None and share.over == over and time.monotonic() < share.until:
                    share.left += reserved.count
                    continue
                _check_may_wait()
                back = [*_keys(key)], [0, 0, 0, 0, 0, "end", reserved.count, over]
                try:
                    self._run(*back)
                except QuotaUnavailableError:
                    return

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the lock, under which others may wait for Redis."""
        if not self._lock.acquire(blocking=False):
            _check_may_wait()
            self._lock.acquire()
        try:
            yield
        finally:
            self._lock.release()

    def close(self) -> None:
        """Let the connections go."""
        self._redis.close()

    def _ask(self, parts: Sequence[_Part], count: int, now: float) -> dict[str, _Share] | Excess:
        """Have Redis count, and give back what is left of older shares."""
        keys: list[str] = []
        said: list[Any] = []
        asked = []
        for part in parts:
            want = max(count, part.limit // _PART)
            span, lasts = (_SPAN, ceil(part.lasts)) if want > count else (0.0, part.lasts)
            asked.append((part.key, span, lasts))
            since = "start" if part.name == "urls_per_minute" else "end"
            old = self._shares.pop(part.key, None)
            back = (0, 0) if old is None else (old.left, old.over)
            keys += _keys(part.key)
            said += [part.limit, count, want, span, lasts, since, *back]
        which, *numbers = self._run(keys, said)
        if which:
            part, (left, wait) = parts[which - 1], numbers
            return Excess(part.name, part.limit, part.whose, left, None if wait < 0 else wait)
        if len(self._shares) >= _MOST:
            self._shares.clear()  # what was left of them is over by itself
        found = {
            key: _Share(given, now + span, lasts, over)
            for (key, span, lasts), given, over in zip(
                asked, numbers[::2], numbers[1::2], strict=True
            )
        }
        self._shares.update(found)
        return found

    def _run(self, keys: Sequence[str], said: Sequence[Any]) -> list[int]:
        if time.monotonic() < self._away_until:
            raise _unavailable(None)
        try:
            found: list[int] = self._script(keys=keys, args=said)
        except (RedisError, OSError) as error:
            self._away_until = time.monotonic() + _PAUSE
            raise _unavailable(error) from None
        return found


def _check_may_wait() -> None:
    try:
        check_may_wait("Redis")
    except DeadlineError as error:
        raise NoShareError(*error.args) from None


def _lasts(share: _Share | None, part: _Part, count: int, now: float) -> bool:
    """Tell whether a share is enough for so many links."""
    return (
        share is not None
        and share.left >= count
        and now < share.until
        and part.lasts <= share.lasts
    )


def _parts(quotas: Sequence[Counted], lasts: float) -> list[_Part]:
    found = []
    for one in quotas:
        for name, life in (("urls_per_minute", float(MINUTE)), ("live_links", lasts)):
            limit = getattr(one.quota, name)
            if limit is not None:
                found.append(_Part(f"{name} {one.key}", name, limit, one.whose, life))
    return found


def _keys(key: str) -> tuple[str, str]:
    # In braces: one node has all of them.
    return f"{{daypass}} seconds {key}", f"{{daypass}} numbers {key}"


def _unavailable(error: Exception | None) -> QuotaUnavailableError:
    # Its own words may hold the address, and that a password.
    why = "" if error is None else f" ({type(error).__name__})"
    msg = f"the quotas of the policy cannot be counted, since Redis cannot be asked{why}: try again in {_PAUSE} s"
    return QuotaUnavailableError(msg)
