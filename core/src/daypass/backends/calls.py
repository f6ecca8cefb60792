"""How a hook is called, and what becomes of one that fails: said here, for every hook of a backend.

An error of the tree in `daypass.errors` passes. What becomes of any other depends on what the hook
has to do with:

- nothing but what it was given: it is the plugin's fault, a `PluginError` (`call`);
- a store, which may be down: it is the store's fault, a `StoreError` (`call_store`);
- a stranger's text, of which nothing is known: it is a finding (`read_by`).

Who listens, to refuse or to record, answers nothing: whoever returns something believes that it counts (`check_silent`).

An answer of another type is the plugin's fault, whatever the hook. Before a backend is known to keep
the contract, every error is the plugin's (`describe`).

``DAYPASS_TRACE=1``: every call is logged, with who answered, what, and how long it took.
"""

from __future__ import annotations

import inspect
import logging
import os
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from daypass.base.messages import CHAINED
from daypass.errors import DaypassError, PluginError, StoreError
from daypass.hookspecs.backend_info import BackendInfo
from daypass.hookspecs.findings import Finding
from daypass.model.links import SignedURL
from daypass.model.locations import Location

if TYPE_CHECKING:
    from daypass.hookspecs.cors_rules import CorsPlan
    from daypass.hookspecs.explanations import Explanation
    from daypass.hookspecs.found import FoundURL
    from daypass.hookspecs.parts import UploadSession
    from daypass.hookspecs.verifications import RequestCheck
    from daypass.model.batches import SignedURLBatch
    from daypass.model.forms import UploadForm
    from daypass.model.inboxes import Inbox
    from daypass.model.metadata import ObjectMetadata
    from daypass.model.prefixes import SignedPrefix
    from daypass.model.requests import SignRequest

__all__ = [
    "SETTING",
    "Backend",
    "because",
    "broken",
    "call",
    "call_store",
    "check_silent",
    "describe",
    "named",
    "read_by",
    "sign",
    "traced",
    "tracing",
    "without_secrets",
    "wrong_answer",
]

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
    return partial(_timed, hook, plugin, call)


def _timed(hook: str, plugin: str, call: Callable[..., Any], /, **arguments: Any) -> Any:
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
    """One loaded backend: what it declares, and its hooks by their names; None where it has none."""

    info: BackendInfo
    plugin: str
    create_signed_url: Callable[..., SignedURL | None] | None = attrs.field(repr=False)
    create_signed_urls: Callable[..., SignedURLBatch | None] | None = attrs.field(repr=False)
    create_signed_prefix: Callable[..., SignedPrefix | None] | None = attrs.field(repr=False)
    create_multipart_upload: Callable[..., UploadSession | None] | None = attrs.field(repr=False)
    create_upload_form: Callable[..., UploadForm | None] | None = attrs.field(repr=False)
    request_upload: Callable[..., Inbox | None] | None = attrs.field(repr=False)
    #: Of a signer it answers None: it only signs.
    head_metadata: Callable[..., ObjectMetadata | None] = attrs.field(repr=False)
    cors: Callable[..., CorsPlan | None] | None = attrs.field(repr=False)
    explain_url: Callable[..., Explanation | None] | None = attrs.field(repr=False)
    verify_url: Callable[..., RequestCheck | None] | None = attrs.field(repr=False)


T = TypeVar("T")


def call(backend: Backend, hook: str, kind: type[T], /, **given: object) -> T:
    """Call a hook that has to do with what it is given alone, and return an answer of its kind.

    Args:
        backend: whose hook it is.
        hook: its name.
        kind: the class of its answer.
        given: what it is called with.

    Raises:
        PluginError: for another answer, or an error that is none of ours.
        DaypassError: whatever the hook raises of the tree in `daypass.errors`.

    """
    try:
        answer = getattr(backend, hook)(**given)
    except Exception as error:  # noqa: BLE001 - raised below
        failed = error
    else:
        if not isinstance(answer, kind):
            raise wrong_answer(backend.plugin, hook, kind, answer)
        return answer
    raise _failure(backend, hook, failed, given.get("location"))


def sign(backend: Backend, location: Location, request: SignRequest) -> SignedURL:
    """Call ``create_signed_url`` as `call` does, without the dict of its arguments: every link waits for it.

    Raises:
        PluginError: for another answer, or an error that is none of ours.
        DaypassError: whatever the hook raises of the tree in `daypass.errors`.

    """
    hook = backend.create_signed_url
    assert hook is not None  # noqa: S101 - or nothing was let in
    try:
        answer = hook(location=location, request=request)
    except Exception as error:  # noqa: BLE001 - raised below
        failed = error
    else:
        if not isinstance(answer, SignedURL):
            raise wrong_answer(backend.plugin, "create_signed_url", SignedURL, answer)
        return answer
    raise _failure(backend, "create_signed_url", failed, location)


def _failure(backend: Backend, hook: str, error: Exception, location: object) -> DaypassError:
    """Return what is raised for a failing hook that has to do with what it is given alone."""
    if not isinstance(error, DaypassError):
        error = because(broken(backend.plugin, hook, error), error)
    return without_secrets(error, backend, location)


def call_store(
    backend: Backend,
    step: str,
    kind: type[T],
    hook: Callable[[], object],
    *,
    location: Location,
    doing: str,
    faults: type[Exception] = Exception,
) -> T:
    """Call what speaks with a store, and return an answer of its kind.

    Args:
        backend: whose hook it is, or whose session of an upload.
        step: its name, for messages.
        kind: the class of its answer.
        hook: the hook, or the session's method, with its arguments.
        location: of the object, or the bucket.
        doing: what the store is to do, for messages: ``read the metadata of s3://maps/a``.
        faults: the errors that are the store's; all others are the plugin's.

    Raises:
        StoreError: for an error that is the store's.
        PluginError: for another answer, or an error that is none of ours.
        DaypassError: whatever is raised of the tree in `daypass.errors`.

    """
    failed: DaypassError
    try:
        answer = hook()
    except DaypassError as error:
        failed = error
    except faults as error:
        failed = because(
            StoreError(f"{backend.info.name} could not {doing}: {named(error)}"), error
        )
    except Exception as error:  # noqa: BLE001 - raised below
        failed = because(broken(backend.plugin, step, error), error)
    else:
        if not isinstance(answer, kind) or (kind is object and answer is None):
            raise wrong_answer(backend.plugin, step, kind, answer)
        return answer
    raise without_secrets(failed, backend, location)


def because(failed: DaypassError, error: Exception) -> DaypassError:
    """Chain an error to what it came from, as ``raise ... from`` does where it is not raised yet."""
    failed.__cause__ = error
    return failed


def without_secrets(
    failed: DaypassError, backend: Backend, location: Location | object
) -> DaypassError:
    """Return an error of a hook, in whose chain no text of an SDK holds a secret.

    It is to be raised outside of the ``except``, which would chain what was there before.
    """
    from daypass.base.scrubbing import scrubbed  # which nobody needs while all goes well

    options = (location.storage_options, location.options) if isinstance(location, Location) else ()
    own = location.secret_options if isinstance(location, Location) else frozenset[str]()
    return scrubbed(failed, *options, names=backend.info.secret_query_keys, own=own)


def read_by(backend: Backend, found: FoundURL) -> Explanation | Finding | None:
    """Ask a backend what a stranger's URL is; None where it does not know, a finding where it fails."""
    if backend.explain_url is None:
        return None
    try:
        return backend.explain_url(url=found)
    except Exception as error:  # noqa: BLE001 - a stranger's text must not end in a traceback
        why = f"the backend {backend.info.name} failed to read it ({type(error).__name__}): please report it"
        return Finding("warning", "backend-failed", why)


def describe(plugin: str, hook: Callable[[], object]) -> BackendInfo:
    """Ask a backend what it declares.

    Raises:
        PluginError: naming the plugin and what is wrong with it.

    """
    try:
        info = hook()
    except PluginError as error:  # BackendInfo says what is wrong with what it was given
        msg = f"backend {plugin}: {error}"
        raise PluginError(msg, plugin=plugin) from error
    except Exception as error:
        raise broken(plugin, "describe_backend", error) from error
    if not isinstance(info, BackendInfo):
        raise wrong_answer(plugin, "describe_backend", BackendInfo, info)
    return info


def check_silent(hook: str, answer: object) -> None:
    """Raise where one who listens answered, be it False or a coroutine, which nobody would await.

    Args:
        hook: ``authorize`` or ``record``.
        answer: what the function returned, or a list of what several did that returned anything.

    Raises:
        PluginError: naming what was returned.

    """
    if answer is None:
        return
    first = answer[0] if isinstance(answer, list) and answer else answer
    if inspect.iscoroutine(first):
        first.close()  # or Python would warn that nobody awaited it
    msg = f"{hook} returned {type(first).__name__}, and whoever listens returns None: raise an error to refuse, and write a plain function"
    raise PluginError(msg)


def broken(plugin: str, hook: str, error: Exception) -> PluginError:
    """Make the error for a hook that raises one that is none of ours."""
    msg = f"backend {plugin}: {hook} failed with {named(error)}"
    return PluginError(msg, plugin=plugin)


def wrong_answer(plugin: str, hook: str, kind: type, answer: object) -> PluginError:
    """Make the error for a hook that returns something else than was asked for."""
    article = "an" if kind.__name__[0] in "AEIOU" else "a"
    msg = (
        f"backend {plugin}: {hook} returned {type(answer).__name__}, not {article} {kind.__name__}"
    )
    return PluginError(msg, plugin=plugin)


def named(error: Exception) -> str:
    """Name an error without its text, which may hold a credential or a URL."""
    return f"{type(error).__module__}.{type(error).__qualname__} {CHAINED}"
