"""Whether anybody is asked before a link leaves, or told of it: where nobody is, a link needs no permit of its own."""

from __future__ import annotations

from daypass.audit.in_force import added
from daypass.backends.loading import registry
from daypass.config import load
from daypass.policy.in_force import applied

__all__ = ["nobody_listens"]


def nobody_listens() -> bool:
    """Tell whether nobody is asked and nobody told, as where nothing has been set up."""
    if applied() or added() or not registry.is_silent():
        return False
    config = load()
    return config.policy is None is config.audit
