"""Who is asked before a link leaves, and who is told of it: looked up anew for every link."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from daypass.audit.in_force import sinks
from daypass.backends.loading import registry
from daypass.base.process import environment_number
from daypass.config import of_environment
from daypass.gate.record import Listener, Recorder
from daypass.policy.in_force import policies

if TYPE_CHECKING:
    from daypass.policy.enforcer import Enforcer

__all__ = ["Parties", "parties"]

#: The policies in force, what asks the ``authorize`` plugins (None where there is none), and who is told.
Parties = tuple["Sequence[Enforcer]", "Listener | None", "Sequence[Recorder]"]


class _Plugins(NamedTuple):
    record: Listener


def parties(environment: int | None = None) -> Parties:
    """Return who is asked of a link and told of it.

    Args:
        environment: its number, where it has been asked for already for this link.

    Raises:
        ConfigError: if the configuration cannot be read: then nothing is signed.

    """
    config = of_environment(environment_number() if environment is None else environment)
    enforcers = policies(config)
    audits: Sequence[Recorder] = sinks(config)
    plugins, listening = registry.listeners()
    # The plugins first, for what is on record last of all is what leaves.
    told = audits if listening is None else [_Plugins(listening), *audits]
    return enforcers, plugins, told
