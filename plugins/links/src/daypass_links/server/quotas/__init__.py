"""Quotas that all processes of the service share, counted in Redis."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daypass.errors import ConfigError, DeadlineError, StoreError

if TYPE_CHECKING:
    from daypass_links.server.quotas.counter import RedisCounter

__all__ = ["NoShareError", "QuotaUnavailableError", "redis_counter"]


class NoShareError(DeadlineError):
    """Redis has to be asked, which takes a thread; the next link may find a share."""


class QuotaUnavailableError(StoreError):
    """Nobody can say how many links there are, so that none is made."""

    code = "quota-unavailable"
    http_status = 503


def redis_counter(url: str) -> RedisCounter:
    """Return what counts in a Redis.

    Raises:
        ConfigError: if redis-py is not installed, or takes no such address.

    """
    try:
        from daypass_links.server.quotas.counter import RedisCounter
    except ModuleNotFoundError as error:
        if error.name != "redis":
            raise
        msg = "redis of [server] needs redis-py: pip install 'daypass-links[redis]'"
        raise ConfigError(msg, key="server.redis") from None
    try:
        return RedisCounter(url)
    except ValueError:
        # Its words would hold the address, and that may hold a password.
        msg = (
            "redis of [server] is no address that redis-py takes, such as redis://127.0.0.1:6379/0"
        )
        raise ConfigError(msg, key="server.redis") from None
