"""Where a webhook may lead: to the world by https, or to this machine; never to what only this machine's network can reach."""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

import attrs

from daypass.base.urls import check_endpoint
from daypass.errors import InvalidRequestError, RefusedError

__all__ = ["Destination", "address_of", "destination"]

#: Names of this machine.
_OWN = ("127.0.0.1", "localhost", "::1")
_PORTS = {"https": 443, "http": 80}
#: Where clouds tell a machine its secrets, beside what is link-local.
_METADATA = frozenset(
    map(ip_address, ("100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254"))
)
#: Addresses of IPv4 in IPv6 by RFC 6052; how others of its kind are translated, only their network knows (RFC 8215).
_TRANSLATED, _TRANSLATED_SOMEHOW = ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48")


@attrs.frozen
class Destination:
    """A webhook's address, as the configuration says it."""

    host: str
    port: int
    is_secure: bool
    #: The path and the query.
    target: str
    #: Whether it may be in a network of one's own.
    may_be_private: bool

    @property
    def is_own(self) -> bool:
        """Whether it is on this machine, by its name."""
        return self.host in _OWN


def destination(url: str, *, may_be_private: bool) -> Destination:
    """Read an address.

    Args:
        url: https, or http on this machine.
        may_be_private: allow networks of one's own, and http there.

    Raises:
        InvalidRequestError: for what is no such address.

    """
    place, _, query = url.partition("?")
    parts = urlsplit(check_endpoint(place, "webhook"))
    host = (parts.hostname or "").rstrip(".")
    if parts.scheme != "https" and host not in _OWN and not may_be_private:
        msg = "webhook is https, or http on this machine: set webhook_private where it is in a network of your own"
        raise InvalidRequestError(msg, option="webhook")
    if not (query.isascii() and query.isprintable()) or {*query} & {*" #"}:
        msg = "webhook has a query that is written as URLs write it"
        raise InvalidRequestError(msg, option="webhook")
    path = parts.path or "/"
    return Destination(
        host=host,
        port=parts.port or _PORTS[parts.scheme],
        is_secure=parts.scheme == "https",
        target=f"{path}?{query}" if query else path,
        may_be_private=may_be_private,
    )


def address_of(place: Destination) -> str:
    """Ask once for the addresses of a host, and return the one to connect to: whatever its name leads to later is not asked.

    Raises:
        RefusedError: if one of them is where no webhook may lead.
        OSError: if there is none.

    """
    found = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
    addresses = [str(one[4][0]) for one in found]
    for text in addresses:
        if not _is_allowed(text, place):
            msg = f"the webhook's host {place.host} leads to {text}, which is in no network that it may be in"
            raise RefusedError(msg)
    return addresses[0]


def _is_allowed(text: str, place: Destination) -> bool:
    address = _plain(ip_address(text.partition("%")[0]))
    if place.is_own or address.is_loopback:
        return address.is_loopback and (place.is_own or place.may_be_private)
    if (
        address in _METADATA
        or address.is_link_local
        or address.is_multicast
        or address.is_unspecified
        or address.is_reserved
        or address in _TRANSLATED_SOMEHOW
    ):
        return False
    return address.is_global or place.may_be_private


def _plain(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return an address of IPv4 that is written as one of IPv6, as what it is."""
    if isinstance(address, IPv4Address):
        return address
    assert isinstance(_TRANSLATED, IPv6Network)  # noqa: S101 - as it is written above
    if address in _TRANSLATED:
        return IPv4Address(address.packed[-4:])
    return address.ipv4_mapped or address.sixtofour or address
