"""The one way to a backend: check, authorize, call, judge the answer, record."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from typing import TYPE_CHECKING, TypeVar

from attrs import evolve

from daypass.backends.calls import Backend, call, call_store
from daypass.base.times import in_utc
from daypass.errors import (
    DaypassError,
    PluginError,
    PolicyError,
    ShortLivedURLError,
    ShortLivedURLWarning,
    at_row,
)
from daypass.gate.check import (
    admit,
    admit_form,
    check_grant,
    check_lacking,
    check_reading,
    check_version,
)
from daypass.gate.judge import judge, judge_form, judge_inbox
from daypass.gate.lanes import lane_of
from daypass.gate.parties import parties
from daypass.gate.permit import Permit
from daypass.model.links import AGAIN, REQUESTED, SignedURL
from daypass.model.locations import Location
from daypass.model.paths import check_key
from daypass.model.requests import SignRequest

if TYPE_CHECKING:
    from daypass.model.batches import SignedURLBatch
    from daypass.model.forms import AnyRequest, FormRequest, UploadForm
    from daypass.model.inboxes import Inbox
    from daypass.model.metadata import ObjectMetadata
    from daypass.model.prefixes import SignedPrefix
    from daypass.policy.decisions import Rehearsal

__all__ = [
    "create_signed_prefix",
    "create_signed_url",
    "create_signed_urls",
    "create_upload_form",
    "head_metadata",
    "rehearse",
    "request_upload",
]

_Answer = TypeVar("_Answer", "SignedURL", "SignedPrefix", "UploadForm")


@cache
def _authorize() -> Callable[..., Permit]:
    """Return `authorize`, with all that a policy is asked with: kept, since a link waits for it."""
    from daypass.gate.authorize import authorize

    return authorize


def create_signed_url(
    backend: Backend,
    location: Location,
    request: SignRequest,
    caller: str | None,
    environment: int | None = None,
) -> SignedURL:
    """Sign one URL by the rules of the house, and let it remember how, for `SignedURL.refresh`.

    Args:
        backend: who signs.
        location: of the object.
        request: what is asked.
        caller: who asks.
        environment: its number, where it has been asked for already for this link.

    Raises:
        DaypassError: one of the tree in `daypass.errors`, whatever the plugin raised.

    """
    lane = lane_of(backend, location, request)
    permit, known = lane.standing
    enforcers, plugins, told = asked = parties(environment)
    if permit is not None and plugins is None and permit.serves(location, caller, enforcers):
        answer, measure = lane.sign(location, permit.request)
        # One like it was held against the permit already, and its key has no part in that.
        if measure is None or measure is not known:
            permit = permit.at(location, told)
            answer = settled(permit, answer, lane.waived)
            lane.keep(permit, answer, measure)
        if told:
            permit.tell(told, location, answer, [answer.url])
    else:
        with _authorize()(
            backend, location, lane.request, caller, asked=asked, last=permit
        ) as permit:
            answer, measure = lane.sign(location, permit.request)
            answer = settled(permit, answer, lane.waived)
            permit.record(answer, [answer.url])
        lane.keep(permit, answer, measure)
    answer.__dict__[AGAIN] = create_signed_url, backend, location, request, caller
    return answer


def create_signed_urls(
    backend: Backend,
    location: Location,
    keys: Sequence[str],
    request: SignRequest,
    *,
    caller: str | None,
    refused: dict[int, DaypassError] | None = None,
) -> Iterator[tuple[Sequence[int], SignedURLBatch]]:
    """Sign one chunk of keys below one root, all at one instant.

    Rows that a policy decides alike are signed and recorded as one. The keys have passed
    `check_key`. The first answer is judged, since the others are made alike.

    Args:
        backend: who signs.
        location: the root.
        keys: whole keys.
        request: what is asked of each.
        caller: who asks.
        refused: where the errors of refused rows are put; None to raise the first.

    Yields:
        The numbers of rows, and their links.

    Raises:
        DaypassError: one of the tree in `daypass.errors`, with the ``row`` where one row is to
            blame; then none of the rows that are signed with it leaves.

    """
    from daypass.gate.authorize import authorize_many

    resolved, waived = admit(backend, location, request, action="create_signed_urls")
    for permit in authorize_many(backend, location, keys, resolved, caller, refused=refused):
        try:
            with permit:
                batch = _sign_permitted(permit, waived)
        except PolicyError as error:
            if refused is None:
                raise
            refused.update(dict.fromkeys(permit.rows, error))
        except DaypassError as error:
            if error.row is not None:
                error.row = permit.rows[error.row]
            raise
        else:
            yield permit.rows, batch


def _sign_permitted(permit: Permit, waived: frozenset[str]) -> SignedURLBatch:
    """Sign and record the keys of one permit."""
    keys = permit.keys or ()
    batch = _sign_many(permit.backend, permit.location, keys, permit.request)
    first = batch[0]
    judge(permit.backend, permit.location.at(keys[0]), permit.request, first)
    if waived:
        batch = batch.with_unenforced(waived)
    if permit.because:
        batch = batch.with_reason(permit.because)
    first = settled(permit, batch[0], frozenset())
    permit.record(first, batch.signed())
    return batch


def create_signed_prefix(
    backend: Backend, location: Location, request: SignRequest, *, caller: str | None
) -> SignedPrefix:
    """Grant one method on everything below a prefix, by the same rules.

    Raises:
        UnsupportedOptionError: with ``option="prefix"`` where the backend has no such grants.
        DaypassError: another of the tree in `daypass.errors`, whatever the plugin raised.

    """
    from daypass.model.prefixes import SignedPrefix

    action = "create_signed_prefix"
    check_grant(backend, location, request)  # first: where there is none, less would not help
    resolved, waived = admit(backend, location, request, action=action)
    with _authorize()(backend, location, resolved, caller, action=action) as permit:
        answer = call(backend, action, SignedPrefix, location=location, request=permit.request)
        judge(backend, location, permit.request, answer)
        answer = settled(permit, answer, waived)
        permit.record(answer, [answer.query or answer.url])
    return answer


def request_upload(
    backend: Backend, location: Location, request: SignRequest, *, caller: str | None
) -> Inbox:
    """Have a page made by which people send files below a prefix; to policies and audits it is a grant for PUT.

    Raises:
        DaypassError: one of the tree in `daypass.errors`, whatever the plugin raised.

    """
    from daypass.model.inboxes import Inbox

    action = "create_signed_prefix"
    resolved, waived = admit(backend, location, request, action=action)
    with _authorize()(backend, location, resolved, caller, action=action) as permit:
        hook = "request_upload"
        answer = call(backend, hook, Inbox, location=location, request=permit.request)
        opened = judge_inbox(backend, location, permit.request, answer)
        opened = settled(permit, opened, waived)
        permit.record(opened, [answer.url])
    return evolve(answer, expires_because=opened.expires_because, unenforced=opened.unenforced)


def create_upload_form(
    backend: Backend, location: Location, request: FormRequest, *, caller: str | None
) -> UploadForm:
    """Sign one upload form, by the same rules.

    Raises:
        UnsupportedOptionError: with ``option="form"`` where the backend has no forms.
        DaypassError: another of the tree in `daypass.errors`, whatever the plugin raised.

    """
    from daypass.model.forms import UploadForm

    action = "create_upload_form"
    resolved, waived = admit_form(backend, location, request)
    with _authorize()(backend, location, resolved, caller, action=action) as permit:
        answer = call(backend, action, UploadForm, location=location, request=permit.request)
        judge_form(backend, location, permit.request, answer)
        answer = settled(permit, answer, waived)
        permit.record(answer, [answer.fields["policy"]])
    return answer


def head_metadata(backend: Backend, location: Location) -> ObjectMetadata:
    """Read one object's metadata.

    Raises:
        ObjectNotFoundError: if there is no such object.
        UnsupportedOptionError: for an option that the backend has not.
        DaypassError: another of the tree in `daypass.errors`.

    """
    from daypass.model.metadata import ObjectMetadata

    check_key(location.key, max_bytes=backend.info.max_key_bytes, allow_dot_segments=True)
    check_lacking(location, "head_metadata")
    check_version(backend, location)
    check_reading(backend, location)
    return call_store(
        backend,
        "head_metadata",
        ObjectMetadata,
        partial(backend.head_metadata, location=location),
        location=location,
        doing=f"read the metadata of {location.path}",
    )


def rehearse(
    backend: Backend,
    location: Location,
    request: AnyRequest,
    *,
    caller: str | None,
    action: str,
) -> Rehearsal:
    """Check as for a link, and ask the policies in force: nothing is counted, recorded or signed.

    Raises:
        DaypassError: what the function itself would raise before, or after, it asks the policy.

    """
    from daypass.gate.authorize import ask_policies

    if isinstance(request, SignRequest):
        resolved: AnyRequest = admit(backend, location, request, action=action)[0]
    else:
        resolved, _ = admit_form(backend, location, request)
    found = ask_policies(backend, location, resolved, caller, action=action)
    # Last, so that a policy's refusal can be seen whatever the store has.
    if found.allowed and action == "create_signed_prefix" and isinstance(request, SignRequest):
        check_grant(backend, location, request)
    return found


def _sign_many(
    backend: Backend, location: Location, keys: Sequence[str], request: SignRequest
) -> SignedURLBatch:
    """Let the backend sign in bulk, or one by one where it knows no other way."""
    from daypass.model.batches import SignedURLBatch

    if backend.create_signed_urls is None or request.method == "LIST":
        rows = []
        for row, key in enumerate(keys):
            with at_row(row):
                rows.append(_sign(backend, location.at(key), request))
        return SignedURLBatch.of_rows(rows)
    hook = "create_signed_urls"
    batch = call(backend, hook, SignedURLBatch, location=location, keys=keys, request=request)
    if len(batch) != len(keys):
        msg = f"backend {backend.plugin}: {hook} returned no SignedURLBatch with a row for each key"
        raise PluginError(msg, plugin=backend.plugin)
    return batch


def _sign(backend: Backend, location: Location, request: SignRequest) -> SignedURL:
    return call(backend, "create_signed_url", SignedURL, location=location, request=request)


def settled(permit: Permit, answer: _Answer, waived: frozenset[str]) -> _Answer:
    """Name in a sound answer what is not enforced and why it ends, and hold it against the policy.

    Args:
        permit: under which it was signed.
        answer: the link.
        waived: what the caller goes without.

    Raises:
        PolicyError: for what the policy wants enforced, and is not.
        ShortLivedURLError: where it ends early, and the caller does not want it then.

    """
    if waived:
        answer = evolve(answer, unenforced=answer.unenforced | waived)
    permit.check(answer)
    if permit.because and answer.expires_because == REQUESTED:
        answer = evolve(answer, expires_because=permit.because)
    if answer.expires_because != REQUESTED:
        _tell_short(permit.asked, answer)
    return answer


def _tell_short(request: AnyRequest, answer: SignedURL | SignedPrefix | UploadForm) -> None:
    asked = in_utc(request.expires_at)  # type: ignore[arg-type] # what is resolved has an end
    msg = (
        f"the {answer.method} link for {answer.path} ends {in_utc(answer.expires_at)}, "
        f"asked for {asked}: {answer.expires_because}"
    )
    if request.on_short == "raise":
        raise ShortLivedURLError(msg)
    warnings.warn(msg, ShortLivedURLWarning, stacklevel=_callers_level())


def _callers_level() -> int:
    """Return how far above a warning of this module's stands who called daypass."""
    frame, level = sys._getframe(1), 1  # noqa: SLF001 - warnings.warn itself asks so
    while frame.f_back and frame.f_globals.get("__name__", "").startswith("daypass."):
        frame, level = frame.f_back, level + 1
    return level
