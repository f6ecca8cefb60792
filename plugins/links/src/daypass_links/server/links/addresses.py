"""Whose address a request comes from: proxies that are declared are believed, and nobody else."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network

from daypass_links.server.settings import Network

__all__ = ["from_proxies", "is_one_of", "is_within", "network_of", "plain"]

#: Who has one address of IPv6 has all that begin with its first 64 bits.
_SUBSCRIBER = 64
_WITH_PORT = re.compile(r"\[([^]]+)](?::[0-9]+)?|([^:]+):[0-9]+")


@lru_cache(maxsize=65_536)
def plain(text: str) -> str:
    """Return an address in one spelling, one of IPv4 that is written as IPv6 as what it is.

    >>> plain("::ffff:192.0.2.7"), plain("2001:DB8:0::1"), plain("testclient")
    ('192.0.2.7', '2001:db8::1', '')
    >>> plain("192.0.2.7:4711"), plain("[2001:db8::1]:4711")  # as some proxies have it
    ('192.0.2.7', '2001:db8::1')
    """
    text = text.strip()
    with_port = _WITH_PORT.fullmatch(text)
    try:
        found = ip_address((with_port[1] or with_port[2] if with_port else text).partition("%")[0])
    except ValueError:
        return ""
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return str(mapped or found)


@lru_cache(maxsize=65_536)
def network_of(address: str) -> str:
    """Return what stands for one client: an address, of IPv6 its first 64 bits.

    >>> network_of("192.0.2.7"), network_of("2001:db8:1:2:3::4")
    ('192.0.2.7', '2001:db8:1:2::/64')
    """
    if ":" not in address:
        return address
    return str(ip_network(f"{address}/{_SUBSCRIBER}", strict=False))


def from_proxies(peer: str, forwarded: Iterable[str], proxies: tuple[Network, ...]) -> str:
    """Return the address of a client, empty where it is none.

    Args:
        peer: who is connected.
        forwarded: the values of ``X-Forwarded-For``, in order; whoever sends a request writes what he likes in front.
        proxies: whose word is believed: the right-most address that is none of theirs is the client's.

    """
    address = plain(peer)
    for text in reversed([part for value in forwarded for part in value.split(",")]):
        if not is_one_of(address, proxies):
            break
        address = plain(text)
    return address


def is_one_of(address: str, networks: tuple[Network, ...]) -> bool:
    """Tell whether an address is in one of some networks."""
    return bool(address) and any(ip_address(address) in network for network in networks)


@lru_cache(maxsize=4096)
def _ends(ip_range: str) -> tuple[int, int, int]:
    if "/" in ip_range:
        network = ip_network(ip_range)
        return network.version, int(network[0]), int(network[-1])
    first, _, last = ip_range.partition("-")
    low = ip_address(first)
    return low.version, int(low), int(ip_address(last or first))


def is_within(address: str, ip_range: str) -> bool:
    """Tell whether an address is in what ``ip_range`` says.

    >>> is_within("192.0.2.7", "192.0.2.0/24"), is_within("", "192.0.2.0/24")
    (True, False)
    """
    if not address:
        return False
    found = ip_address(address)
    version, low, high = _ends(ip_range)
    return found.version == version and low <= int(found) <= high
