"""The way to a backend's CORS rules: ask it for one in its provider's words, and add it to those that are there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import attrs

from daypass.backends.calls import Backend, call, call_store
from daypass.errors import StoreError, UnsupportedOptionError
from daypass.hookspecs.cors_rules import CorsPlan, CorsRule
from daypass.model.locations import Location

__all__ = ["add_rule", "plan_cors"]

T = TypeVar("T")


def plan_cors(backend: Backend, location: Location, rule: CorsRule) -> CorsPlan:
    """Ask a backend for a rule in its provider's words; nothing is sent.

    Raises:
        UnsupportedOptionError: if the backend's store has no CORS rules.
        PluginError: if the backend fails, or answers with something else.

    """
    if backend.cors is None:
        msg = f"{backend.info.name} has no CORS rules to set: let the web server in front of it answer browsers"
        raise UnsupportedOptionError(msg, option="cors", backend=backend.info.name)
    plan = call(backend, "cors", CorsPlan, location=location, rule=rule)
    return attrs.evolve(
        plan,
        read=lambda: _asked(backend, location, "read", list, plan.read),
        write=lambda rules: _asked(
            backend, location, "write", type(None), lambda: plan.write(rules)
        ),
    )


def _asked(
    backend: Backend, location: Location, step: str, kind: type[T], ask: Callable[[], object]
) -> T:
    doing = f"{step} the CORS rules of {location.path}"
    return call_store(backend, f"{step} of a CORS plan", kind, ask, location=location, doing=doing)


def has_rule(plan: CorsPlan, rules: Sequence[dict[str, Any]]) -> bool:
    """Tell whether one of a store's rules is a plan's: their lists are sets, and stores give them back in any order.

    Args:
        plan: whose rule is looked for.
        rules: as the store has them.

    """
    return any(
        all(name in rule and _covers(rule[name], value) for name, value in plan.rule.items())
        for rule in rules
    )


def _covers(there: object, wanted: object) -> bool:
    if isinstance(there, list) and isinstance(wanted, list):
        return {str(one).lower() for one in wanted} <= {str(one).lower() for one in there}
    return there == wanted


def add_rule(plan: CorsPlan, shown_before: Sequence[dict[str, Any]]) -> None:
    """Add a plan's rule to those that are there.

    Args:
        plan: what to add, and to what.
        shown_before: the rules as the caller knows them.

    Raises:
        StoreError: if they have changed since, or there is no room for one more.

    """
    present = plan.read()
    if present != list(shown_before):
        msg = f"the CORS rules of {plan.owner} have changed meanwhile: look at them again"
        raise StoreError(msg)
    if plan.most is not None and len(present) >= plan.most:
        msg = f"{plan.owner} has {len(present)} CORS rules, the most it can keep: remove one first"
        raise StoreError(msg)
    plan.write([*present, plan.rule])
