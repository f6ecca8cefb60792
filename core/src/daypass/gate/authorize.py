"""Who consents to a link: the policy first, then every plugin, which can only narrow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import attrs

from daypass.backends.calls import Backend, check_silent, named
from daypass.backends.loading import registry
from daypass.errors import DaypassError, RefusedError
from daypass.gate.copies import CopyPermit, source_of
from daypass.gate.parties import Parties, parties
from daypass.gate.permit import Permit, refusal_of
from daypass.gate.record import Listener, Recorder
from daypass.model.callers import check_caller
from daypass.model.forms import FILENAME, AnyRequest
from daypass.model.locations import Location
from daypass.model.requests import SignRequest
from daypass.policy.decisions import Ask, Decision, Rehearsal
from daypass.policy.in_force import policies

if TYPE_CHECKING:
    from daypass.policy.enforcer import Enforcer

__all__ = ["ask_policies", "authorize", "authorize_many"]


def authorize(
    backend: Backend,
    location: Location,
    request: AnyRequest,
    caller: str | None,
    *,
    action: str = "create_signed_url",
    whole: AnyRequest | None = None,
    asked: Parties | None = None,
    last: Permit | None = None,
) -> Permit:
    """Ask the policy, then every ``authorize`` plugin, which can only narrow.

    Args:
        backend: who is to sign.
        location: of the object or the prefix.
        request: what is asked, resolved.
        caller: who asks.
        action: the function that was called.
        whole: of one part of an upload, the request for the whole.
        asked: who is asked and told, where that has been looked up for this link.
        last: the permit of another object, for the very same request: what it says holds of this one too
            where the same caller asks and the same policies find the same rules.

    Returns:
        The permit, with the request that is to be signed.

    Raises:
        PolicyError: if the policy refuses.
        RefusedError: if a plugin does.

    """
    enforcers, plugins, told = asked or parties()
    if last is not None and last.caller is caller and last.holds_of(location, enforcers):
        permit = last.at(location, told)
    else:
        permit = _permit(backend, location, request, caller, action=action, whole=whole, told=told)
        _consult(permit, enforcers)
        if isinstance(permit, CopyPermit):
            _consult_of_source(permit, enforcers, plugins)
    if plugins is not None:
        _ask_plugins(permit, plugins)
    return permit


def _consult(permit: Permit, enforcers: Sequence[Enforcer]) -> None:
    """Ask every policy about one link.

    Raises:
        PolicyError: of the first that refuses, which is put on record.

    """
    for enforcer in enforcers:
        ask = _ask_of(permit, permit.location)
        decision = enforcer.decide(ask)
        if not decision.allowed or decision.rule is None:
            error = refusal_of(decision)
            permit.refuse(error, error.rule)
            raise error
        permit.consent(enforcer, decision, decision.rule, ask)


def _consult_of_source(
    permit: CopyPermit, enforcers: Sequence[Enforcer], plugins: Listener | None
) -> None:
    """Ask the policies and the plugins whether the source of a copy may be read; the copy ends with that permit.

    Raises:
        PolicyError: naming both, if the policy refuses.
        RefusedError: if a plugin does.

    """
    reading = permit.reading
    reading.request = permit.request.of_source()  # which may end earlier than what was asked
    with permit.refusing():
        _consult(reading, enforcers)
        if plugins is not None:
            _ask_plugins(reading, plugins)
    if reading.because is not None:
        permit.request, permit.because = (
            permit.request.until(reading.request.expires_at),
            reading.because,
        )


def authorize_many(
    backend: Backend,
    location: Location,
    keys: Sequence[str],
    request: AnyRequest,
    caller: str | None,
    *,
    refused: dict[int, DaypassError] | None,
) -> list[Permit]:
    """Ask about many keys below one bucket; those that one rule decides alike share a permit.

    Args:
        backend: who is to sign.
        location: of the bucket.
        keys: whole keys.
        request: what is asked of each, resolved.
        caller: who asks.
        refused: where the errors of refused rows are put; None to raise that of the first.

    Raises:
        RefusedError: of the first refused row, with its number, where ``refused`` is None.

    """
    enforcers, plugins, told = parties()
    first = _permit(backend, location, request, caller, action="create_signed_url", told=told)
    permits = [attrs.evolve(first, keys=keys, rows=range(len(keys)))]
    for enforcer in enforcers:
        faults: list[tuple[Permit, str | None]] = []
        permits = [part for permit in permits for part in _sorted(enforcer, permit, faults)]
        _refuse(enforcer, faults, refused)
    if plugins is not None:
        asked = [_asked(permit, plugins, refused) for permit in permits]
        permits = [permit for permit in asked if permit is not None]
    return permits


def _ask_plugins(permit: Permit, hook: Listener) -> None:
    """Ask every ``authorize`` plugin, and record where one refuses.

    Raises:
        RefusedError: if one of them raises anything that is not a `DaypassError` itself.

    """
    event = permit.event()
    try:
        check_silent("authorize", hook(event))
    except DaypassError as error:
        permit.refuse(error, permit.rule)
        raise
    except Exception as error:
        msg = f"{event.method} on {event.path} was refused by a plugin: {named(error)}"
        refusal = RefusedError(msg)
        permit.refuse(refusal, permit.rule)
        raise refusal from error


def ask_policies(
    backend: Backend, location: Location, request: AnyRequest, caller: str | None, *, action: str
) -> Rehearsal:
    """Ask the policies in force, and nobody else: nothing is counted or recorded.

    Args:
        backend: who would sign.
        location: of the object or the prefix.
        request: what is asked, resolved.
        caller: who asks.
        action: the function that would be called.

    """
    permit = _permit(backend, location, request, caller, action=action)
    found = _rehearsed(permit)
    if not isinstance(permit, CopyPermit) or not found.allowed:
        return found
    permit.reading.request = permit.request.of_source()
    read = _rehearsed(permit.reading)
    to_read = f"to read {permit.reading.location.path}"
    told = [
        [attrs.evolve(step, why=", ".join(filter(None, (to_read, step.why)))) for step in steps]
        for steps in read.trace
    ]
    trace = tuple((*steps, *more) for steps, more in zip(found.trace, told, strict=True))
    if read.allowed:
        return attrs.evolve(found, expires_in=read.expires_in, trace=trace)
    return attrs.evolve(read, reason=permit.told_why(read.reason or ""), trace=trace)


def _rehearsed(permit: Permit) -> Rehearsal:
    """Ask the policies in force, and note in the permit how far they allow it."""
    deciding: Decision | None = None
    trace = []
    for enforcer in policies():
        ask = _ask_of(permit, permit.location)
        decision = enforcer.decide(ask)
        trace.append(tuple(enforcer.steps(ask, decision)))
        permit.request = decision.request
        if deciding is None or deciding.allowed:
            deciding = decision
    allowed = deciding is None or deciding.allowed
    return Rehearsal(
        allowed=allowed,
        rule=None if deciding is None or deciding.rule is None else deciding.rule.name,
        reason=None if deciding is None else deciding.reason,
        asked=None if deciding is None else deciding.asked,
        nearest=None if deciding is None else deciding.nearest,
        expires_in=permit.request.expires_in if allowed else None,
        trace=tuple(trace),
    )


def _permit(
    backend: Backend,
    location: Location,
    request: AnyRequest,
    caller: object,
    *,
    action: str,
    whole: AnyRequest | None = None,
    told: Sequence[Recorder] = (),
) -> Permit:
    caller = check_caller(caller)
    made = Permit(backend, location, request, request, caller, action, whole or request, told)
    if not isinstance(request, SignRequest) or request.copy_source is None:
        return made
    read = request.of_source()
    reading = Permit(backend, source_of(location, request), read, read, caller, action, read)
    return CopyPermit(
        backend, location, request, request, caller, action, request, told, reading=reading
    )


def _ask_of(permit: Permit, location: Location) -> Ask:
    """Say to a policy what is asked."""
    request, whole, key = permit.request, permit.whole, location.key
    opens_all = permit.action == "create_signed_prefix"
    if permit.action == "create_upload_form" and key.endswith(FILENAME):
        key, opens_all = key.removesuffix(FILENAME), True
    return Ask(
        registry.siblings(location.protocol),
        f"{location.bucket}/{key}" if location.bucket else key,
        location,
        permit.caller,
        request,
        request if whole is permit.asked else whole,
        opens_all,
        opens_all or request.method == "LIST",
    )


def _sorted(
    enforcer: Enforcer, permit: Permit, faults: list[tuple[Permit, str | None]]
) -> list[Permit]:
    """Cut a permit into one for each rule that decides; what is refused becomes a fault."""
    keys, rows = permit.keys or (), permit.rows
    cuts: list[tuple[str | None, Sequence[int]]]
    if permit.request.method == "LIST":
        # A rule must cover all that begins with a prefix, so each is looked at by itself.
        found = [enforcer.decide(_ask_of(permit, permit.location.at(key))) for key in keys]
        names = [None if decision.rule is None else decision.rule.name for decision in found]
        cuts = [(name, [place]) for place, name in enumerate(names)]
    else:
        groups = enforcer.sort(_ask_of(permit, permit.location), permit.location.bucket, keys)
        cuts = list(groups.items())
    parts = []
    for name, places in cuts:
        part = permit if len(places) == len(keys) else _part(permit, keys, rows, places)
        ask = _ask_of(part, part.location.at(keys[places[0]]))
        decision = enforcer.judge_named(name, ask)
        if decision.allowed and decision.rule is not None:
            part.consent(enforcer, decision, decision.rule, ask)
            parts.append(part)
        else:
            faults.append((part, name))
    return parts


def _part(
    permit: Permit, keys: Sequence[str], rows: Sequence[int], places: Sequence[int]
) -> Permit:
    return attrs.evolve(
        permit,
        keys=[keys[place] for place in places],
        rows=[rows[place] for place in places],
        reserved=(),
    )


def _refuse(
    enforcer: Enforcer,
    faults: list[tuple[Permit, str | None]],
    refused: dict[int, DaypassError] | None,
) -> None:
    """Record and raise the refusal of the first row, or keep that of each."""
    if not faults:
        return
    if refused is None:
        permit, name = min(faults, key=lambda fault: fault[0].rows[0])
        faults = [(_part(permit, permit.keys or (), permit.rows, [0]), name)]
    for permit, name in faults:
        errors = [
            refusal_of(enforcer.judge_named(name, _ask_of(permit, permit.location.at(key))))
            for key in permit.keys or ()
        ]
        permit.refuse(errors[0], name)
        if refused is None:
            errors[0].row = permit.rows[0]
            raise errors[0]
        refused.update(zip(permit.rows, errors, strict=True))


def _asked(
    permit: Permit, plugins: Listener, refused: dict[int, DaypassError] | None
) -> Permit | None:
    """Ask the plugins about each key; return what is left."""
    kept = []
    keys = permit.keys or ()
    for place, row in enumerate(permit.rows):
        try:
            _ask_plugins(_part(permit, keys, permit.rows, [place]), plugins)
        except DaypassError as error:
            if refused is None:
                error.row = row
                raise
            refused[row] = error
        else:
            kept.append(place)
    if len(kept) == len(keys):
        return permit
    return _part(permit, keys, permit.rows, kept) if kept else None
