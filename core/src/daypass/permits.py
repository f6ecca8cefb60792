"""``Permit``: the consent without which nothing is signed. The policy gives it, then every plugin."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

import attrs

from daypass.backends import Backend, registry
from daypass.errors import DaypassError, InvalidRequestError, PolicyError, QuotaError
from daypass.events import ask_plugins, record_refusal
from daypass.headers import shown
from daypass.locations import Location
from daypass.policy.asks import Ask, Decision, Rehearsal
from daypass.policy.enforce import Enforcer, beyond_rule
from daypass.policy.force import policies
from daypass.policy.limits import beyond
from daypass.policy.quotas import Excess, Reserved
from daypass.policy.rules import Rule
from daypass.prefixes import SignedPrefix
from daypass.results import SignedURL
from daypass.uploads.formrequests import FILENAME, AnyRequest
from daypass.uploads.forms import UploadForm

__all__ = ["Permit", "ask_policies", "authorize", "authorize_many"]


#: One policy, the rule by which it allows a link, and what it was asked: a bare tuple, since a link
#: waits for it.
_Consent = tuple[Enforcer, Rule, Ask]


@attrs.define(eq=False)
class Permit:
    """What may be signed, and for whom: one link, or several alike.

    It is used with ``with``: entering counts the links against the quotas, and where the block fails
    they are no longer counted as alive.
    """

    backend: Backend
    #: Of the object, or of the bucket where there are ``keys``.
    location: Location
    #: What was asked, resolved.
    asked: AnyRequest
    #: What is to be signed: what was asked, with an earlier end where a policy clamps it; of the
    #: same class.
    request: Any
    caller: str | None
    action: str
    #: Whose options count as asked: of one part of an upload, those of the whole.
    whole: AnyRequest
    #: Why the end is earlier than what was asked; None where it is not.
    because: str | None = None
    #: Of several links: the whole keys, and which rows of the call they are.
    keys: Sequence[str] | None = None
    rows: Sequence[int] = ()
    #: The name of the rule that allows it, of each policy; None without a policy.
    rule: str | None = None
    _consents: tuple[_Consent, ...] = ()
    _reserved: tuple[tuple[Enforcer, Reserved], ...] = ()

    @property
    def count(self) -> int:
        """How many links it is for."""
        return 1 if self.keys is None else len(self.keys)

    @property
    def place(self) -> Location:
        """The object, or the root that several lie below."""
        if self.keys is not None and len(self.keys) == 1:
            return self.location.at(self.keys[0])
        return self.location

    def __enter__(self) -> Self:
        """Count the links against the quotas.

        Raises:
            QuotaError: where there would be too many; then none is counted as alive.

        """
        for enforcer, rule, _ in self._consents:
            if not enforcer.counts:
                continue
            end = self.request.expires_at
            found = enforcer.quotas.reserve(rule, self.caller, end.timestamp(), self.count)
            if isinstance(found, Excess):
                self._release()
                error = _exceeded(self, rule, found)
                record_refusal(self, error, rule.name)
                raise error
            if found.keys:
                self._reserved += ((enforcer, found),)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the live links back where they do not leave."""
        if kind is not None:
            self._release()

    def _release(self) -> None:
        for enforcer, reserved in self._reserved:
            enforcer.quotas.release(reserved)
        self._reserved = ()

    def check(self, answer: SignedURL | SignedPrefix | UploadForm) -> None:
        """Hold a signed answer against the rules: what they require the store must enforce.

        Raises:
            PolicyError: naming what it does not enforce, or what it opens besides.

        """
        for _, rule, ask in self._consents:
            fault = beyond(rule, ask, answer)
            if fault is not None:
                error = _refused(beyond_rule(ask, rule, fault))
                record_refusal(self, error, rule.name)
                raise error


def authorize(
    backend: Backend,
    location: Location,
    request: AnyRequest,
    caller: str | None,
    *,
    action: str = "create_signed_url",
    whole: AnyRequest | None = None,
) -> Permit:
    """Ask the policy, then every ``authorize`` plugin, which can only narrow.

    Args:
        backend: who is to sign.
        location: of the object or the prefix.
        request: what is asked, resolved.
        caller: who asks.
        action: the function that was called.
        whole: of one part of an upload, the request for the whole.

    Returns:
        The permit, with the request that is to be signed.

    Raises:
        PolicyError: if the policy refuses.
        RefusedError: if a plugin does.

    """
    permit = _permit(backend, location, request, caller, action=action, whole=whole)
    for enforcer in policies():
        ask = _ask(permit, location)
        decision = enforcer.decide(ask)
        if not decision.allowed or decision.rule is None:
            error = _refused(decision)
            record_refusal(permit, error, error.rule)
            raise error
        _consent(permit, enforcer, decision, decision.rule, ask)
    ask_plugins(permit)
    return permit


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
    first = _permit(backend, location, request, caller, action="create_signed_url")
    permits = [attrs.evolve(first, keys=keys, rows=range(len(keys)))]
    for enforcer in policies():
        faults: list[tuple[Permit, str | None]] = []
        permits = [part for permit in permits for part in _sorted(enforcer, permit, faults)]
        _refuse(enforcer, faults, refused)
    if registry.listeners("authorize"):
        permits = [part for permit in permits if (part := _asked(permit, refused)) is not None]
    return permits


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
    deciding: Decision | None = None
    trace = []
    for enforcer in policies():
        ask = _ask(permit, location)
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
) -> Permit:
    if caller is not None:
        if not isinstance(caller, str):
            msg = f"caller must be text that names who asks, not {shown(caller)}"
            raise InvalidRequestError(msg, option="caller")
        caller = str.__str__(caller)
    return Permit(backend, location, request, request, caller, action, whole or request)


def _ask(permit: Permit, location: Location) -> Ask:
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


def _consent(permit: Permit, enforcer: Enforcer, decision: Decision, rule: Rule, ask: Ask) -> None:
    """Note that a policy allows a link, and how far."""
    permit._consents += ((enforcer, rule, ask),)  # noqa: SLF001 - the class is of this module
    permit.rule = rule.name if permit.rule is None else f"{permit.rule}; {rule.name}"
    if decision.because is not None:
        permit.request, permit.because = decision.request, decision.because


def _sorted(
    enforcer: Enforcer, permit: Permit, faults: list[tuple[Permit, str | None]]
) -> list[Permit]:
    """Cut a permit into one for each rule that decides; what is refused becomes a fault."""
    keys, rows = permit.keys or (), permit.rows
    cuts: list[tuple[str | None, Sequence[int]]]
    if permit.request.method == "LIST":
        # A rule must cover all that begins with a prefix, so each is looked at by itself.
        found = [enforcer.decide(_ask(permit, permit.location.at(key))) for key in keys]
        names = [None if decision.rule is None else decision.rule.name for decision in found]
        cuts = [(name, [place]) for place, name in enumerate(names)]
    else:
        groups = enforcer.sort(_ask(permit, permit.location), permit.location.bucket, keys)
        cuts = list(groups.items())
    parts = []
    for name, places in cuts:
        part = permit if len(places) == len(keys) else _part(permit, keys, rows, places)
        ask = _ask(part, part.location.at(keys[places[0]]))
        decision = enforcer.judge_named(name, ask)
        if decision.allowed and decision.rule is not None:
            _consent(part, enforcer, decision, decision.rule, ask)
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
            _refused(enforcer.judge_named(name, _ask(permit, permit.location.at(key))))
            for key in permit.keys or ()
        ]
        record_refusal(permit, errors[0], name)
        if refused is None:
            errors[0].row = permit.rows[0]
            raise errors[0]
        refused.update(zip(permit.rows, errors, strict=True))


def _asked(permit: Permit, refused: dict[int, DaypassError] | None) -> Permit | None:
    """Ask the plugins about each key; return what is left."""
    kept = []
    keys = permit.keys or ()
    for place, row in enumerate(permit.rows):
        try:
            ask_plugins(_part(permit, keys, permit.rows, [place]))
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


def _refused(decision: Decision) -> PolicyError:
    """Make the error of a refusal."""
    return PolicyError(
        decision.reason,
        rule=None if decision.rule is None else decision.rule.name,
        asked=decision.asked,
        nearest=decision.nearest,
    )


def _exceeded(permit: Permit, rule: Rule, excess: Excess) -> QuotaError:
    window = "in 60 seconds" if excess.quota == "urls_per_minute" else "alive at once"
    again = (
        f"try again in {excess.retry_after} s"
        if excess.retry_after is not None
        else "so many are never allowed: ask for fewer"
    )
    msg = (
        f"{permit.count} more for {permit.place.path} would be above the quota {excess.quota} of "
        f"{excess.whose}: {excess.limit} {window}, of which {excess.left} are left; {again}"
    )
    return QuotaError(
        msg,
        rule=rule.name,
        quota=excess.quota,
        limit=excess.limit,
        retry_after=excess.retry_after,
    )
