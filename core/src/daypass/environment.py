"""The environment of the process, numbered: another number as soon as a variable is another."""

from __future__ import annotations

import os
from collections.abc import Mapping
from itertools import count
from typing import Any

__all__ = ["environment_number"]

#: The environment undecoded: os.environ decodes all of it at each look, which takes longer than
#: signing does.
_ENVIRONMENT: Mapping[Any, Any] = getattr(os.environ, "_data", os.environ)
_numbers = count()
_last: list[tuple[dict[Any, Any], int]] = [({}, next(_numbers))]


def environment_number() -> int:
    """Return the number of the environment as it is now."""
    known, number = _last[0]
    if known != _ENVIRONMENT:
        number = next(_numbers)
        _last[0] = (dict(_ENVIRONMENT), number)
    return number
