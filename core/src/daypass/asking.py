"""How a hook is called: an error of the tree passes; any other is the plugin's fault, and so is a wrong answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from daypass.backends import Backend
from daypass.errors import DaypassError, PluginError

__all__ = ["ask", "broken", "named", "wrong_answer"]

T = TypeVar("T")


def ask(
    backend: Backend, hook: str, kind: type[T], call: Callable[..., object], **given: object
) -> T:
    """Call a hook, and return an answer of its kind.

    Args:
        backend: whose hook it is.
        hook: its name, for messages.
        kind: the class of its answer.
        call: the hook.
        given: what it is called with.

    Raises:
        PluginError: for another answer, or an error that is none of ours.
        DaypassError: whatever the hook raises of the tree in `daypass.errors`.

    """
    try:
        answer = call(**given)
    except DaypassError:
        raise
    except Exception as error:
        raise broken(backend, hook, error) from error
    if not isinstance(answer, kind):
        raise wrong_answer(backend, hook, kind, answer)
    return answer


def broken(backend: Backend, hook: str, error: Exception) -> PluginError:
    """Make the error for a hook that raises one that is none of ours."""
    msg = f"backend {backend.plugin}: {hook} failed with {named(error)}"
    return PluginError(msg, plugin=backend.plugin)


def wrong_answer(backend: Backend, hook: str, kind: type, answer: object) -> PluginError:
    """Make the error for a hook that returns something else than was asked for."""
    article = "an" if kind.__name__[0] in "AEIOU" else "a"
    msg = f"backend {backend.plugin}: {hook} returned {type(answer).__name__}, not {article} {kind.__name__}"
    return PluginError(msg, plugin=backend.plugin)


def named(error: Exception) -> str:
    """Name an error without its text, which may hold a credential or a URL."""
    return f"{type(error).__module__}.{type(error).__qualname__} (its cause is chained)"
