"""The one way to the server: connect with redis-py, call, and say in daypass's words what failed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import attrs
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import (
    AuthenticationError,
    AuthorizationError,
    BusyLoadingError,
    ConnectionError,  # noqa: A004 # redis-py's own, which is no OSError
    NoPermissionError,
    RedisError,
    ResponseError,
    TimeoutError,  # noqa: A004 # redis-py's own, which is no OSError
)
from redis.retry import Retry

from daypass.errors import (
    AccessDeniedError,
    CredentialsError,
    DaypassError,
    DeadlineError,
    InvalidPathError,
    StoreError,
)
from daypass_redis.settings import Settings

__all__ = ["Stat", "call_server", "connect", "stat"]

_Answer = TypeVar("_Answer")
#: The code that a Redis error starts with, such as OOM or WRONGTYPE.
_CODE = re.compile(r"[A-Z]{3,}(?= |$)")


def connect(settings: Settings) -> Redis:
    """Return a client; it connects with its first command."""
    address, seconds = settings.address, settings.timeout
    tls = {"ssl": True, **settings.tls} if address.scheme == "rediss" else {}
    return Redis(
        host=address.host,
        port=address.port,
        db=address.db,
        username=settings.username,
        password=settings.password,
        socket_timeout=seconds,
        socket_connect_timeout=seconds,
        # A repeated command could hide that the first one was carried out, and takes time twice.
        retry=Retry(NoBackoff(), 0),
        # The older protocol: every server speaks it, and it needs one round trip less.
        protocol=2,
        **tls,
    )


def call_server(settings: Settings, path: str, call: Callable[[], _Answer]) -> _Answer:
    """Return what a call of redis-py returns, or raise an error that everybody can catch.

    Args:
        settings: what the call's client was made with.
        path: the URL that the call is about, for the message.
        call: the call; it takes nothing.

    Raises:
        CredentialsError: if the server does not accept the login (a ``PermissionError``).
        AccessDeniedError: if its access rules forbid the command or the key (likewise).
        DeadlineError: if it did not answer in time (a ``TimeoutError``).
        InvalidPathError: if it has no such database (a ``ValueError``).
        StoreError: for every other failure (an ``OSError``).

    """
    try:
        return call()
    except DaypassError:
        raise
    except (RedisError, OSError, ValueError, TypeError) as error:
        fault = _explained(error, settings, path)
        cause = error if _is_network(error) else None
    # Outside of the handler: an error of the server may quote the command, and with it a password,
    # so that it must not even be the new error's context.
    raise fault from cause


def _is_network(error: Exception) -> bool:
    """Tell whether redis-py itself wrote the error's text, which then quotes no server."""
    return isinstance(error, (ConnectionError, TimeoutError)) and not isinstance(
        error, (AuthenticationError, AuthorizationError, BusyLoadingError)
    )


def _explained(error: Exception, settings: Settings, path: str) -> DaypassError:
    address = settings.address
    if isinstance(error, AuthenticationError):
        return CredentialsError(
            f"{address} asks for a login: pass username and password in storage_options"
            if settings.password is None
            else f"{address} does not accept this login: check username and password in storage_options"
        )
    if isinstance(error, (NoPermissionError, AuthorizationError)):
        return AccessDeniedError(
            f"the access rules of {address} forbid this for {path}: ask for the key and the commands in the user's ACL"
        )
    if isinstance(error, TimeoutError):
        return DeadlineError(f"{address} did not answer for {path} within {settings.timeout:g} s")
    if _is_network(error):
        tls = ", and that the server's certificate is trusted" if address.scheme == "rediss" else ""
        return StoreError(f"{address} cannot be reached: check host and port{tls}")
    return _answered(error, settings, path)


def _answered(error: Exception, settings: Settings, path: str) -> DaypassError:
    """Explain what the server itself complained of, without quoting it."""
    address, text = settings.address, str(error)
    if isinstance(error, ResponseError) and "db index" in text.lower():
        return InvalidPathError(f"{address} has no database {address.db}", option="path")
    if text.startswith("WRONGTYPE"):
        return StoreError(f"{path} does not hold a string, so it has no bytes and no size")
    code = _CODE.match(text)
    named = code[0] if code else type(error).__name__
    return StoreError(f"{address} could not be asked for {path}: {named}")


@attrs.frozen
class Stat:
    """What the server says of one key."""

    #: ``"string"``, ``"hash"``, ``"list"``, ...
    kind: str
    #: Bytes of a string; None for every other type, which has no size in bytes.
    size: int | None
    #: Milliseconds until the server removes the key; None where it stays.
    ttl: int | None


def stat(client: Redis, keys: Iterable[bytes]) -> Iterator[Stat | None]:
    """Ask for type, size and time to live of keys in one round trip; None for what is not there.

    It takes no MULTI, which many a read-only user may not send. A key that goes or comes while the
    three commands run is reported as missing.
    """
    with client.pipeline(transaction=False) as pipe:
        for key in keys:
            pipe.type(key)
            pipe.strlen(key)
            pipe.pttl(key)
        answers = iter(pipe.execute(raise_on_error=False))
    for kind, size, ttl in zip(answers, answers, answers, strict=True):
        yield _stat(kind, size, ttl)


def _stat(kind: bytes | Exception, size: int | Exception, ttl: int | Exception) -> Stat | None:
    if isinstance(kind, Exception):
        raise kind
    if isinstance(ttl, Exception):
        raise ttl
    if kind == b"none" or ttl == -2:  # noqa: PLR2004 # https://redis.io/docs/latest/commands/pttl/
        return None
    if isinstance(size, Exception) and (kind == b"string" or isinstance(size, NoPermissionError)):
        raise size
    length = size if kind == b"string" and not isinstance(size, Exception) else None
    return Stat(kind.decode(), length, None if ttl < 0 else ttl)
