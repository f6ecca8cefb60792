"""The way of uploads in parts: each is let begin, and each link for a part is signed, by the rules of the house."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, NamedTuple, TypeVar

import attrs

from daypass.backends.calls import Backend, call_store
from daypass.errors import DaypassError, PluginError, UnsupportedOptionError
from daypass.gate.authorize import authorize
from daypass.gate.check import admit
from daypass.gate.doors import settled
from daypass.gate.judge import judge
from daypass.hookspecs.parts import PartPlan, UploadSession, plan_parts
from daypass.model.links import SignedURL
from daypass.model.locations import Location
from daypass.model.requests import SignRequest

__all__ = ["ACTION", "Opened", "Session", "open_upload", "sign_part"]

ACTION: Final = "create_multipart_upload"

T = TypeVar("T")
#: A session may be of any class.
_ANY: type[Any] = object


@attrs.frozen(eq=False)
class Session:
    """What carries out one upload in parts; its steps are called as a backend's hooks are."""

    backend: Backend
    #: Of the object.
    location: Location
    #: The backend's own.
    of_backend: UploadSession

    def step(self, name: str, kind: type[T], *given: object) -> T:
        """Take one step, which may speak with the store.

        Args:
            name: the session's method.
            kind: the class of its answer.
            given: what it is called with.

        Raises:
            StoreError: where the store cannot be spoken with.
            DaypassError: another of the tree in `daypass.errors`, whatever the plugin raised.

        """
        method = getattr(self.of_backend, name)
        return _called(self.backend, self.location, name, kind, lambda: method(*given))


class Opened(NamedTuple):
    """An upload that has begun, or goes on."""

    session: Session
    upload_id: str
    plan: PartPlan
    #: What the caller goes without, and what the store is not known to hold.
    waived: frozenset[str]
    #: Whether a rule of the policy limits the object's size.
    limited: bool


def open_upload(
    backend: Backend,
    location: Location,
    request: SignRequest,
    upload_id: str | None,
    *,
    size: int,
    part_size: int | None,
    caller: str | None,
) -> Opened:
    """Begin an upload, or go on with one: check, authorize, call, record.

    Args:
        backend: who carries it out.
        location: of the object.
        request: what is asked of it, as a PUT.
        upload_id: the upload to go on with; None to begin one.
        size: size of the object in bytes.
        part_size: size of each part in bytes; None for what suits.
        caller: who asks.

    Raises:
        UnsupportedOptionError: with ``option="multipart"`` where the backend has no such uploads.
        DaypassError: another of the tree in `daypass.errors`, whatever the plugin raised.

    """
    resolved, waived = admit(backend, location, request, action=ACTION)
    limits, hook = backend.info.multipart, backend.create_multipart_upload
    if limits is None or hook is None:
        msg = f"{backend.info.name} takes no uploads in parts: upload the object in one piece, through a PUT link (create_signed_url)"
        raise UnsupportedOptionError(
            msg, option="multipart", backend=backend.info.name, alternatives=["create_signed_url"]
        )
    plan = plan_parts(size, part_size, limits, backend.info.name)
    whole = attrs.evolve(request, content_length=plan.size)
    permit = authorize(backend, location, resolved, caller, action=ACTION, whole=whole)
    asked = request.without(waived)
    made = _called(backend, location, ACTION, _ANY, lambda: hook(location=location, request=asked))
    session = Session(backend, location, made)
    loose = _unenforced_by(session)
    permit.check_headers(lambda: _headers_of(session))
    begun = upload_id is None
    if upload_id is None:
        upload_id = session.step("begin", str)
    else:
        session.step("check_id", type(None), upload_id)
    try:
        permit.record(None, [])
    except BaseException:
        if begun:
            with suppress(DaypassError):
                session.step("abort", type(None), upload_id)
        raise
    return Opened(session, upload_id, plan, waived | loose, permit.limits_size)


def sign_part(
    session: Session,
    request: SignRequest,
    upload_id: str,
    number: int,
    *,
    whole: SignRequest,
    caller: str | None,
) -> SignedURL:
    """Sign the link for one part: check, authorize, call, judge, record.

    Args:
        session: the upload.
        request: what is asked of this part.
        upload_id: the store's name for the upload.
        number: the part, counted from 1.
        whole: what is asked of the object.
        caller: who asks.

    Raises:
        DaypassError: one of the tree in `daypass.errors`, whatever the plugin raised.

    """
    backend, location = session.backend, session.location
    resolved, waived = admit(backend, location, request, action=ACTION)
    with authorize(backend, location, resolved, caller, action=ACTION, whole=whole) as permit:
        answer = session.step("sign_part", SignedURL, upload_id, number, permit.request)
        judge(backend, location, permit.request, answer)
        answer = settled(permit, answer, waived)
        permit.record(answer, [answer.url])
    return answer


def _unenforced_by(session: Session) -> frozenset[str]:
    """Return what the backend says that the store is not known to hold the upload to."""
    found: object = getattr(session.of_backend, "unenforced", frozenset())
    if isinstance(found, frozenset) and all(isinstance(name, str) for name in found):
        return found
    backend = session.backend
    msg = f"unenforced of a multipart upload of {backend.info.name} is no frozenset of text"
    raise PluginError(msg, plugin=backend.plugin)


def _headers_of(session: Session) -> dict[str, str]:
    """Return the headers that the object will have."""
    found = session.step("headers", dict)
    if all(isinstance(name, str) and isinstance(value, str) for name, value in found.items()):
        return found
    backend = session.backend
    msg = f"headers of a multipart upload of {backend.info.name} returned a dict of something else than text"
    raise PluginError(msg, plugin=backend.plugin)


def _called(
    backend: Backend, location: Location, name: str, kind: type[T], hook: Callable[[], object]
) -> T:
    step, doing = f"{name} of a multipart upload", f"{name} an upload to {location.path}"
    return call_store(backend, step, kind, hook, location=location, doing=doing, faults=OSError)
