"""The policies in force in this process: the application's, and that of the configuration."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from daypass.base.process import after_fork
from daypass.config import Config, Section, load
from daypass.config.in_force import Configured
from daypass.errors import InvalidRequestError

if TYPE_CHECKING:
    from daypass.policy.enforcer import Enforcer
    from daypass.policy.rules import Policy

__all__ = ["policies", "set_policy"]

_log = logging.getLogger("daypass.policy")
_lock = threading.Lock()
#: What `set_policy` has set.
_application: list[Enforcer] = []


def set_policy(policy: Policy | None, *, replacing: Policy | None = None) -> None:
    """Put a policy in force: from now on no link of this process is made without its consent.

    It is for the whole process, and no `Store` is exempt. The policy of the configuration stays in
    force beside it: a link then needs the consent of both.

    Args:
        policy: the policy, or None for none.
        replacing: the policy that is in force now, where one is: who does not hold it cannot replace
            it. The counts of its quotas begin anew.

    Raises:
        InvalidRequestError: if another policy is in force than the one that is to be replaced.

    """
    from daypass.policy.enforcer import Enforcer  # only where there is a policy
    from daypass.policy.rules import Policy

    if policy is not None and not isinstance(policy, Policy):
        msg = f"a policy is a daypass.Policy, not {type(policy).__name__}"
        raise InvalidRequestError(msg, option="policy")
    with _lock:
        current = _application[0].policy if _application else None
        if current is not replacing:
            named = (
                "the one named as replacing= is not in force"
                if replacing is not None
                else "name it as replacing= to put a new one in its place"
            )
            msg = (
                f"another policy is in force: {named}"
                if current is not None
                else "no policy is in force that could be replaced"
            )
            raise InvalidRequestError(msg, option="replacing")
        if replacing is not None:
            _log.warning("the policy of this process was replaced")
        _application[:] = [] if policy is None else [Enforcer(policy)]


def policies(config: Config | None = None) -> list[Enforcer]:
    """Return the policies in force; a link needs the consent of all.

    Args:
        config: the configuration, where it has been loaded for this link.

    Raises:
        ConfigError: if the configuration cannot be read: then nothing is signed.

    """
    config = config or load()
    return _application if config.policy is None else [*_configured(config), *_application]


def _of_section(section: Section) -> list[Enforcer]:
    from daypass.policy.enforcer import Enforcer
    from daypass.policy.from_config import policy_of

    return [Enforcer(policy_of(section), origin="configuration")]


_configured = Configured(lambda config: config.policy, _of_section)


@after_fork
def _begin() -> None:
    """Begin with a lock that no thread of the parent holds; what is in force stays so."""
    global _lock  # noqa: PLW0603 - a lock that another process has closed stays closed
    _lock = threading.Lock()
