"""``Network``: how a filesystem reaches its store, so that what daypass sends goes the same way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    import ssl

__all__ = ["EVERYBODYS", "Network"]


@attrs.frozen(kw_only=True, repr=False)  # a proxy's URL may hold a login
class Network:
    """How a filesystem reaches its store; what is None is as everybody's: the system's, and the environment's."""

    #: Whose certificates it takes, and which one it shows.
    context: ssl.SSLContext | None = None
    #: The URL of the proxy, by scheme (``"https"``), that every request goes by, whatever ``no_proxy`` says; an empty
    #: mapping for none at all. None is for those of the environment, but for the hosts that its ``no_proxy`` names.
    proxies: Mapping[str, str] | None = None


#: How whoever has a link alone reaches what it leads to.
EVERYBODYS = Network()
