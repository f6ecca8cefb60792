"""What a backend lets in: the request held against what the backend declares."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NoReturn

from daypass.backends.calls import Backend
from daypass.backends.loading import registry
from daypass.base.messages import brief
from daypass.base.times import exactly
from daypass.errors import (
    InvalidExpiryError,
    InvalidPathError,
    InvalidRequestError,
    SigningNotSupportedError,
    UnsupportedOptionError,
)
from daypass.model.headers import another_request, folded, kin_of, said_by_option
from daypass.model.locations import Location, read_as_local
from daypass.model.options import DESCRIBING, METHODS, ONE_OBJECT, RESTRICTING, WAIVABLE
from daypass.model.paths import check_key, check_prefix
from daypass.model.requests import SignRequest

if TYPE_CHECKING:
    from daypass.model.forms import AnyRequest, FormRequest

__all__ = [
    "admit",
    "admit_form",
    "check_grant",
    "check_lacking",
    "check_name",
    "check_reading",
    "check_version",
    "refuse_signing",
]

#: Functions for which no key stands for the whole bucket.
_OF_MANY = ("create_signed_prefix", "create_signed_urls")
#: What else opens many objects, where a store has no grant for a prefix.
_INSTEAD = ("create_signed_urls", "azure", "cloudfront", "links")


def admit(
    backend: Backend,
    location: Location,
    request: SignRequest,
    action: str = "create_signed_url",
    *,
    second: int | None = None,
) -> tuple[SignRequest, frozenset[str]]:
    """Return the request with its clock fixed, and the conditions that the caller waives.

    Args:
        backend: who is to sign.
        location: of the object or the prefix; of many keys, each of which is checked by itself, the
            bucket.
        request: what is asked.
        action: the function that was called.
        second: what the clock says, in seconds since the epoch; None to read it now.

    Raises:
        SigningNotSupportedError: if the backend cannot sign.
        UnsupportedOptionError: naming the option that it cannot enforce, and who can.
        InvalidExpiryError: if the lifetime is above the backend's limit.
        InvalidPathError: for a key that no link can name.

    """
    info = backend.info
    if backend.create_signed_url is None or request.method not in info.methods:
        _refuse_method(backend, location, request)
    if location.lacks:
        check_lacking(location, "create_signed_url", action, request.method)
    if location.version is not None:
        check_version(backend, location)
        if request.method in ("PUT", "LIST"):
            msg = f"version names an object that exists, so it goes with GET, HEAD and DELETE, not {request.method}"
            raise InvalidRequestError(msg, option="version")
    waived: frozenset[str] = frozenset()
    if request.conditions and not request.conditions <= _enforced(backend, location):
        waived = _waive(backend, location, request)
        request = request.without(waived) if waived else request
    _check_headers(backend, location, request)
    if "copy_source" in request.conditions:
        from daypass.gate.copies import check_source

        check_source(backend, location, request)
    if second is None:
        second = int(time.time())
    resolved = request.resolve(datetime.fromtimestamp(second, UTC))
    _check_lifetime(backend, resolved)
    if location.key or action not in _OF_MANY:
        check_name(backend, location.key, request)
    return resolved, waived


def check_name(backend: Backend, key: str, request: SignRequest) -> None:
    """Raise where no link can name a key, or the prefix of a listing.

    Raises:
        InvalidPathError: saying why.

    """
    limit = backend.info.max_key_bytes
    if request.method == "LIST":
        check_prefix(key, max_bytes=limit)
    else:
        check_key(key, max_bytes=limit, allow_dot_segments=request.allow_dot_segments)


def admit_form(
    backend: Backend, location: Location, request: FormRequest
) -> tuple[FormRequest, frozenset[str]]:
    """Do the same for an upload form, and check its key.

    Raises:
        SigningNotSupportedError: if the backend cannot sign.
        UnsupportedOptionError: with ``option="form"`` if it has no forms; otherwise naming the
            option that its forms cannot enforce.
        InvalidPathError: for a key that is none, or holds ``${filename}`` before its end.

    """
    from daypass.model.forms import FILENAME  # which links do not need

    info = backend.info
    _check_signs(backend, location)
    lacking = {"create_upload_form", "POST"} & location.lacks
    if backend.create_upload_form is None or lacking:
        who = f"the store of profile {location.profile}" if lacking else info.name
        msg = (
            f"{who} has no upload forms: sign a PUT for each object instead "
            "(create_signed_url with method='PUT'), which a page sends with fetch"
        )
        raise UnsupportedOptionError(
            msg, option="form", backend=info.name, alternatives=["create_signed_url"]
        )
    key = location.key
    check_key(key, max_bytes=info.max_key_bytes, allow_dot_segments=request.allow_dot_segments)
    if FILENAME in key.removesuffix(FILENAME):
        msg = f"the key holds {FILENAME}, which the store replaces by the file's name: it may only end a key, once"
        raise InvalidPathError(msg, option="path")
    _check_headers(backend, location, request)
    beyond = request.conditions - (info.form_enforces - location.lacks)
    if refused := (beyond if request.strict else beyond - WAIVABLE):
        raise _unsupported_in_form(backend, min(refused))
    resolved = (request.without(beyond) if beyond else request).resolve(datetime.now(UTC))
    _check_lifetime(backend, resolved)
    return resolved, beyond


def check_grant(backend: Backend, location: Location, request: SignRequest) -> None:
    """Raise where a backend has no grant for a prefix, or no grant could be what is asked.

    Raises:
        SigningNotSupportedError: if the backend cannot sign.
        UnsupportedOptionError: with ``option="prefix"`` where it has none.
        InvalidRequestError: for an option that describes one object.

    """
    if backend.create_signed_prefix is None:
        _check_signs(backend, location)
        msg = (
            f"{backend.info.name} has no signature for a whole prefix: sign each object "
            "(create_signed_urls), or serve them through what has one: an Azure container, an "
            "Azure directory, a CloudFront policy with a wildcard, a links service (signer='links')"
        )
        raise UnsupportedOptionError(
            msg, option="prefix", backend=backend.info.name, alternatives=_INSTEAD
        )
    if wrong := request.conditions.intersection(ONE_OBJECT):
        name = min(wrong)
        msg = f"{name} describes one object, and a prefix holds many: sign that object alone"
        raise InvalidRequestError(msg, option=name)


def _check_headers(backend: Backend, location: Location, request: AnyRequest) -> None:
    """Raise for a header or a parameter by which the provider's request would be another one, that an option says, or that the store lacks."""
    for option in ("headers", "query"):
        for name in getattr(request, option, None) or ():
            if folded(name) in backend.info.operation_headers:
                raise another_request(name, option)
    for name in request.headers or ():
        if location.lacks and (kin := kin_of(name)) in location.lacks:
            msg = f"headers: {brief(name)} does what {kin} does, which the profile {location.profile} says that its store lacks: leave it out, or take {kin} out of the profile's capabilities where the store has it"
            raise UnsupportedOptionError(msg, option="headers")
        if own := backend.info.option_headers.get(folded(name)):
            raise said_by_option(name, own)


def _check_lifetime(backend: Backend, resolved: SignRequest | FormRequest) -> None:
    longest, lifetime = backend.info.max_expires_in, resolved.expires_in
    if longest is not None and lifetime is not None and lifetime > longest:
        msg = (
            f"the lifetime of {exactly(lifetime)} is above the {exactly(longest)} that "
            f"{backend.info.name} allows: ask for less, or sign again later"
        )
        raise InvalidExpiryError(msg, option="expires_in")


def check_version(backend: Backend, location: Location) -> None:
    """Raise where a version is named and the backend keeps none."""
    if location.version is None:
        return
    check_lacking(location, "version")
    if not backend.info.versions:
        msg = f"{backend.info.name} keeps no versions that version= could name"
        raise UnsupportedOptionError(msg, option="version", backend=backend.info.name)


def check_reading(backend: Backend, location: Location) -> None:
    """Raise for an option by which a backend cannot read an object's metadata.

    Raises:
        UnsupportedOptionError: naming it.

    """
    request = location.reading
    if not request.conditions:
        return
    if beyond := request.conditions - _enforced(backend, location):
        name = min(beyond)
        raise _lacking(location, name) if name in location.lacks else _unsupported(backend, name)
    _check_headers(backend, location, request)


def _enforced(backend: Backend, location: Location) -> frozenset[str]:
    enforces = backend.info.enforces
    return enforces - location.lacks if location.lacks else enforces


def _check_signs(backend: Backend, location: Location) -> None:
    if backend.create_signed_url is None or not backend.info.methods:
        refuse_signing(backend, location)


def _refuse_method(backend: Backend, location: Location, request: SignRequest) -> None:
    _check_signs(backend, location)
    info = backend.info
    msg = f"{info.name} cannot sign {request.method}: it signs {', '.join(sorted(info.methods))}"
    raise UnsupportedOptionError(
        msg, option="method", backend=info.name, alternatives=sorted(info.methods)
    )


def refuse_signing(backend: Backend, location: Location) -> NoReturn:
    """Say why a location has no links, and how its path is written where it names no protocol.

    Raises:
        SigningNotSupportedError: always.

    """
    if hint := read_as_local(location):
        msg = f"{hint}; a local file has no server to check a signature"
        raise SigningNotSupportedError(msg)
    why = backend.info.why_not or "its store has no signed URLs"
    msg = f"{backend.info.name} cannot sign URLs: {why}"
    raise SigningNotSupportedError(msg)


def check_lacking(location: Location, *names: str) -> None:
    """Raise where the location's profile says that its store lacks a method, option or function.

    Raises:
        UnsupportedOptionError: naming it and the profile.

    """
    for name in names:
        if name in location.lacks:
            raise _lacking(location, name)


def _lacking(location: Location, name: str) -> UnsupportedOptionError:
    waive = ", or pass strict=False to go without" if name in RESTRICTING else ""
    msg = (
        f"the profile {location.profile} says that its store lacks {name}: leave it out, or take it "
        f"out of the profile's capabilities where the store has it{waive}"
    )
    return UnsupportedOptionError(msg, option="method" if name in METHODS else name)


def _waive(backend: Backend, location: Location, request: SignRequest) -> frozenset[str]:
    """Return the restrictions that the caller waives (strict=False), or refuse by name."""
    # What describes the upload is sent all the same, unless the profile says that it cannot be.
    free = DESCRIBING - location.lacks
    beyond = request.conditions - _enforced(backend, location) - free
    if "content_md5" in beyond:  # its copy in the metadata goes where it goes
        beyond |= request.conditions & {"add_content_md5_metadata"}
    refused = (beyond if request.strict else beyond - RESTRICTING) - free
    if refused:
        name = min(refused)
        raise _lacking(location, name) if name in location.lacks else _unsupported(backend, name)
    return beyond


def _unsupported(backend: Backend, option: str) -> UnsupportedOptionError:
    """Make the error for an option that a backend cannot enforce."""
    able = registry.enforcers(option)
    by = f"{', '.join(able)} can" if able else "no installed backend can"
    if "links" in able:
        by += " (signer='links', with a links service)"
    if option in backend.info.form_enforces:
        by += ", and so can an upload form of its own (create_upload_form)"
        able.append("create_upload_form")
    waive = ", or pass strict=False to go without" if option in RESTRICTING else ""
    msg = f"{backend.info.name} cannot enforce {option}: {by}{waive}"
    return UnsupportedOptionError(msg, option=option, backend=backend.info.name, alternatives=able)


def _unsupported_in_form(backend: Backend, option: str) -> UnsupportedOptionError:
    """Make the error for an option that a backend's forms cannot enforce."""
    name = backend.info.name
    by_link = option in backend.info.enforces
    instead = (
        "a PUT link can (create_signed_url with method='PUT')" if by_link else "no link of its can"
    )
    waive = ", or pass strict=False to go without" if option in WAIVABLE else ""
    msg = f"upload forms of {name} cannot enforce {option}: {instead}{waive}"
    return UnsupportedOptionError(
        msg, option=option, backend=name, alternatives=["create_signed_url"] if by_link else ()
    )
