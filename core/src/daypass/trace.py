"""``DAYPASS_TRACE=1``: every call of a hook is logged, with who answered, what, and how long it took."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from functools import partial
from typing import Any

__all__ = ["SETTING", "traced", "tracing"]

#: The environment variable that switches it on, for plugins that are loaded from then on.
SETTING = "DAYPASS_TRACE"
_log = logging.getLogger("daypass.trace")


def tracing() -> bool:
    """Tell whether calls are logged: the setting is neither unset, empty nor 0."""
    return os.environ.get(SETTING, "") not in ("", "0")


def traced(hook: str, plugin: str, call: Callable[..., Any]) -> Callable[..., Any]:
    """Return the call itself, or, where tracing is on, one that is logged.

    The lines go to the logger ``daypass.trace``, and to stderr where the application has not set up
    logging. They name types and never a value, so that no path, URL or credential is in them.

    Args:
        hook: the name of the hook.
        plugin: the name of the plugin that implements it.
        call: its caller.

    """
    if not tracing():
        return call
    _log.setLevel(logging.INFO)
    if not _log.hasHandlers():
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("daypass: trace: %(message)s"))
        _log.addHandler(handler)
    return partial(_call, hook, plugin, call)


def _call(hook: str, plugin: str, call: Callable[..., Any], /, **arguments: Any) -> Any:
    begin = time.perf_counter()
    outcome = "it was interrupted"
    try:
        answer = call(**arguments)
        # Of authorize and record pluggy makes a list; there it says nothing to name its type.
        outcome = "returned" if isinstance(answer, list) else f"answered {type(answer).__name__}"
    except Exception as error:
        outcome = f"raised {type(error).__module__}.{type(error).__qualname__}"
        raise
    finally:
        took = (time.perf_counter() - begin) * 1000
        _log.info("%s of %s %s in %.3f ms", hook, plugin, outcome, took)
    return answer
