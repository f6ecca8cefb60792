"""The policy: which links may be made. Core code, asked before any backend and before any plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daypass.base.lazily import given_by

if TYPE_CHECKING:
    from daypass.policy.decisions import Rehearsal, Step
    from daypass.policy.in_force import set_policy
    from daypass.policy.patterns import Pattern
    from daypass.policy.rules import Policy, Quota, Rule

__all__ = ["Pattern", "Policy", "Quota", "Rehearsal", "Rule", "Step", "set_policy"]

__getattr__ = given_by(
    __name__,
    {
        "Pattern": "patterns",
        "Policy": "rules",
        "Quota": "rules",
        "Rehearsal": "decisions",
        "Rule": "rules",
        "Step": "decisions",
        "set_policy": "in_force",
    },
)
