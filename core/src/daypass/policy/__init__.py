"""The policy: which links may be made. Core code, asked before any backend and before any plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daypass.base.lazily import given_by

if TYPE_CHECKING:
    from daypass.policy.counting import Counted, Counter, Excess, Reserved, set_counter
    from daypass.policy.decisions import Rehearsal, Step
    from daypass.policy.in_force import set_policy
    from daypass.policy.patterns import Pattern
    from daypass.policy.rules import Policy, Quota, Rule

__all__ = [
    "Counted",
    "Counter",
    "Excess",
    "Pattern",
    "Policy",
    "Quota",
    "Rehearsal",
    "Reserved",
    "Rule",
    "Step",
    "set_counter",
    "set_policy",
]

__getattr__ = given_by(
    __name__,
    {
        "Counted": "counting",
        "Counter": "counting",
        "Excess": "counting",
        "Pattern": "patterns",
        "Policy": "rules",
        "Quota": "rules",
        "Rehearsal": "decisions",
        "Reserved": "counting",
        "Rule": "rules",
        "Step": "decisions",
        "set_counter": "counting",
        "set_policy": "in_force",
    },
)
