"""What may be shared, by whom and how: from a path to a root of ``[[roots]]``, and to a store whose caller is the link's maker."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import attrs

import daypass
from daypass.errors import RefusedError
from daypass.model.paths import parse_path
from daypass.policy import Pattern
from daypass.policy.patterns import text_pattern
from daypass_links.server.settings import Root

__all__ = ["Place", "Roots"]


@attrs.frozen
class Place:
    """Where a path lies: a root, and the key below it."""

    root: str
    key: str

    def store(self, caller: str, groups: Iterable[str]) -> daypass.Store:
        """Return the root's store, in which a caller asks who is in some groups."""
        return _store(self.root, caller, tuple(sorted(groups)))


# By name and groups: a caller equals their name alone.
@lru_cache(maxsize=4096)
def _store(root: str, caller: str, groups: tuple[str, ...]) -> daypass.Store:
    return daypass.Store(root, caller=daypass.Caller(caller, groups=groups))


@attrs.frozen
class _Prepared:
    protocol: str
    bucket: str
    #: The root's own key; empty, or with a slash at its end.
    below: str
    patterns: tuple[Pattern, ...]
    root: Root


class Roots:
    """The roots that are configured. Without any, whatever the server can sign may be shared by an ``admin``."""

    def __init__(self, roots: Iterable[Root]) -> None:
        found = [_prepared(root) for root in roots]
        self._roots = sorted(found, key=lambda root: -len(root.below))  # the longest one serves

    def find(
        self, path: str, *, prefix: bool, methods: Iterable[str], groups: frozenset[str]
    ) -> Place:
        """Return where a path lies, if it may be shared so.

        Args:
            path: a whole path; of a prefix it ends in a slash, or is a bucket.
            prefix: share all that lies below it.
            methods: what the link is for.
            groups: those of its maker.

        Raises:
            InvalidPathError: for what is no path.
            RefusedError: saying what keeps it from being shared.

        """
        parsed = parse_path(path)
        if not self._roots:
            return Place(f"{parsed.protocol}://{parsed.bucket}", parsed.key)
        for known in self._roots:
            if (known.protocol, known.bucket) != (parsed.protocol, parsed.bucket):
                continue
            if parsed.key.startswith(known.below):
                key = parsed.key[len(known.below) :]
                _check(known, key, prefix=prefix, methods=methods, groups=groups)
                return Place(known.root.path, key)
        msg = f"{parsed} lies below no root that may be shared: [[roots]] of the server's configuration lists them"
        raise RefusedError(msg)

    @property
    def open(self) -> bool:
        """Whether there are none."""
        return not self._roots


def _prepared(root: Root) -> _Prepared:
    parsed = parse_path(root.path)
    below = parsed.key if not parsed.key or parsed.key.endswith("/") else f"{parsed.key}/"
    patterns = tuple(text_pattern(pattern, "paths") for pattern in root.paths)
    return _Prepared(parsed.protocol, parsed.bucket, below, patterns, root)


def _check(
    known: _Prepared, key: str, *, prefix: bool, methods: Iterable[str], groups: frozenset[str]
) -> None:
    root = known.root
    if root.groups and not groups.intersection(root.groups):
        msg = (
            f"what lies below {root.path} is shared by members of {' or '.join(root.groups)} alone"
        )
        raise RefusedError(msg)
    if beyond := sorted({*methods} - {*root.methods}):
        msg = f"what lies below {root.path} is shared for {', '.join(root.methods)} alone, not for {', '.join(beyond)}"
        raise RefusedError(msg)
    fits = (
        any(pattern.covers(key) for pattern in known.patterns)
        if prefix
        else any(pattern.spells(key) for pattern in known.patterns)
    )
    if not fits:
        msg = f"of {root.path} only {' or '.join(root.paths)} is shared"
        raise RefusedError(msg)
