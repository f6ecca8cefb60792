"""Why a store could not be reached, and whose clock is wrong where it refused: whatever library made the request."""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime

from daypass.base.messages import escaped
from daypass.base.times import http_date, span

__all__ = ["clock_apart", "is_lasting", "unreachable"]

#: Libraries wrap one error in another; more of them are none's.
_DEEPEST = 12
#: Where they keep it, beside the chain that Python makes.
_KEPT = ("reason", "os_error", "certificate_error", "inner_exception")
#: Seconds. S3 refuses requests that were signed by a clock that differs by more than a quarter of an hour.
_SKEW = 300
_NO_WAY = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN})
#: What a resolver is sure of; EAI_AGAIN is what it says without a network. Not every system has all.
_NO_SUCH_NAME = frozenset(
    number
    for name in ("EAI_NONAME", "EAI_NODATA", "EAI_FAIL")
    if (number := getattr(socket, name, None)) is not None
)
#: In OpenSSL's reasons: whose certificate is refused, on either side, and who speaks another version, or no TLS.
_OF_TLS_ITSELF = ("CERT", "UNKNOWN_CA", "VERSION", "PROTOCOL")


def unreachable(error: BaseException) -> str | None:
    """Say why no answer came: the name, the connection, TLS or the time; None where it was something else.

    >>> unreachable(ConnectionRefusedError())
    'the connection was refused: nothing listens there, or a firewall forbids it'

    Args:
        error: what a library raised, whatever it wrapped it in.

    """
    found = [*_chain(error)]
    if any(getattr(one, "errno", None) in _NO_WAY for one in found):
        return "there is no way to its network: check the network, a VPN or a proxy"
    for kind, say in _KINDS:
        for one in found:
            if isinstance(one, kind):
                return say(one)
    return None


def is_lasting(error: BaseException) -> bool:
    """Tell whether a later try would fail in the same way: by a certificate, by TLS itself, or for want of such a host.

    >>> is_lasting(ConnectionRefusedError())
    False

    Args:
        error: what a library raised, whatever it wrapped it in.

    """
    for one in _chain(error):
        reason = getattr(one, "reason", None) if isinstance(one, ssl.SSLError) else None
        if isinstance(reason, str) and any(word in reason for word in _OF_TLS_ITSELF):
            return True
        if isinstance(one, socket.gaierror) and one.errno in _NO_SUCH_NAME:
            return True
    return False


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error, and all that it was made of."""
    waiting, seen = [error], set[int]()
    while waiting and len(seen) < _DEEPEST:
        one = waiting.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        named = getattr(one, "kwargs", None)  # botocore's
        inner = [getattr(one, name, None) for name in _KEPT]
        inner += [named.get("error")] if isinstance(named, dict) else []
        inner += [one.__cause__, one.__context__]
        waiting += [other for other in inner if isinstance(other, BaseException)]


def _of_certificate(error: BaseException) -> str:
    why = escaped(str(getattr(error, "verify_message", "") or "it does not verify"), 100)
    return f"its certificate is not trusted ({why}): trust the authority that signed it, or use the host that it names"


def _of_tls(error: BaseException) -> str:
    why = escaped(str(getattr(error, "reason", None) or "the handshake failed"), 60)
    return f"TLS failed ({why}): does it speak plain http, or does a proxy stand between?"


_KINDS = (
    (ssl.SSLCertVerificationError, _of_certificate),
    (ssl.SSLError, _of_tls),
    (
        socket.gaierror,
        lambda _: "the name of its host cannot be found: check the endpoint and the region",
    ),
    (
        ConnectionRefusedError,
        lambda _: "the connection was refused: nothing listens there, or a firewall forbids it",
    ),
    (
        ConnectionError,
        lambda _: "the connection was cut: a proxy, a firewall or the store itself has ended it",
    ),
    (TimeoutError, lambda _: "it did not answer in time"),
)


def clock_apart(date: object, now: datetime | None = None) -> str:
    """Say how far this machine's clock is from a store's that refused; empty where it is near.

    >>> clock_apart("Sun, 06 Nov 1994 08:49:37 GMT", datetime(1994, 11, 6, 8, 29, 37, tzinfo=UTC))
    "; this machine's clock is 20 minutes behind the store's, which refuses what it signs: set it by NTP"

    Args:
        date: the answer's header ``Date``.
        now: this machine's clock.

    """
    server = http_date(date)
    if server is None:
        return ""
    difference = ((datetime.now(UTC) if now is None else now) - server).total_seconds()
    if abs(difference) <= _SKEW:
        return ""
    side = "ahead of" if difference > 0 else "behind"
    return f"; this machine's clock is {span(abs(difference))} {side} the store's, which refuses what it signs: set it by NTP"
