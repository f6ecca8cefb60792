"""``Permit``: the consent without which nothing is signed, and what is put on record of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from hashlib import sha256
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, Self

import attrs

from daypass.backends.calls import Backend
from daypass.base.times import exactly
from daypass.errors import DaypassError, DeadlineError, PolicyError, QuotaError
from daypass.gate.record import Recorder, record
from daypass.model.links import SignedURL
from daypass.model.locations import Location

if TYPE_CHECKING:
    from daypass.hookspecs.events import SigningEvent
    from daypass.model.forms import AnyRequest, UploadForm
    from daypass.model.prefixes import SignedPrefix
    from daypass.policy.counting import Excess, Reserved
    from daypass.policy.decisions import Ask, Decision
    from daypass.policy.enforcer import Enforcer
    from daypass.policy.rules import Rule

__all__ = ["Permit", "refusal_of"]


@cache
def _untold() -> tuple[type[SigningEvent], dict[str, Any], str]:
    """Return the class of events, what one says where nothing else is told, and `ALIKE`; where nobody listens, none is made."""
    from daypass.hookspecs.events import ALIKE, SigningEvent

    fields = attrs.fields(SigningEvent)
    untold = {field.name: field.default for field in fields if field.default is not attrs.NOTHING}
    return SigningEvent, untold, ALIKE


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
    #: Who is to be told of the links, and of a refusal.
    told: Sequence[Recorder] = ()
    #: Why the end is earlier than what was asked; None where it is not.
    because: str | None = None
    #: Of several links: the whole keys, and which rows of the call they are.
    keys: Sequence[str] | None = None
    rows: Sequence[int] = ()
    #: The name of the rule that allows it, of each policy; None without a policy.
    rule: str | None = None
    #: Each policy, the rule by which it allows the link, and what it was asked: bare tuples, since a link
    #: waits for them.
    _consents: tuple[tuple[Enforcer, Rule, Ask], ...] = ()
    #: Whether any of those counts links.
    _counts: bool = False
    #: What an event says of it whatever the object; None before there was one.
    _known: dict[str, Any] | None = None
    #: The same of links, with what the answer says; None before there was one.
    _signed: tuple[dict[str, Any], list[Any]] | None = None
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

    @property
    def limits_size(self) -> bool:
        """Whether a rule that allows it limits how large an upload may be."""
        return any(rule.max_bytes is not None for _, rule, _ in self._consents)

    def __enter__(self) -> Self:
        """Count the links against the quotas.

        Raises:
            QuotaError: where there would be too many; then none is counted as alive.
            DaypassError: if who counts for several processes cannot; then neither.

        """
        for enforcer, rule, _ in self._consents:
            if not enforcer.counts:
                continue
            from daypass.policy.counting import Reserved  # which few policies need

            end = self.request.expires_at
            try:
                found = enforcer.quotas.reserve(rule, self.caller, end.timestamp(), self.count)
            except DaypassError as failure:  # nobody can count just now
                self._release()
                if not isinstance(failure, DeadlineError):  # who may wait can still ask
                    self.refuse(failure, rule.name)
                raise
            if not isinstance(found, Reserved):
                self._release()
                error = _exceeded(self, rule, found)
                self.refuse(error, rule.name)
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

    def serves(self, location: Location, caller: str | None, enforcers: Sequence[Enforcer]) -> bool:
        """Tell whether it is all the consent that another object's link needs: nothing is counted for one.

        Args:
            location: of the other object; the same is asked of it.
            caller: who asks.
            enforcers: the policies in force; no plugin is.

        """
        if self.caller is not caller or self._counts:
            return False
        return self.holds_of(location, enforcers) if enforcers else not self._consents

    def holds_of(self, location: Location, enforcers: Sequence[Enforcer]) -> bool:
        """Tell whether it says of another object below its root what the policies would, quotas excepted.

        Args:
            location: of the other object; the same is asked of it, by the same caller.
            enforcers: the policies in force.

        """
        consents = self._consents
        if len(enforcers) != len(consents) or self.asked.method == "LIST":
            return False
        text = f"{location.bucket}/{location.key}" if location.bucket else location.key
        for enforcer, (asked, rule, ask) in zip(enforcers, consents):  # noqa: B905 - as many, seen above: a link waits for it
            if asked is not enforcer or enforcer.find(ask, text) is not rule:
                return False
        return True

    def at(self, location: Location, told: Sequence[Recorder]) -> Permit:
        """Return the permit for another object that it holds of."""
        return Permit(
            self.backend,
            location,
            self.asked,
            self.request,
            self.caller,
            self.action,
            self.whole,
            told,
            self.because,
            None,
            (),
            self.rule,
            self._consents,
            self._counts,
            self._known,
        )

    def check(self, answer: SignedURL | SignedPrefix | UploadForm) -> None:
        """Hold a signed answer against the rules: what they require the store must enforce.

        Raises:
            PolicyError: naming what it does not enforce, or what it opens besides.

        """
        for enforcer, rule, ask in self._consents:
            refusal = enforcer.refusal_of_answer(rule, ask, answer, self.backend.info)
            if refusal is not None:
                # Which may have been asked of another object, that it holds of too: the reason is to name this one.
                own = attrs.evolve(ask, location=self.location)
                again = enforcer.refusal_of_answer(rule, own, answer, self.backend.info)
                self._heed(again or refusal, rule)

    def check_headers(self, headers: Callable[[], dict[str, str]]) -> None:
        """Hold what an upload in parts begins with against the rules.

        Args:
            headers: says it; not asked without a policy.

        Raises:
            PolicyError: naming what the rule has no line for.

        """
        if not self._consents:
            return
        sent = headers()
        for enforcer, rule, ask in self._consents:
            refusal = enforcer.refusal_of_headers(rule, ask, sent, self.backend.info)
            if refusal is not None:
                self._heed(refusal, rule)

    def _heed(self, refusal: Decision, rule: Rule) -> NoReturn:
        """Record and raise a refusal."""
        error = refusal_of(refusal)
        self.refuse(error, rule.name)
        raise error

    def consent(self, enforcer: Enforcer, decision: Decision, rule: Rule, ask: Ask) -> None:
        """Note that a policy allows a link, and how far."""
        self._consents += ((enforcer, rule, ask),)
        self._counts = self._counts or enforcer.counts
        self._known = None
        self.rule = rule.name if self.rule is None else f"{self.rule}; {rule.name}"
        if decision.because is not None:
            self.request, self.because = decision.request, decision.because

    def record(
        self, answer: SignedURL | SignedPrefix | UploadForm | None, urls: Sequence[str]
    ) -> None:
        """Put links on record that are about to leave.

        Args:
            answer: the link, one that stands for a batch, or a grant; None where an upload in parts
                begins, of which no link has left yet.
            urls: all that leave; of a grant its query, by which each URL below it can be recognised, or the
                URL itself where that is the secret; of an upload form its policy.

        Raises:
            AuditError: if they cannot be recorded; then no link leaves.

        """
        if self.told:
            self.tell(self.told, self.place, answer, urls)

    def tell(
        self,
        recorders: Sequence[Recorder],
        place: Location,
        answer: SignedURL | SignedPrefix | UploadForm | None,
        urls: Sequence[str],
    ) -> None:
        """Put links on record, perhaps of another object that it holds of.

        Args:
            recorders: who is told.
            place: of the object.
            answer: as `record` has it.
            urls: as `record` has them.

        Raises:
            AuditError: if they cannot be recorded; then no link leaves.

        """
        known, alike = self._told_of(answer)
        told = known.copy()
        told["path"], told["count"] = place.path, len(urls)
        if len(urls) == 1:
            told["url_sha256"] = sha256(urls[0].encode()).hexdigest()
        elif urls:
            from daypass.audit.merkle import digests_of, root_of

            told["merkle_root"] = root_of(digests_of(urls))
        event = _event(told)
        object.__setattr__(event, _untold()[2], alike)
        record(event, recorders)

    def refuse(self, error: DaypassError, rule: str | None) -> None:
        """Put on record that its links were refused.

        Args:
            error: the refusal.
            rule: the policy's rule that refused, or under which a plugin did.

        Raises:
            AuditError: if it cannot be recorded.

        """
        if not self.told:
            return
        event = self.event()
        refusal = {"count": self.count, "decision": "refused", "reason": str(error), "rule": rule}
        event.__dict__.update(refusal)
        record(event, self.told)

    def event(self) -> SigningEvent:
        """Make an event of what was permitted."""
        if self._known is None:
            self._known = self._tell()
        return _event({**self._known, "path": self.place.path})

    def _told_of(
        self, answer: SignedURL | SignedPrefix | UploadForm | None
    ) -> tuple[dict[str, Any], list[Any]]:
        """Say what every event of answers like this one says (None where an upload in parts begins), and what they share."""
        if answer is None:
            return self._tell(), []
        known = self._signed
        if (
            known is None
            or known[0]["expires_at"] != answer.expires_at
            or known[0]["expires_because"] != answer.expires_because
            or known[0]["unenforced"] != answer.unenforced
        ):
            told = self._tell()
            told["expires_at"] = answer.expires_at
            told["expires_because"] = answer.expires_because
            told["unenforced"] = answer.unenforced
            known = self._signed = told, []
        return known

    def _tell(self) -> dict[str, Any]:
        """Say what every event of it says."""
        request = self.request
        told = _untold()[1].copy()
        told["action"], told["caller"] = self.action, self.caller
        told["backend"] = self.backend.info.name
        told["method"], told["conditions"] = request.method, request.conditions
        told["signing_time"], told["expires_at"] = request.signing_time, request.expires_at
        told["rule"], told["acl"] = self.rule, request.acl
        told["version"] = self.location.version
        if "copy_source" in request.conditions:
            told["copy_source"] = request.copy_source
        if request.headers:
            told["headers"] = frozenset(map(str.lower, request.headers))
        return told


def _event(told: dict[str, Any]) -> SigningEvent:
    """Make an event past the generated __init__, which takes twice the time: a link waits for it."""
    event = object.__new__(_untold()[0])
    object.__setattr__(event, "__dict__", told)
    return event


def refusal_of(decision: Decision) -> PolicyError:
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
        f"try again in {exactly(excess.retry_after)}"
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
