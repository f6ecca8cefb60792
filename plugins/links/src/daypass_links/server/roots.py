"""What may be shared, by whom and how: from a path to a root of ``[[roots]]``, and to a store whose caller is the link's maker."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache

import attrs

import daypass
from daypass import config
from daypass.errors import DaypassError, InvalidPathError, RefusedError
from daypass.model.paths import ParsedPath, parse_path
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

    @property
    def rank(self) -> tuple[int, bool]:
        """The longest path comes first, and of two roots of one place that which is written so."""
        return -len(self.below), not self.is_own


class Roots:
    """The roots that are configured. Without any, whatever the server can sign may be shared by an ``admin``."""

    def __init__(self, roots: Iterable[Root]) -> None:
        found = [known for root in roots for known in _prepared(root)]
        self._roots = sorted(found, key=lambda known: known.rank)
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
        nearest = self._nearest(parsed)
        if not nearest:
            msg = f"{parsed} lies below no root that may be shared: [[roots]] of the server's configuration lists them"
            raise RefusedError(msg)
        key = parsed.key[len(nearest[0].below) :]
        if not {".", ".."}.isdisjoint(key.split("/")):
            msg = "below a root no key is shared that holds a . or .. segment, by which HTTP clients come to another key: rename the object"
            raise InvalidPathError(msg, option="path")
        wanted, refusals = frozenset(methods), []
        for known in nearest:
            refusal = _refusal(known, key, prefix=prefix, methods=wanted, groups=groups)
            if refusal is None:
                return Place(known.root.path, key)
            refusals.append(refusal)
        raise RefusedError(", and ".join(dict.fromkeys(refusals)))

    def beginnings(self, groups: frozenset[str]) -> list[str]:
        """Return the folders where members of some groups may begin to look for what to share."""
        found: dict[str, None] = {}
        for known in self._roots:
            if known.is_own and _is_open_to(known.root, groups):
                base = known.root.path.removesuffix("/")
                for pattern in known.patterns:
                    found[f"{base}/{pattern.start[: pattern.start.rfind('/') + 1]}"] = None
        return sorted(found)

    def looked_into(
        self, folder: str, groups: frozenset[str]
    ) -> tuple[Place, Callable[[str, bool], bool]]:
        """Return where a folder lies, and what tells of a key in its store, and of whether it is a folder, whether any of it may be shared.

        Args:
            folder: a whole path with a slash at its end.
            groups: those of who looks.

        Raises:
            InvalidPathError: for what is no path.
            RefusedError: if nothing that lies in it may be shared by them.

        """
        parsed = parse_path(folder)
        if not self._roots:
            return Place(f"{parsed.protocol}://{parsed.bucket}", parsed.key), lambda _, __: True
        for known in self._nearest(parsed):
            key = parsed.key[len(known.below) :]
            if _is_open_to(known.root, groups) and _reaches(known, key, is_folder=True):
                return Place(known.root.path, key), lambda key, is_folder, known=known: _reaches(
                    known, key, is_folder=is_folder
                )
        msg = f"nothing in {parsed} may be shared by you, so it is not listed: [[roots]] of the server's configuration says what may"
        raise RefusedError(msg)

    def _nearest(self, path: ParsedPath) -> list[_Prepared]:
        """Return the roots of the longest path that a path lies below: one that permits is enough."""
        found = [
            known
            for known in self._roots
            if (known.protocol, known.bucket) == (path.protocol, path.bucket)
            and path.key.startswith(known.below)
        ]
        return [known for known in found if known.rank == found[0].rank]

    def named(self, path: str) -> str:
        """Return a path as its root is configured, since a profile's can be written as that of its place too."""
        for known in self._roots:
            place, root = f"{known.protocol}://{known.bucket}/{known.below}", known.root.path
            if f"{path}/" == place:
                return root
            if path.startswith(place):
                return f"{root.removesuffix('/')}/{path[len(place) :]}"
        return path

    def store(
        self, place: Place, caller: str, groups: Iterable[str], *, prefix: bool = False
    ) -> daypass.Store:
        """Return the store of a place, in which a caller asks who is in some groups; for a prefix, that of its links."""
        store = self._store(place.root, caller, tuple(sorted(groups)))
        return _of_grant(store, place.key) if prefix else store

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


def _of_grant(store: daypass.Store, prefix: str) -> daypass.Store:
    """Return a store for the links of one prefix, where its backend narrows to that what it signs with; else the store itself, which all can share."""
    if getattr(store.location.options, "narrow", None) is None:
        return store
    return store.within(prefix)


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


def _is_open_to(root: Root, groups: frozenset[str]) -> bool:
    return not root.groups or not groups.isdisjoint(root.groups)


def _reaches(known: _Prepared, key: str, *, is_folder: bool) -> bool:
    """Tell whether an object below a root, or anything in a folder, may be shared."""
    if not {".", ".."}.isdisjoint(key.split("/")):
        return False
    return any(
        pattern.touches(key) if is_folder else pattern.matches(key) for pattern in known.patterns
    )


def _refusal(
    known: _Prepared, key: str, *, prefix: bool, methods: frozenset[str], groups: frozenset[str]
) -> str | None:
    """Return why a root does not permit it; None where it does."""
    root = known.root
    if not _is_open_to(root, groups):
        return (
            f"what lies below {root.path} is shared by members of {' or '.join(root.groups)} alone"
        )
    if beyond := sorted(methods - {*root.methods}):
        return f"what lies below {root.path} is shared for {', '.join(root.methods)} alone, not for {', '.join(beyond)}"
    fits = any(
        pattern.covers(key) if prefix or pattern.covers("") else pattern.spells(key)
        for pattern in known.patterns
    )
    return None if fits else f"of {root.path} only {' or '.join(root.paths)} is shared"
