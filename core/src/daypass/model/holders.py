"""What an option's value must be that says who may use a link, and how often."""

from __future__ import annotations

import re
from collections.abc import Sequence

from daypass.base.messages import shown, shown_count
from daypass.errors import InvalidRequestError
from daypass.model.checks import text

__all__ = ["addresses", "hosts", "uses"]

#: A network by the number of its bits: neither a netmask nor the zone of one machine.
_CIDR = r"[0-9A-Fa-f:.]+/[0-9]{1,3}"


def addresses(value: str | None, option: str) -> str | None:
    """Return one address, the first and the last of a range, or a network, as it was written."""
    value = text(value, option)
    if value is None or _are_addresses(value):
        return value
    msg = f"{option} must be an address, first-last, or a network such as 198.51.100.0/24 or 2001:db8::/32, not {shown(value)}"
    raise InvalidRequestError(msg, option=option)


def _are_addresses(value: str) -> bool:
    """Tell whether all of it is of one kind, and a network has no host bits: stores differ on the rest."""
    from ipaddress import ip_address, ip_network  # not needed by most links

    first, dash, last = value.partition("-")
    try:
        if "/" in value:
            ip_network(value)
            return re.fullmatch(_CIDR, value) is not None
        low, high = ip_address(first), ip_address(last if dash else first)
    except ValueError:
        return False
    return "%" not in value and low.version == high.version and int(low) <= int(high)


#: A host as browsers write it, in ASCII and lower case (RFC 3986, RFC 5890), or a star for what is below one.
_HOST = r"(?:\*\.)?(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
#: RFC 1035 section 2.3.4, with the star in front; and how many hosts one link can name.
_LONGEST_HOST, _MOST_HOSTS = 255, 100


def hosts(value: str | Sequence[str] | None, option: str) -> tuple[str, ...] | None:
    """Return hosts in lower case, each once; one text is one host."""
    if value is None:
        return None
    given = [value] if isinstance(value, str) else value
    what = shown(value)
    if isinstance(given, (list, tuple)):
        found = [_host(one) for one in given[:_MOST_HOSTS]]
        if None in found:
            what = shown(given[found.index(None)])
        elif 0 < len(given) <= _MOST_HOSTS:
            return tuple(dict.fromkeys(filter(None, found)))
        else:
            what = f"a list of {len(given)}"
    msg = f"{option} must be a host such as example.org or *.example.org, without scheme, port and path, or a list of 1 to {_MOST_HOSTS}, not {what}"
    raise InvalidRequestError(msg, option=option)


def _host(value: object) -> str | None:
    """Return a host in lower case; None for what is none."""
    host = str.__str__(value) if isinstance(value, str) else ""
    if len(host) > _LONGEST_HOST or not host.isascii():
        return None
    return host.lower() if re.fullmatch(_HOST, host.lower()) else None


def uses(value: int | None, option: str) -> int | None:
    """Return how often a link works: once or more."""
    if value is None or (type(value) is int and 0 < value < 2**63):
        return value
    msg = f"{option} must be a number of uses from 1 to 2**63-1, not {shown_count(value)}"
    raise InvalidRequestError(msg, option=option)
