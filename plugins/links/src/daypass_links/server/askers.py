"""Threads for whatever asks a store: a slow one keeps from theirs those alone that ask stores too, and nobody from signing in or revoking."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, ParamSpec, TypeVar

__all__ = ["asking", "asks_a_store"]

_Given = ParamSpec("_Given")
_Answer = TypeVar("_Answer")
#: So many ask at once; whoever comes then waits for one of them, each of which has a deadline.
_ASKERS = ThreadPoolExecutor(32, "daypass-asking")


async def asking(
    function: Callable[_Given, _Answer], *args: _Given.args, **kwargs: _Given.kwargs
) -> _Answer:
    """Call in one of these threads what may ask a store; it raises what that raises."""
    call = functools.partial(copy_context().run, function, *args, **kwargs)
    return await asyncio.get_running_loop().run_in_executor(_ASKERS, call)


def asks_a_store(
    handler: Callable[_Given, _Answer],
) -> Callable[_Given, Coroutine[Any, Any, _Answer]]:
    """Have a handler run in one of these threads, in place of those of all others."""

    @functools.wraps(handler)
    async def run(*args: _Given.args, **kwargs: _Given.kwargs) -> _Answer:
        return await asking(handler, *args, **kwargs)

    return run
