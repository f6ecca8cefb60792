"""What botocore finds out anew for each session and each client, found out once for a process of tests.

None of it depends on what a session or a client is given. A quarter of the time of all tests that make
links for S3 went there.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Any


def find_out_once(put: Callable[[object, str, object], None] = setattr) -> None:
    """Let botocore, where it is in use, parse its data, its rules and its own functions' arguments once."""
    if "botocore.session" not in sys.modules:
        return
    from botocore import hooks, regions, session

    put(session, "create_loader", functools.cache(session.create_loader))
    put(hooks, "accepts_kwargs", _of_code(hooks.accepts_kwargs))
    put(hooks.EventAliaser, "_alias_event_name", _of_name(hooks.EventAliaser._alias_event_name))
    put(regions, "EndpointProvider", _of_data(regions.EndpointProvider))


def _of_code(accepts: Callable[[Any], object]) -> Callable[[Any], object]:
    """Remember what a function accepts by its code, and so nothing that a method is bound to."""
    known: dict[object, object] = {}

    def remembered(function: Any) -> object:
        code = getattr(getattr(function, "__func__", function), "__code__", None)
        if code is None:
            return accepts(function)
        if code not in known:
            known[code] = accepts(function)
        return known[code]

    return remembered


def _of_name(alias: Callable[[object, str], str]) -> Callable[[object, str], str]:
    """Remember how an event is called by now: every session has the same list of older names."""
    known: dict[str, str] = {}

    def remembered(self: object, name: str) -> str:
        if name not in known:
            known[name] = alias(self, name)
        return known[name]

    return remembered


def _of_data(provider: Callable[..., object]) -> Callable[..., object]:
    """Remember the rules by the data that they were read from, which stay as long as they do."""
    known: dict[tuple[int, ...], tuple[object, dict[str, object]]] = {}

    def remembered(**data: object) -> object:
        key = tuple(id(one) for one in data.values())
        if key not in known:
            known[key] = provider(**data), data
        return known[key][0]

    return remembered
