"""``Ask`` and ``Decision``: what a policy is asked about one link, and what it answers; ``Rehearsal`` shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import attrs

from daypass.model.forms import AnyRequest
from daypass.model.locations import Location

if TYPE_CHECKING:
    from daypass.policy.rules import Rule

__all__ = ["Ask", "Decision", "Fault", "Rehearsal", "Step", "spellings"]


def spellings(text: str) -> tuple[str, ...]:
    """Return what a rule that denies is compared with: a container's account may be left out.

    >>> spellings("maps@contoso.dfs.core.windows.net/a.tif")
    ('maps@contoso.dfs.core.windows.net/a.tif', 'maps/a.tif')
    """
    bucket, slash, key = text.partition("/")
    container, at, _ = bucket.partition("@")
    return (text, container + slash + key) if at else (text,)


# Neither frozen nor made by keywords, which would take twice the time; nobody changes one.
@attrs.define(eq=False)
class Ask:
    """What is asked: a place, a method and a request that has its clock."""

    #: The path's protocol, and those that the same backend serves: ``s3a`` is another word for ``s3``.
    protocols: frozenset[str]
    #: Bucket and key, exactly as stored.
    text: str
    #: The same as a location, for its path as it may be shown.
    location: Location
    caller: str | None
    #: The link that is asked for, resolved.
    request: AnyRequest
    #: Whose options count as asked: of one part of an upload, those of the whole.
    whole: AnyRequest
    #: Whether what it permits, it permits on all that begins with the path: a grant for a prefix, or
    #: an upload form whose sender names the key, of which ``text`` is the beginning.
    opens_all: bool
    #: Whether the link reaches all that begins with the path, and not one object alone.
    below: bool

    @property
    def path(self) -> str:
        """The path as it may be shown; put together where it is needed, which is in refusals."""
        return self.location.path


class Fault(NamedTuple):
    """How a request, or an answer, is beyond a rule."""

    asked: str
    nearest: str


@attrs.frozen
class Step:
    """What became of one rule on the way to a decision."""

    #: The rule's name.
    rule: str
    #: ``"allow"`` or ``"deny"``.
    effect: str
    #: ``"allowed"``, ``"refused"``, ``"no match"`` or ``"not reached"``.
    outcome: Literal["allowed", "refused", "no match", "not reached"]
    #: Why, in words; empty where the rule was not reached.
    why: str


@attrs.define(kw_only=True, eq=False)
class Decision:
    """What a policy answers."""

    allowed: bool
    #: The rule that decided; None where none matched.
    rule: Rule | None
    #: Why it is refused, or what was asked and how it was narrowed; ``"allowed"`` otherwise.
    reason: str
    #: What was asked, and the nearest that is allowed; of a refusal alone.
    asked: str | None = None
    nearest: str | None = None
    #: The request to sign, with an earlier end where the rule clamps it.
    request: AnyRequest
    #: Why the end is earlier than what was asked; None where it is not.
    because: str | None = None


@attrs.frozen(kw_only=True)
class Rehearsal:
    """What the policies in force say of a link that was not made. `daypass.rehearse` makes it."""

    #: Whether all of them allow it.
    allowed: bool
    #: The rule that decides: that of the first refusal, otherwise that of the last policy; None where none
    #: matched, and without a policy.
    rule: str | None
    #: Why it is refused, or how the rule narrows it; None without a policy.
    reason: str | None
    #: What was asked; of a refusal alone.
    asked: str | None
    #: The nearest that is allowed; of a refusal alone, and None where nothing is.
    nearest: str | None
    #: How many seconds the link would live, by the request and the policies; None where it is refused.
    expires_in: int | None
    #: Of each policy in force, what became of each of its rules; of a copy, then the same of reading its source.
    trace: tuple[tuple[Step, ...], ...]
