"""The root that a whole path needs, prepared once and kept for the next path like it."""

from __future__ import annotations

import marshal
from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING, Any

import attrs

from daypass import config
from daypass.backends.filesystems import protocols, unwrap
from daypass.base.process import after_fork, environment_number
from daypass.base.secrets import Options
from daypass.model.paths import PROFILES, WITHOUT_BUCKET, ParsedPath, PathLike, parse_path
from daypass.store.root import Root

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

__all__ = ["root_for"]

_CACHE_SIZE = 64
_PROFILE = f"{PROFILES}://"
#: How an access point begins, whose name holds a slash.
_ODD = "://arn:"
_roots: OrderedDict[Any, tuple[Root, object]] = OrderedDict()
_roots_lock = Lock()
#: What the last plain path began with; at first what none can.
_newest = ["\n"]
_of_parents: list[object] = []


def root_for(
    path: PathLike,
    *,
    storage_options: Mapping[str, Any] | None,
    fs: AbstractFileSystem | None,
    public_endpoint: str | None = None,
    signer: str | None = None,
    signer_options: Mapping[str, Any] | None = None,
    caller: str | None = None,
    environment: int | None = None,
) -> tuple[Root, str]:
    """Return the root of a path's bucket, prepared earlier where nothing has changed since, and the key.

    The environment is part of what it is kept by: it may name other credentials now than it did. Whoever has
    asked for its number already gives it.
    """
    parsed: ParsedPath | None = None
    plain = None if fs is not None else _parted(path)
    if plain is not None:
        start, key = plain
    else:
        fs = unwrap(fs)
        parsed = parse_path(path, protocol=None if fs is None else protocols(fs)[0])
        start, key = f"{parsed.protocol}://{parsed.bucket}/", parsed.key
    identity: Any
    try:
        identity = (
            start,
            None if storage_options is None else _picture(storage_options),
            _picture(parsed.storage_options) if parsed and parsed.storage_options else None,
            None if fs is None else id(fs),
            public_endpoint,
            signer,
            None if signer_options is None else _picture(signer_options),
            environment_number() if environment is None else environment,
            _profile(start) if start.startswith(_PROFILE) else None,
        )
        known = _roots.get(identity)
    except Exception:  # noqa: BLE001 - an option that is not hashable, or holds itself: nothing is kept
        identity = known = None
    if known is not None:
        root = known[0]
        return root if caller is None else root.called(caller), key
    if parsed is None:
        parsed = parse_path(path)
        if key != parsed.key:  # a path that is not what it looks like
            identity, key = None, parsed.key
    root = Root.of(
        attrs.evolve(parsed, key=""),
        storage_options=storage_options,
        fs=fs,
        public_endpoint=public_endpoint,
        signer=signer,
        signer_options=signer_options,
    )
    if identity is not None:
        with _roots_lock:
            _roots[identity] = (root, fs)  # fs is kept, so that its id stays its own
            while len(_roots) > _CACHE_SIZE:
                _roots.popitem(last=False)
    return root.called(caller), key


def _parted(path: object) -> tuple[str, str] | None:
    """Return what a plain path begins with, and its key; None for one that has to be looked at closely."""
    if type(path) is not str:
        return None
    # Most paths begin as the last one did, and less of them is to be looked at then.
    newest = _newest[0]
    if path.startswith(newest):
        rest = path[len(newest) :]
        if rest.isascii() and rest.isprintable() and "::" not in rest:
            return newest, rest
    if not (path.isascii() and path.isprintable()):
        return None
    mark = path.find("://")
    if mark < 0 or "::" in path or path.startswith(_ODD, mark) or path[:mark] in WITHOUT_BUCKET:
        return None
    end = path.find("/", mark + 3) + 1
    if not end:
        return None
    start = _newest[0] = path[:end]
    return start, path[end:]


def _profile(start: str) -> object:
    """Return what is another as soon as a profile, or a file of its secrets, is another."""
    profile = config.load().profile(start.removeprefix(_PROFILE).removesuffix("/"))
    return profile, profile.stamp()


@after_fork
def _begin() -> None:
    """Begin without the parent's roots, and with a lock that no thread of it holds."""
    global _roots_lock  # noqa: PLW0603 - a lock that another process has closed stays closed
    _roots_lock = Lock()
    _of_parents.append(dict(_roots))  # never used: to end them would end what is the parent's
    _roots.clear()


def _picture(options: Mapping[str, Any]) -> Any:
    """Return what is another as soon as an option is: hashable, and 1, 1.0 and True stay apart."""
    if type(options) is Options:
        options = dict(options)
    try:
        # In a quarter of the time, where all values are plain: a link waits for it.
        return marshal.dumps(options, 0)  # type: ignore[arg-type] # or an error
    except ValueError:
        return _frozen(options)


def _frozen(value: Any) -> Any:
    if type(value) is str:
        return value
    if value is None:
        return None
    if isinstance(value, (dict, Mapping)):  # dict first: the abstract class is slow to ask
        return frozenset([(name, _frozen(item)) for name, item in value.items()])
    if isinstance(value, (list, tuple)):
        return (type(value), *map(_frozen, value))
    return (type(value), value, getattr(value, "fold", 0) if isinstance(value, datetime) else 0)
