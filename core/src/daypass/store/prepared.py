"""The root that a whole path needs, prepared once and kept for the next path like it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING, Any

import attrs

from daypass import config
from daypass.backends.filesystems import protocols, unwrap
from daypass.base.process import after_fork, environment_number
from daypass.model.paths import PROFILES, PathLike, parse_path
from daypass.store.root import Root

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

__all__ = ["root_for"]

_CACHE_SIZE = 64
_roots: OrderedDict[Any, tuple[Root, object]] = OrderedDict()
_roots_lock = Lock()
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
) -> tuple[Root, str]:
    """Return the root of a path's bucket, prepared earlier where nothing has changed since, and the key.

    The environment is part of the key: it may name other credentials now than it did.
    """
    fs = unwrap(fs)
    parsed = parse_path(path, protocol=None if fs is None else protocols(fs)[0])
    key = parsed.key
    identity: Any
    try:
        identity = (
            parsed.protocol,
            parsed.bucket,
            _frozen(storage_options),
            _frozen(parsed.storage_options),
            id(fs),
            public_endpoint,
            signer,
            _frozen(signer_options),
            environment_number(),
            _profile(parsed.bucket) if parsed.protocol == PROFILES else None,
        )
        known = _roots.get(identity)
    except Exception:  # noqa: BLE001 - an option that is not hashable, or holds itself: nothing is kept
        identity = known = None
    if known is not None:
        return known[0].called(caller), key
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


def _profile(name: str) -> object:
    """Return what is another as soon as a profile, or a file of its secrets, is another."""
    profile = config.load().profile(name)
    return profile, profile.stamp()


@after_fork
def _begin() -> None:
    """Begin without the parent's roots, and with a lock that no thread of it holds."""
    global _roots_lock  # noqa: PLW0603 - a lock that another process has closed stays closed
    _roots_lock = Lock()
    _of_parents.append(dict(_roots))  # never used: to end them would end what is the parent's
    _roots.clear()


def _frozen(value: Any) -> Any:
    """Return a hashable picture of nested options; 1, 1.0 and True stay apart."""
    if type(value) is str:
        return value
    if value is None:
        return None
    if isinstance(value, (dict, Mapping)):  # dict first: the abstract class is slow to ask
        return frozenset([(name, _frozen(item)) for name, item in value.items()])
    if isinstance(value, (list, tuple)):
        return (type(value), *map(_frozen, value))
    return (type(value), value, getattr(value, "fold", 0) if isinstance(value, datetime) else 0)
