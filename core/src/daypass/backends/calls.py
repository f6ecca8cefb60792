"""How a hook is called: an error of the tree passes; any other is the plugin's fault, and so is a wrong answer.

``DAYPASS_TRACE=1``: every call is logged, with who answered, what, and how long it took.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from daypass.errors import DaypassError, PluginError
from daypass.hookspecs.backend_info import BackendInfo
from daypass.hookspecs.cors_rules import CorsPlan
from daypass.hookspecs.parts import UploadSession
from daypass.model.batches import SignedURLBatch
from daypass.model.forms import UploadForm
from daypass.model.links import SignedURL
from daypass.model.locations import Location
from daypass.model.metadata import ObjectMetadata
from daypass.model.prefixes import SignedPrefix
from daypass.model.requests import SignRequest

if TYPE_CHECKING:
    from daypass.hookspecs.explanations import Explanation, RequestCheck

__all__ = ["SETTING", "Backend", "ask", "broken", "named", "traced", "tracing", "wrong_answer"]

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


@attrs.frozen
class Backend:
    """One loaded backend: what it declares, and a typed way to each of its hooks."""

    info: BackendInfo
    plugin: str
    sign: Callable[..., SignedURL | None] | None = attrs.field(repr=False)
    sign_many: Callable[..., SignedURLBatch | None] | None = attrs.field(repr=False)
    _head: Callable[..., ObjectMetadata | None] = attrs.field(repr=False)
    sign_prefix: Callable[..., SignedPrefix | None] | None = attrs.field(default=None, repr=False)
    explain: Callable[..., Explanation | None] | None = attrs.field(default=None, repr=False)
    verify: Callable[..., RequestCheck | None] | None = attrs.field(default=None, repr=False)
    multipart: Callable[..., UploadSession | None] | None = attrs.field(default=None, repr=False)
    sign_form: Callable[..., UploadForm | None] | None = attrs.field(default=None, repr=False)
    cors: Callable[..., CorsPlan | None] | None = attrs.field(default=None, repr=False)

    def create_signed_url(self, location: Location, request: SignRequest) -> SignedURL | None:
        """Call the plugin's hook of the same name."""
        return self.sign(location=location, request=request) if self.sign else None

    def head_metadata(self, location: Location) -> ObjectMetadata | None:
        """Call the plugin's hook of the same name."""
        return self._head(location=location)


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
