"""``head_metadata`` on Redis: size and time to live of exactly the key, from the server itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import attrs

from daypass.errors import (
    InvalidPathError,
    InvalidRequestError,
    ObjectNotFoundError,
    StoreError,
)
from daypass.model.locations import Location
from daypass.model.metadata import ObjectMetadata
from daypass.toolkit.deadlines import Deadline
from daypass_redis.address import Address
from daypass_redis.client import Stat, call_server, connect, stat
from daypass_redis.settings import Settings

if TYPE_CHECKING:
    from redis import Redis

__all__ = ["head_metadata"]


def head_metadata(location: Location) -> ObjectMetadata:
    """Read a key's size in bytes, and when it ends.

    Only strings have a size. A key of another type (hash, list, ...) is refused, and not reported
    as missing: whoever then wrote to it would replace it.

    Args:
        location: its key is ``db/key``, the database's number first; the metadata's ``key`` is the
            key alone, as Redis stores it.

    Returns:
        The metadata, with ``size`` and, for a key with a time to live, ``expires_at``: this
        process's clock before the question plus PTTL, so that to the millisecond it is never later
        than the real end (as far as this clock is right).
        An end after the year 9999 is left out.

    Raises:
        ObjectNotFoundError: if there is no such key.
        InvalidPathError: if the path is not ``redis://host[:port]/db/key``, or the database is none.
        CredentialsError: if the server does not accept the login.
        AccessDeniedError: if its access rules forbid the key, or TYPE, STRLEN or PTTL.
        DeadlineError: if all of it took longer than ``location.deadline`` seconds.
        StoreError: if the key is no string, or the server fails otherwise.

    Example::

        daypass.head_metadata("redis://localhost:6379/0/sessions/42").expires_at

    """
    address, key = Address.parse(location.protocol, location.bucket, location.key)
    if not key:
        msg = f"{location.path} names a database but no key: write {address}/key"
        raise InvalidPathError(msg, option="path")
    asked_at, found = _look(location, _settings(location, address), key.encode())
    if found is None:
        msg = f"{location.path} does not exist"
        raise ObjectNotFoundError(msg)
    if found.size is None:
        msg = f"{location.path} is of the type {found.kind}, and only a string has a size: read it with a Redis client"
        raise StoreError(msg)
    return ObjectMetadata(
        path=location.path, key=key, size=found.size, expires_at=_end(asked_at, found.ttl)
    )


def _settings(location: Location, address: Address) -> Settings:
    if not location.has_fs:
        # Not location.fs: it is made from the options alone, and the path names the server.
        return Settings.of(address, location.storage_options)
    from daypass_redis.filesystem import RedisFileSystem

    fs = location.fs
    if not isinstance(fs, RedisFileSystem):
        msg = f"fs must be a daypass_redis filesystem, not {type(fs).__name__}: or pass storage_options"
        raise InvalidRequestError(msg, option="fs")
    if fs.settings.address != address:
        msg = f"the path is on {address} but fs is connected to {fs.settings.address}"
        raise InvalidPathError(msg, option="fs")
    return fs.settings


def _look(location: Location, settings: Settings, key: bytes) -> tuple[datetime, Stat | None]:
    """Ask within the deadline, over a connection that an earlier question left open."""
    settings = attrs.evolve(settings, timeout=min(settings.timeout, location.deadline))
    kind = ("redis", settings.address, settings.timeout)
    idle: list[Redis] = location.cache.setdefault(kind, [])
    try:
        client = idle.pop()
    except IndexError:
        client = connect(settings)
    path = location.path

    def question() -> tuple[datetime, Stat | None]:
        asked_at = datetime.now(UTC)
        return asked_at, next(stat(client, [key]))

    try:
        answer = Deadline.after(location.deadline).run(
            lambda: call_server(settings, path, question), f"asking {settings.address} for {path}"
        )
    except BaseException:
        client.close()  # which also wakes a thread that was left behind
        raise
    idle.append(client)
    return answer


def _end(asked_at: datetime, ttl: int | None) -> datetime | None:
    if ttl is None:
        return None
    try:
        return asked_at + timedelta(milliseconds=ttl)
    except OverflowError:  # Redis keeps 64 bits of milliseconds, more than there are dates
        return None
