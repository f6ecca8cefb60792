"""What is below a prefix, by SCAN over the whole database: Redis has no index of its keys."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from redis import Redis

from daypass_redis.client import Stat, stat
from daypass_redis.names import Key, directories, directory_of, encoded, is_within, prefix_of

__all__ = ["below", "delete", "directory", "file", "scan"]

#: How many keys one round trip is about.
_BATCH = 1000
#: What Redis's patterns give a meaning to.
_MAGIC = re.compile(rb"[*?\[\]\\]")


def scan(client: Redis, prefix: str) -> Iterator[str]:
    """Yield the keys that start with a prefix; some may come twice, as SCAN warns."""
    pattern = _MAGIC.sub(rb"\\\g<0>", encoded(prefix)) + b"*"
    name: Any
    for name in client.scan_iter(match=pattern, count=_BATCH):
        if name:  # the empty key, which Redis allows, is the database itself here
            yield name.decode("utf-8", "surrogateescape")


def below(client: Redis, key: str, maxdepth: int | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return fsspec's descriptions of all keys, and of all directories, below a key, by name.

    They are apart, since one name may stand for both: a key ``a`` beside a key ``a/b``.

    Args:
        client: the client to ask with.
        key: the directory; empty for the database.
        maxdepth: how many levels; None for all.

    """
    prefix = prefix_of(key)
    names = set(scan(client, prefix))
    files: dict[str, Any] = {}
    for batch in _batches(name for name in names if is_within(name, prefix, maxdepth)):
        for name, one in zip(batch, stat(client, map(encoded, batch)), strict=True):
            if one is not None:  # gone since the scan
                files[Key(name)] = file(name, one)
    inner = {part for name in names for part in directories(name, prefix, maxdepth)}
    return files, {Key(directory_of(part)): directory(part) for part in inner}


def delete(client: Redis, key: str, maxdepth: int | None) -> int:
    """Delete a key and all keys below it; return how many there were."""
    prefix = prefix_of(key)
    names = {name for name in scan(client, prefix) if is_within(name, prefix, maxdepth)}
    if key:
        names.add(key)
    deleted: Any = 0
    for batch in _batches(names):
        deleted += client.delete(*map(encoded, batch))
    return int(deleted)


def file(name: str, found: Stat) -> dict[str, Any]:
    """Return fsspec's description of a key; a type without bytes is neither file nor directory."""
    return {
        "name": Key(name),
        "size": found.size,
        "type": "other" if found.size is None else "file",
        "redis_type": found.kind,
    }


def directory(prefix: str) -> dict[str, Any]:
    """Return fsspec's description of a directory."""
    return {"name": Key(directory_of(prefix)), "size": 0, "type": "directory"}


def _batches(names: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(names)
    while batch := list(islice(rest, _BATCH)):
        yield batch
