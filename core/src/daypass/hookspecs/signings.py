"""``Signing``: what a hook that signs an object of some type is given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import attrs

__all__ = ["Signing"]


@attrs.frozen(repr=False, eq=False)
class Signing:
    """What the paths in an object become URLs by, with the options of the call."""

    #: Returns the URLs of many texts, signed together, in their order. What is no path that can be signed is returned as it
    #: is: a URL, a missing value, any other text.
    urls: Callable[[Sequence[Any]], list[Any]]
    #: Returns what is inside an object, signed as `daypass.sign` signs it.
    inner: Callable[[Any], Any]
    #: Whether the object itself is to be changed and returned, and not a copy.
    in_place: bool
