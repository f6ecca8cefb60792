"""``Enforcer``: one policy at work. It finds the rule that decides, for one link or for many."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Literal

import attrs

from daypass.hookspecs.backend_info import BackendInfo
from daypass.model.callers import groups_of
from daypass.model.forms import UploadForm
from daypass.model.links import SignedURL
from daypass.model.prefixes import SignedPrefix
from daypass.policy.decisions import Ask, Decision, Fault, Step, spellings
from daypass.policy.effects import fault_of_sent
from daypass.policy.limits import beyond, fault_of, lifetime
from daypass.policy.patterns import Pattern, odd_segments
from daypass.policy.quotas import Quotas
from daypass.policy.rules import Policy, Rule

__all__ = ["Enforcer"]

_Match = Callable[[str], re.Match[str] | None]
#: A rule, and the expression of those of its paths that a protocol can have.
_Candidate = tuple[Rule, str, _Match]

#: For how many buckets and callers it is remembered which rules are theirs.
_KNOWN = 1024


class Enforcer:
    """A policy, prepared: the rules for each protocol and method, and the counts of its quotas.

    Args:
        policy: the policy.
        clock: the time in seconds since the epoch.
        ticks: a clock that never goes back, in seconds; what happens per minute is counted by it.
        origin: where the policy is from, a word.

    """

    def __init__(
        self,
        policy: Policy,
        *,
        clock: Callable[[], float] = time.time,
        ticks: Callable[[], float] = time.monotonic,
        origin: str = "application",
    ) -> None:
        self.policy = policy
        self.quotas = Quotas(policy, clock=clock, ticks=ticks, origin=origin)
        #: Whether there is any quota to count under.
        self.counts = policy.per_caller is not None or any(
            rule.per_caller is not None or rule.per_rule is not None for rule in policy.rules
        )
        self._clock = clock
        #: What was asked last, and the rules for it: the next link asks the very same.
        self._last: tuple[Ask, tuple[Rule, ...], _Match] | None = None
        self._named = {rule.name: rule for rule in policy.rules}
        self._prepared: dict[tuple[frozenset[str], str], tuple[_Candidate, ...]] = {}
        #: For single links: the rules that may match below a bucket, for a caller and their groups.
        self._reaching: dict[
            tuple[frozenset[str], str, str, str | None, tuple[str, ...]],
            tuple[tuple[Rule, ...], _Match],
        ] = {}

    def decide(self, ask: Ask) -> Decision:
        """Decide about one link, quotas excepted."""
        return self.judge(self.find(ask, ask.text), ask)

    def sort(self, ask: Ask, bucket: str, keys: Sequence[str]) -> dict[str | None, Sequence[int]]:
        """Sort keys below one bucket by the rule that decides, whatever its limits.

        Args:
            ask: what is asked of every key; its own path does not matter.
            bucket: the bucket.
            keys: whole keys, at least one.

        Returns:
            The numbers of the keys by the rule's name; by None those that no rule matches.

        """
        rules = [found for found in self._candidates(ask) if _calls(found[0], ask.caller)]
        base = f"{bucket}/" if bucket else ""
        if not rules:
            return {None: range(len(keys))}
        # Of each key the place of its rule, counted from one; 0 for none.
        # Few have so many keys there.
        if "@" in bucket or ask.request.allow_dot_segments or _have_empty_segments(keys):
            place_of = {rule.name: place for place, (rule, _, _) in enumerate(rules, 1)}
            found = [_first(rules, base + key, ask) for key in keys]
            places = [0 if rule is None else place_of[rule.name] for rule in found]
        else:
            # Most rules are for other buckets.
            rules = [found for found in rules if _reaches_into(base, found[0])]
            match = _joined(tuple(regex for _, regex, _ in rules)).fullmatch
            hits = map(match, map(base.__add__, keys))
            places = [0 if hit is None else hit.lastindex or 0 for hit in hits]
        names = [None, *(rule.name for rule, _, _ in rules)]
        if places.count(places[0]) == len(places):
            return {names[places[0]]: range(len(keys))}
        rows: dict[str | None, list[int]] = {}
        for row, place in enumerate(places):
            rows.setdefault(names[place], []).append(row)
        return dict(rows)

    def judge_named(self, name: str | None, ask: Ask) -> Decision:
        """Decide about what `sort` found."""
        return self.judge(None if name is None else self._named[name], ask)

    def judge(self, rule: Rule | None, ask: Ask) -> Decision:
        """Hold what is asked against the limits of the rule that matches it."""
        if rule is None:
            what = f"{ask.request.method} on {ask.path}"
            nearest = self._nearest(ask)
            return _refusal(
                ask,
                None,
                f"no rule of the policy allows {what}{_by(ask)}: {nearest}",
                what,
                nearest,
            )
        if rule.effect == "deny":
            what = f"{ask.request.method} on {ask.path}"
            return _refusal(
                ask, rule, f"rule {rule.name!r} of the policy denies {what}", what, None
            )
        if ask.below and not any(
            pattern.covers(ask.text) and pattern.odd == odd_segments(ask.text)
            for pattern in _fitting(rule, ask)
        ):
            what = f"{ask.request.method} on {ask.path}"
            fault = Fault(
                f"{what} and all that begins so", f"what {' or '.join(rule.paths)} covers"
            )
        else:
            found = fault_of(rule, ask) or lifetime(rule, ask, self._clock())
            if not isinstance(found, Fault):
                request, because = found
                return Decision(
                    allowed=True,
                    rule=rule,
                    reason=because or "within the limits of the rule",
                    request=request,
                    because=because,
                )
            fault = found
        return beyond_rule(ask, rule, fault)

    def refusal_of_answer(
        self,
        rule: Rule,
        ask: Ask,
        answer: SignedURL | SignedPrefix | UploadForm,
        info: BackendInfo,
    ) -> Decision | None:
        """Hold a signed answer of a backend against the rule that allowed it; None where it is within."""
        fault = beyond(rule, ask, answer, info)
        return None if fault is None else beyond_rule(ask, rule, fault)

    def refusal_of_headers(
        self, rule: Rule, ask: Ask, headers: Mapping[str, str], info: BackendInfo
    ) -> Decision | None:
        """Do the same for what an upload in parts begins with."""
        fault = fault_of_sent(rule, ask.whole, headers, info)
        return None if fault is None else beyond_rule(ask, rule, fault)

    def steps(self, ask: Ask, decision: Decision) -> list[Step]:
        """Say of every rule why it did not match, what it decided, or that it was not reached."""
        found = []
        reached = True
        for rule in self.policy.rules:
            if not reached:
                found.append(Step(rule.name, rule.effect, "not reached", ""))
            elif rule is decision.rule:
                outcome: Literal["allowed", "refused"] = (
                    "allowed" if decision.allowed else "refused"
                )
                found.append(Step(rule.name, rule.effect, outcome, decision.reason))
                reached = False
            else:
                found.append(Step(rule.name, rule.effect, "no match", _mismatch(rule, ask)))
        return found

    def _candidates(self, ask: Ask) -> tuple[_Candidate, ...]:
        """Return the rules for the protocol and method."""
        key = (ask.protocols, ask.request.method)
        known = self._prepared.get(key)
        if known is None:
            found = []
            for rule in self.policy.rules:
                patterns = _fitting(rule, ask)
                if patterns and _has_method(rule, ask):
                    regex = "|".join(f"(?:{pattern.regex})" for pattern in patterns)
                    found.append((rule, regex, re.compile(regex, re.DOTALL).fullmatch))
            known = self._prepared[key] = tuple(found)
        return known

    def _rules_for(self, ask: Ask) -> tuple[tuple[Rule, ...], _Match]:
        """Return the rules for a caller that may match below a bucket, and what finds the first for a path."""
        bucket, caller = ask.location.bucket, ask.caller
        # A caller is equal to another of the same name, whose groups may be others.
        key = (ask.protocols, ask.request.method, bucket, caller, groups_of(caller))
        known = self._reaching.get(key)
        if known is None:
            base = f"{bucket}/" if bucket else ""
            found = [
                (rule, regex)
                for rule, regex, _ in self._candidates(ask)
                if _reaches_into(base, rule) and _calls(rule, caller)
            ]
            match = _joined(tuple(regex for _, regex in found)).fullmatch
            if len(self._reaching) >= _KNOWN:
                self._reaching.clear()
            known = self._reaching[key] = (tuple(rule for rule, _ in found), match)
        return known

    def find(self, ask: Ask, text: str) -> Rule | None:
        """Return the first rule that matches what is asked; of one object, for its text or that of another in its bucket."""
        if ask.below:
            return next((rule for rule in self.policy.rules if not _mismatch(rule, ask)), None)
        if "@" not in text and "/." not in text and "//" not in text:
            last = self._last
            if last is None or last[0] is not ask:
                last = self._last = (ask, *self._rules_for(ask))
            _, rules, match = last
            hit = match(text)
            return None if hit is None else rules[(hit.lastindex or 0) - 1]
        return _first(self._candidates(ask), text, ask)  # another spelling

    def _nearest(self, ask: Ask) -> str:
        """Say what the nearest rule would allow: one for the path, or for the method."""
        allowing = [rule for rule in self.policy.rules if rule.effect == "allow"]
        near = [rule for rule in allowing if _reaches(rule, ask)]
        near = [rule for rule in near if _calls(rule, ask.caller)] or near
        near = near or [rule for rule in allowing if _has_method(rule, ask)]
        if not near:
            return "nothing like it is allowed"
        rule = near[0]
        return (
            f"rule {rule.name!r} allows {', '.join(sorted(rule.methods or ()))} on {' or '.join(rule.paths)}"
            + (f" to {_meant(rule)}" if _meant(rule) else "")
        )


def beyond_rule(ask: Ask, rule: Rule, fault: Fault) -> Decision:
    """Make the refusal for what is beyond a rule that matches."""
    what = f"{ask.request.method} on {ask.path}"
    why = f"rule {rule.name!r} of the policy refuses {what}: asked was {fault.asked}, allowed is {fault.nearest}"
    return _refusal(ask, rule, why, fault.asked, fault.nearest)


def _refusal(ask: Ask, rule: Rule | None, reason: str, asked: str, nearest: str | None) -> Decision:
    return Decision(
        allowed=False,
        rule=rule,
        reason=reason,
        asked=asked,
        nearest=nearest,
        request=ask.request,
    )


@lru_cache(maxsize=1024)
def _joined(regexes: tuple[str, ...]) -> re.Pattern[str]:
    """Return one expression whose group tells which of several matches first."""
    if not regexes:
        return re.compile("(?!)")  # matches nothing
    return re.compile("|".join(f"({regex})" for regex in regexes), re.DOTALL)


def _first(rules: Sequence[_Candidate], text: str, ask: Ask) -> Rule | None:
    """Return the first rule for a text and the caller."""
    odd = odd_segments(text)
    texts = spellings(text) if "@" in text else (text,)
    for rule, _, match in rules:
        if rule.effect == "deny":
            hit = any(map(match, texts))
        else:
            hit = bool(match(text)) and (
                not odd or any(pattern.spells(text) for pattern in _fitting(rule, ask))
            )
        if hit and _calls(rule, ask.caller):
            return rule
    return None


def _have_empty_segments(keys: Sequence[str]) -> bool:
    """Tell whether any of many keys has an empty segment; no key holds a line break."""
    joined = "\n" + "\n".join(keys)
    return "//" in joined or "\n/" in joined


def _calls(rule: Rule, caller: str | None) -> bool:
    """Tell whether a rule is for a caller."""
    if rule.caller_patterns is not None and (
        caller is None or not _matches(rule.caller_patterns, caller)
    ):
        return False
    if rule.group_patterns is None:
        return True
    return any(_matches(rule.group_patterns, group) for group in groups_of(caller))


def _matches(patterns: tuple[Pattern, ...], text: str) -> bool:
    return any(pattern.matches(text) for pattern in patterns)


def _meant(rule: Rule) -> str:
    """Say whom a rule is for; empty where it is for everybody."""
    groups = f"the group {' or '.join(rule.groups)}" if rule.groups else ""
    names = " or ".join(rule.callers or ())
    return f"{names} in {groups}" if names and groups else names or groups


def _reaches_into(base: str, rule: Rule) -> bool:
    """Tell whether a rule may match a text that begins with ``base``."""
    return any(
        pattern.start.startswith(base) or base.startswith(pattern.start)
        for pattern in rule.path_patterns
    )


def _has_method(rule: Rule, ask: Ask) -> bool:
    return rule.methods is None or ask.request.method in rule.methods


def _fitting(rule: Rule, ask: Ask) -> list[Pattern]:
    """Return a rule's patterns for the protocol."""
    return [
        pattern
        for pattern in rule.path_patterns
        if pattern.protocol is None or pattern.protocol in ask.protocols
    ]


def _reaches(rule: Rule, ask: Ask) -> bool:
    """Tell whether a rule is for the path, or for a part of what lies below it."""
    patterns = _fitting(rule, ask)
    if ask.below:
        texts = spellings(ask.text) if rule.effect == "deny" else (ask.text,)
        return any(pattern.touches(text) for pattern in patterns for text in texts)
    regex = "|".join(f"(?:{pattern.regex})" for pattern in patterns)
    anybody = attrs.evolve(rule, callers=None, groups=None)
    candidate = (anybody, regex, re.compile(regex, re.DOTALL).fullmatch)
    return bool(patterns) and _first([candidate], ask.text, ask) is not None


def _mismatch(rule: Rule, ask: Ask) -> str:
    """Say why a rule is not for what is asked; empty where it is."""
    if not _reaches(rule, ask):
        return f"it is for {' or '.join(rule.paths)}"
    if not _has_method(rule, ask):
        return f"it is for {', '.join(sorted(rule.methods or ()))}"
    if not _calls(rule, ask.caller):
        return f"it is for {_meant(rule)}{_by(ask, 'and not for ')}"
    return ""


def _by(ask: Ask, words: str = "for ") -> str:
    """Name the caller."""
    return (
        f", {words}a caller who is not named" if ask.caller is None else f" {words}{ask.caller!r}"
    )
