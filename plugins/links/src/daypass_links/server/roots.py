"""What may be shared, by whom and how: from a path to a root of ``[[roots]]``, and to a store whose caller is the link's maker."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import attrs

import daypass
from daypass import config
from daypass.errors import DaypassError, InvalidPathError, RefusedError
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


def _store(root: str, caller: str, groups: tuple[str, ...]) -> daypass.Store:
    return daypass.Store(root, caller=daypass.Caller(caller, groups=groups))


def _stamps() -> list[tuple[object, ...]]:
    """Return what changes when the file of a profile's secret does."""
    return [profile.stamp() for profile in config.load().profiles.values()]


@attrs.frozen
class _Prepared:
    protocol: str
    bucket: str
    #: The root's own key; empty, or with a slash at its end.
    below: str
    patterns: tuple[Pattern, ...]
    root: Root
    #: Whether the root is configured by this spelling.
    is_own: bool


class Roots:
    """The roots that are configured. Without any, whatever the server can sign may be shared by an ``admin``."""

    def __init__(self, roots: Iterable[Root]) -> None:
        found = [known for root in roots for known in _prepared(root)]
        # The longest one serves, and of two that which is written so.
        self._roots = sorted(found, key=lambda known: (-len(known.below), not known.is_own))
        # By name and groups: a caller equals their name alone.
        self._store = lru_cache(maxsize=4096)(_store)
        self._seen = _stamps()

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

    def named(self, path: str) -> str:
        """Return a path as its root is configured, since a profile's can be written as that of its place too."""
        for known in self._roots:
            place, root = f"{known.protocol}://{known.bucket}/{known.below}", known.root.path
            if f"{path}/" == place:
                return root
            if path.startswith(place):
                return f"{root.removesuffix('/')}/{path[len(place) :]}"
        return path

    def store(self, place: Place, caller: str, groups: Iterable[str]) -> daypass.Store:
        """Return the store of a place, in which a caller asks who is in some groups."""
        return self._store(place.root, caller, tuple(sorted(groups)))

    def renewed(self) -> bool:
        """Tell whether a key was rotated, in the file of a profile's secret; stores are then made anew."""
        try:
            found = _stamps()
        except DaypassError:
            return False  # told by whoever signs
        if found == self._seen:
            return False
        self._seen = found
        self._store.cache_clear()
        return True

    @property
    def open(self) -> bool:
        """Whether there are none."""
        return not self._roots


def _prepared(root: Root) -> list[_Prepared]:
    """Return a root as its paths may be written: of a profile also as the place that it stands for."""
    parsed = parse_path(root.path)
    own = (parsed.protocol, parsed.bucket, parsed.key)
    places = [own]
    if root.profile is not None:
        place = daypass.Store(root.path).location
        places.append((place.protocol, place.bucket, place.key))
    patterns = tuple(text_pattern(pattern, "paths") for pattern in root.paths)
    return [
        _Prepared(
            protocol=protocol,
            bucket=bucket,
            below=key and f"{key.removesuffix('/')}/",
            patterns=patterns,
            root=root,
            is_own=(protocol, bucket, key) == own,
        )
        for protocol, bucket, key in places
    ]


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
    if not {".", ".."}.isdisjoint(key.split("/")):
        msg = "below a root no key is shared that holds a . or .. segment, by which HTTP clients come to another key: rename the object"
        raise InvalidPathError(msg, option="path")
    fits = any(
        pattern.covers(key) if prefix or pattern.covers("") else pattern.spells(key)
        for pattern in known.patterns
    )
    if not fits:
        msg = f"of {root.path} only {' or '.join(root.paths)} is shared"
        raise RefusedError(msg)
