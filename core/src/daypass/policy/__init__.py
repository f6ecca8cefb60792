"""The policy: which links may be made. Core code, asked before any backend and before any plugin."""

from __future__ import annotations

from daypass.policy.decisions import Rehearsal, Step
from daypass.policy.in_force import set_policy
from daypass.policy.patterns import Pattern
from daypass.policy.rules import Policy, Quota, Rule

__all__ = ["Pattern", "Policy", "Quota", "Rehearsal", "Rule", "Step", "set_policy"]
