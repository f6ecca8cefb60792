"""Client addresses as CloudFront's policies name them: one IPv4 network in CIDR notation."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, summarize_address_range

__all__ = ["NotOneNetworkError", "network"]


class NotOneNetworkError(ValueError):
    """The addresses are legal, and a policy cannot name them; the text says why."""


def network(text: str) -> str:
    """Return addresses in CIDR notation: a network, one address, or a range that is a network.

    >>> network("192.0.2.7"), network("198.51.100.0-198.51.100.255")
    ('192.0.2.7/32', '198.51.100.0/24')

    Raises:
        NotOneNetworkError: for IPv6, and for a range that is no network.

    """
    first, dash, last = text.partition("-")
    try:
        if not dash:
            return str(IPv4Network(text))
        networks = list(summarize_address_range(IPv4Address(first), IPv4Address(last)))
    except ValueError:  # core takes IPv6 too, and nothing that is neither
        msg = "its policies know IPv4 addresses only"
        raise NotOneNetworkError(msg) from None
    if len(networks) > 1:
        msg = "its policies hold one network, and this range is none, such as 198.51.100.0/24"
        raise NotOneNetworkError(msg)
    return str(networks[0])
