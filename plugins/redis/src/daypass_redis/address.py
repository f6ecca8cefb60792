"""Where a key is: the one reading of ``redis://host[:port]/db/key``. Nothing else is a Redis URL."""

from __future__ import annotations

import re
from typing import Any, Self

import attrs

from daypass.errors import InvalidPathError, InvalidRequestError

__all__ = ["DEFAULT_PORT", "Address", "split_url"]

#: https://www.iana.org/assignments/uri-schemes/prov/redis
DEFAULT_PORT = 6379

_URL = re.compile(r"(rediss?)://([^/]*)(?:/(.*))?", re.DOTALL)
_NETLOC = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9._-]+))(?::(?P<port>.*))?")
_HOST = re.compile(r"[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]+|[A-Za-z0-9._-]+")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,8}")
#: https://www.rfc-editor.org/rfc/rfc1035#section-2.3.4
_MAX_LABEL = 63


def _host(value: Any) -> str:
    if (
        not isinstance(value, str)
        or not _HOST.fullmatch(value)
        or any(len(label) > _MAX_LABEL for label in value.split("."))
    ):
        msg = "host must be a host name or an IP address without user info, port or path"
        raise InvalidRequestError(msg, option="host")
    return value.lower()


def _number(value: Any, option: str, low: int, high: int) -> int:
    # Options from environment variables and catalogues arrive as text.
    number = int(value) if isinstance(value, str) and _NUMBER.fullmatch(value) else value
    if not isinstance(number, int) or isinstance(number, bool) or not low <= number <= high:
        msg = f"{option} must be a whole number from {low} to {high}"
        raise InvalidRequestError(msg, option=option)
    return number


def _port(value: Any) -> int:
    return _number(value, "port", 1, 65_535)


def _db(value: Any) -> int:
    return _number(value, "db", 0, 2**31 - 1)


@attrs.frozen
class Address:
    """One database of one server.

    >>> str(Address("redis", "127.0.0.1", 6379, 0))
    'redis://127.0.0.1:6379/0'

    Args:
        scheme: ``"redis"``, or ``"rediss"`` for TLS.
        host: a host name or an IP address, an IPv6 address without brackets.
        port: the TCP port, from 1 to 65535.
        db: the number of the database, from 0.

    Raises:
        InvalidRequestError: for a host, port or database that cannot be one.

    """

    scheme: str
    host: str = attrs.field(converter=_host)
    port: int = attrs.field(converter=_port)
    db: int = attrs.field(converter=_db)

    @classmethod
    def parse(cls, scheme: str, netloc: str, rest: str) -> tuple[Self, str]:
        """Read the parts of a URL: what stands before its first slash, and what stands behind it.

        >>> address, key = Address.parse("redis", "cache.example", "0/a//b/")
        >>> address.port, key
        (6379, 'a//b/')

        Args:
            scheme: ``"redis"`` or ``"rediss"``.
            netloc: ``host``, ``host:port`` or ``[IPv6]:port``.
            rest: ``db``, ``db/`` or ``db/key``.

        Returns:
            The address and the key, exactly as it stands; empty where only a database is named.

        Raises:
            InvalidPathError: if it is no such URL. The message shows nothing of ``netloc`` and
                ``rest``, which may hold a password that was put into the URL.

        """
        if "@" in netloc:
            msg = (
                f"a {scheme}:// URL must not hold a user or password, since URLs are logged and "
                "shared: pass username and password in storage_options"
            )
            raise InvalidPathError(msg, option="path")
        match = _NETLOC.fullmatch(netloc)
        db, _, key = rest.partition("/")
        if match is None:
            fault = "its host is none"
        elif match["port"] is not None and not _NUMBER.fullmatch(match["port"]):
            fault = "its port is no number"
        elif not _NUMBER.fullmatch(db):
            fault = "the part behind the host is not the number of a database, which comes first"
        else:
            try:
                host, port = match["v6"] or match["name"], match["port"] or DEFAULT_PORT
                return cls(scheme, host, port, db), key
            except InvalidRequestError as error:
                fault = str(error)
        msg = f"a path in Redis is {scheme}://host[:port]/db/key, such as {scheme}://localhost:6379/0/key, and in this one {fault}"
        raise InvalidPathError(msg, option="path")

    def __str__(self) -> str:
        """Return the URL of the database, which holds no secret."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}/{self.db}"


def split_url(text: str) -> tuple[Address, str] | None:
    """Read a whole URL; return None for text that is none, such as a bare key.

    >>> split_url("redis://localhost/2/a?b#c")[1]
    'a?b#c'
    >>> split_url("a/b") is None
    True

    Raises:
        InvalidPathError: for a ``redis://`` or ``rediss://`` URL that names no database.

    """
    match = _URL.fullmatch(text)
    return None if match is None else Address.parse(match[1], match[2], match[3] or "")
