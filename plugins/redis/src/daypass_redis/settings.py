"""What it takes to log in: the storage options, checked once and never shown."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import attrs

from daypass.base.messages import refuse_unknown
from daypass.errors import InvalidRequestError, UnknownOptionError
from daypass.toolkit.settings import FSSPEC_OPTIONS
from daypass_redis.address import Address

__all__ = ["Settings"]

#: redis-py's options for TLS, passed on as they are.
TLS_OPTIONS = frozenset(
    {
        "ssl_ca_certs",
        "ssl_ca_data",
        "ssl_ca_path",
        "ssl_cert_reqs",
        "ssl_certfile",
        "ssl_check_hostname",
        "ssl_ciphers",
        "ssl_keyfile",
        "ssl_min_version",
        "ssl_password",
    }
)
_PLACE = ("host", "port", "db")
_LOGIN = ("username", "password", "timeout")


def _text(_: Any, field: attrs.Attribute[str | None], value: Any) -> None:
    # Here and not in redis-py, whose complaint would show the password.
    fault = value is not None and not isinstance(value, str)
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            fault = True
    if fault:
        msg = f"{field.name} must be Unicode text"
        raise InvalidRequestError(msg, option=field.name)


def _seconds(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < math.inf:
        msg = "timeout must be a number of seconds above 0"
        raise InvalidRequestError(msg, option="timeout")
    return float(value)


@attrs.frozen(kw_only=True)
class Settings:
    """One database and how to log in to it. Its repr shows neither password nor TLS options."""

    address: Address
    #: The ACL user; None for the default user.
    username: str | None = attrs.field(default=None, validator=_text)
    password: str | None = attrs.field(default=None, validator=_text, repr=False)
    #: How long to wait for a connection and for each answer, in seconds.
    timeout: float = attrs.field(default=30.0, converter=_seconds)
    #: redis-py's ``ssl_*`` options.
    tls: Mapping[str, Any] = attrs.field(factory=dict, repr=False)

    @classmethod
    def of(cls, address: Address, options: Mapping[str, Any]) -> Settings:
        """Read storage options.

        >>> Settings.of(Address("redis", "localhost", 6379, 0), {"password": "hidden"}).username

        Args:
            address: the database that the path names.
            options: ``username``, ``password``, ``timeout``, redis-py's ``ssl_*``; ``host``,
                ``port`` and ``db`` where they say the same as the path.

        Raises:
            UnknownOptionError: for an option that is none of these.
            InvalidRequestError: for TLS options without TLS, or a value that cannot be used.

        """
        if "ssl" in options:
            msg = "the URL says whether TLS is used: write rediss:// instead of ssl"
            raise UnknownOptionError(msg, option="ssl")
        # fsspec's are legal everywhere, and idle here, as nothing is cached.
        known = TLS_OPTIONS | FSSPEC_OPTIONS | {*_PLACE, *_LOGIN}
        refuse_unknown(options, known, what="storage option of redis")
        for name in _PLACE:
            if name in options and str(options[name]).lower() != str(getattr(address, name)):
                msg = f"the path and storage_options name two places: leave {name} to the path"
                raise InvalidRequestError(msg, option=name)
        tls = {name: value for name, value in options.items() if name in TLS_OPTIONS}
        if tls and address.scheme != "rediss":
            msg = f"{min(tls)} is for TLS, which redis:// does not use: write rediss://"
            raise InvalidRequestError(msg, option=min(tls))
        login = {name: value for name, value in options.items() if name in _LOGIN}
        return cls(address=address, tls=tls, **login)
