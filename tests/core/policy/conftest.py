"""A policy in force for one test, with clocks that the test sets."""

from __future__ import annotations

import pytest

from daypass.policy import Policy, Rule
from daypass.policy import in_force as force
from daypass.policy.enforcer import Enforcer
from tests.core.conftest import fake, registry_of
from tests.core.fakes import NOW

__all__ = ["fake", "registry_of"]


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self, now):
        self.now = now

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock(NOW.timestamp())


@pytest.fixture
def ticks():
    return Clock(1000.0)


@pytest.fixture
def in_force(monkeypatch, clock, ticks):
    """Put rules in force, beside those that are."""
    monkeypatch.setattr(force, "_application", [])

    def put(*rules, **options):
        made = tuple(rule if isinstance(rule, Rule) else Rule(**rule) for rule in rules)
        enforcer = Enforcer(Policy(rules=made, **options), clock=clock, ticks=ticks)
        force._application.append(enforcer)
        return enforcer

    return put
