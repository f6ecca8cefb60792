"""The one way to a backend: check, authorize, ask, judge the answer, record."""

from __future__ import annotations

import hashlib
import re
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import quote

from attrs import evolve as _evolve

from daypass.backends import Backend, registry
from daypass.errors import (
    AuditError,
    DaypassError,
    InvalidExpiryError,
    InvalidRequestError,
    PluginError,
    RefusedError,
    ShortLivedURLError,
    ShortLivedURLWarning,
    SigningNotSupportedError,
    StoreError,
    UnsupportedOptionError,
)
from daypass.hookspecs import SigningEvent
from daypass.locations import Location, check_key
from daypass.requests import DESCRIBING, RESTRICTING, SignRequest
from daypass.results import REQUESTED, ObjectMetadata, SignedURL

__all__ = ["create_signed_url", "head_metadata"]

#: http(s), a host without user info, and no character that a URL must encode (RFC 3986).
_SOUND_URL = re.compile(
    r"https?://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?/[!$&-;=?@A-Z_a-z~%]*"
)


def create_signed_url(
    backend: Backend, location: Location, request: SignRequest, *, caller: str | None
) -> SignedURL:
    """Sign one URL by the rules of the house.

    Raises:
        DaypassError: one of the tree in `daypass.errors`, whatever the plugin raised.

    """
    info = backend.info
    check_key(
        location.key, max_bytes=info.max_key_bytes, allow_dot_segments=request.allow_dot_segments
    )
    if backend.sign is None or request.method not in info.methods:
        _refuse_method(backend, request)
    _check_version(backend, location, request)
    waived: frozenset[str] = frozenset()
    if request.conditions and not request.conditions <= info.enforces:
        waived = _waive(backend, request)
        request = request.without(waived) if waived else request
    resolved = request.resolve(datetime.now(UTC))
    if info.max_expires_in is not None and resolved.expires_in > info.max_expires_in:  # type: ignore[operator]
        msg = (
            f"the lifetime of {resolved.expires_in} s is above the {info.max_expires_in} s that "
            f"{info.name} allows: ask for less, or sign again later"
        )
        raise InvalidExpiryError(msg, option="expires_in")
    if authorize := registry.listeners("authorize"):
        _authorize(authorize, _event(backend, location, resolved, caller))
    answer = _ask(backend, location, resolved)
    _judge(backend, location, resolved, answer)
    if waived:
        answer = _evolve(answer, unenforced=answer.unenforced | waived)
    if answer.expires_because != REQUESTED:
        _tell_short(resolved, answer)
    if record := registry.listeners("record"):
        _record(record, _event(backend, location, resolved, caller, answer))
    return answer


def head_metadata(backend: Backend, location: Location) -> ObjectMetadata:
    """Read one object's metadata.

    Raises:
        ObjectNotFoundError: if there is no such object.
        DaypassError: another of the tree in `daypass.errors`.

    """
    check_key(location.key, max_bytes=backend.info.max_key_bytes, allow_dot_segments=True)
    if location.version is not None and not backend.info.versions:
        _refuse_version(backend)
    try:
        answer = backend.head_metadata(location)
    except DaypassError:
        raise
    except Exception as error:
        msg = f"{backend.info.name} could not read the metadata of {location.path}: {_named(error)}"
        raise StoreError(msg) from error
    if not isinstance(answer, ObjectMetadata):
        msg = f"backend {backend.plugin}: head_metadata returned {type(answer).__name__}, not an ObjectMetadata"
        raise PluginError(msg, plugin=backend.plugin)
    return answer


def _named(error: Exception) -> str:
    """Name an error without its text, which may hold a credential or a URL."""
    return f"{type(error).__module__}.{type(error).__qualname__} (its cause is chained)"


def _refuse_method(backend: Backend, request: SignRequest) -> None:
    info = backend.info
    if backend.sign is None or not info.methods:
        why = info.why_not or "its store has no signed URLs"
        msg = f"{info.name} cannot sign URLs: {why}"
        raise SigningNotSupportedError(msg)
    msg = f"{info.name} cannot sign {request.method}: it signs {', '.join(sorted(info.methods))}"
    raise UnsupportedOptionError(
        msg, option="method", backend=info.name, alternatives=sorted(info.methods)
    )


def _check_version(backend: Backend, location: Location, request: SignRequest) -> None:
    if location.version is None:
        return
    if not backend.info.versions:
        _refuse_version(backend)
    if request.method == "PUT":
        msg = "version names an object that exists, so it goes with GET, HEAD and DELETE, not PUT"
        raise InvalidRequestError(msg, option="version")


def _refuse_version(backend: Backend) -> None:
    msg = f"{backend.info.name} keeps no versions that version= could name"
    raise UnsupportedOptionError(msg, option="version", backend=backend.info.name)


def _waive(backend: Backend, request: SignRequest) -> frozenset[str]:
    """Return the restrictions that the caller waives (strict=False), or refuse by name."""
    beyond = request.conditions - backend.info.enforces - DESCRIBING
    refused = beyond if request.strict else beyond - RESTRICTING
    if refused:
        raise unsupported(backend, min(refused))
    return beyond


def unsupported(backend: Backend, option: str) -> UnsupportedOptionError:
    """Make the error for an option that a backend cannot enforce."""
    able = registry.enforcers(option)
    by = f"{', '.join(able)} can" if able else "no installed backend can"
    waive = ", or pass strict=False to go without" if option in RESTRICTING else ""
    msg = f"{backend.info.name} cannot enforce {option}: {by}{waive}"
    return UnsupportedOptionError(msg, option=option, backend=backend.info.name, alternatives=able)


def _ask(backend: Backend, location: Location, request: SignRequest) -> SignedURL:
    try:
        answer = backend.create_signed_url(location, request)
    except DaypassError:
        raise
    except Exception as error:
        msg = f"backend {backend.plugin}: create_signed_url failed with {_named(error)}"
        raise PluginError(msg, plugin=backend.plugin) from error
    if not isinstance(answer, SignedURL):
        msg = f"backend {backend.plugin}: create_signed_url returned {type(answer).__name__}, not a SignedURL"
        raise PluginError(msg, plugin=backend.plugin)
    return answer


def _judge(backend: Backend, location: Location, request: SignRequest, answer: SignedURL) -> None:
    """Raise where the answer is not what was asked; the message never shows the URL."""
    place, _, query = answer.url.partition("?")
    fault = None
    if not _SOUND_URL.fullmatch(place) or not _SOUND_URL.fullmatch("http://q/" + query):
        fault = "a URL that is not http(s)://host/path in plain RFC 3986 characters"
    elif not place.endswith(quote(location.key, safe="/~")):
        fault = "a URL whose path does not end in the key"
    elif location.public_endpoint is not None and not _is_below(location.public_endpoint, place):
        fault = "a URL whose host is not the public endpoint's"
    elif answer.method != request.method or request.method not in answer.permits:
        fault = f"a URL for {answer.method}, permitting {sorted(answer.permits)}"
    elif answer.expires_at.utcoffset() is None:
        fault = "a naive expires_at"
    elif not request.signing_time < answer.expires_at <= request.expires_at:  # type: ignore[operator]
        fault = "an end that is not after the signing time and up to the end asked for"
    elif answer.backend != backend.info.name or answer.path != location.path:
        fault = "another backend's name or another path"
    elif unsaid := (request.conditions - backend.info.enforces - answer.unenforced):
        fault = f"no word in unenforced of {', '.join(sorted(unsaid))}"
    if fault:
        msg = f"backend {backend.plugin} answered a request for {request.method} with {fault}"
        raise PluginError(msg, plugin=backend.plugin)


def _is_below(endpoint: str, place: str) -> bool:
    """Tell whether a URL's host is the endpoint's, or a name below it (virtual hosts)."""
    wanted = endpoint.lower().partition("://")[2].partition("/")[0]
    scheme = endpoint.lower().partition("://")[0]
    found_scheme, _, rest = place.lower().partition("://")
    host = rest.partition("/")[0]
    default = {"http": ":80", "https": ":443"}[scheme]
    wanted, host = wanted.removesuffix(default), host.removesuffix(default)
    return found_scheme == scheme and (host == wanted or host.endswith("." + wanted))


def _tell_short(request: SignRequest, answer: SignedURL) -> None:
    msg = (
        f"the {answer.method} link for {answer.path} ends {answer.expires_at:%Y-%m-%d %H:%M:%S} UTC, "
        f"asked for {request.expires_at:%Y-%m-%d %H:%M:%S} UTC: {answer.expires_because}"
    )
    if request.on_short == "raise":
        raise ShortLivedURLError(msg)
    warnings.warn(msg, ShortLivedURLWarning, stacklevel=4)  # the caller of the public door


def _event(
    backend: Backend,
    location: Location,
    request: SignRequest,
    caller: str | None,
    answer: SignedURL | None = None,
) -> SigningEvent:
    event = SigningEvent(
        action="create_signed_url",
        caller=caller,
        backend=backend.info.name,
        path=location.path,
        version=location.version,
        method=request.method,
        signing_time=request.signing_time,  # type: ignore[arg-type] # resolved
        expires_at=request.expires_at,  # type: ignore[arg-type] # resolved
        conditions=request.conditions,
    )
    if answer is None:
        return event
    return _evolve(
        event,
        expires_at=answer.expires_at,
        expires_because=answer.expires_because,
        unenforced=answer.unenforced,
        url_sha256=hashlib.sha256(answer.url.encode()).hexdigest(),
    )


def _authorize(hook: Callable[[SigningEvent], None], event: SigningEvent) -> None:
    try:
        hook(event)
    except DaypassError:
        raise
    except Exception as error:
        msg = f"{event.method} on {event.path} was refused by a plugin: {_named(error)}"
        raise RefusedError(msg) from error


def _record(hook: Callable[[SigningEvent], None], event: SigningEvent) -> None:
    try:
        hook(event)
    except Exception as error:
        msg = (
            f"the {event.method} link for {event.path} could not be recorded, so it was not "
            f"handed out: {_named(error)}"
        )
        raise AuditError(msg) from error
