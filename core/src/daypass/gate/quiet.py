"""Whether anybody is asked before a link leaves, or told of it: where nobody is, a link needs no permit of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daypass.audit.in_force import added, sinks
from daypass.backends.loading import registry
from daypass.config import load
from daypass.policy.in_force import applied, policies

if TYPE_CHECKING:
    from daypass.gate.permit import Permit
    from daypass.model.locations import Location

__all__ = ["nobody_listens", "policies_alone"]


def nobody_listens() -> bool:
    """Tell whether nobody is asked and nobody told, as where nothing has been set up."""
    if applied() or added() or not registry.is_silent():
        return False
    config = load()
    return config.policy is None is config.audit


def policies_alone(permit: Permit, location: Location, caller: str | None) -> bool:
    """Tell whether policies alone are asked of a link, nobody is told of it, and a permit holds of it.

    Args:
        permit: of another link, for the very same request.
        location: of the object.
        caller: who asks.

    Raises:
        ConfigError: if the configuration cannot be read: then nothing is signed.

    """
    if permit.caller is not caller or location.version is not None:
        return False
    enforcers = policies()  # first: the audit takes the configuration that the policy has looked at
    return registry.is_silent() and not sinks() and permit.holds_of(location, enforcers)
