"""Stores that have to ask somebody before they sign: for IAM, for a delegation key, for credentials that are renewed."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import daypass

__all__ = ["SIGNERS", "is_slow", "was_slow"]

#: Who signs for them: a pool of its own, or they would keep from theirs what has to be counted and written down.
SIGNERS = ThreadPoolExecutor(32, "daypass-signing")
#: So long every link of a bucket is signed there when one has had to be, in seconds, so that little is tried in vain.
_REMEMBERED = 60.0
#: When one had to, by the monotonic clock, and by protocol and bucket.
_since: dict[tuple[str, str], float] = {}


def was_slow(store: daypass.Store) -> None:
    """Note that signing in a store has to wait."""
    _since[store.location.protocol, store.location.bucket] = time.monotonic()


def is_slow(store: daypass.Store) -> bool:
    """Tell whether it had to not long ago."""
    if not _since:  # as almost always
        return False
    place = store.location.protocol, store.location.bucket
    since = _since.get(place)
    if since is None:
        return False
    if time.monotonic() - since < _REMEMBERED:
        return True
    _since.pop(place, None)
    return False
