"""The audits that the configuration names, and those of installed distributions, verified where they are."""

from __future__ import annotations

from collections.abc import Mapping

from daypass import config
from daypass.audit.from_config import audit_file
from daypass.audit.verification import Verdict, verify
from daypass.backends.discovery import choose, load, source
from daypass.backends.loading import registry
from daypass.errors import AuditError, ConfigError, PluginError

__all__ = ["GROUP", "verify_configured"]

#: The group of entry points: the name says what is witnessed, the value is a module with a function ``verify``.
GROUP = "daypass.audits"


def verify_configured() -> dict[str, Verdict]:
    """Verify the file that ``[audit]`` names, and what installed distributions witness; return the verdicts by name.

    A file that is not there yet has a verdict that is not ``ok``, and says so: nobody can tell it from one that was removed.

    A distribution's function ``verify`` takes nothing, and returns a mapping of names to verdicts, of what it
    keeps and is there.

    Raises:
        ConfigError: if the configuration cannot be read, or nothing is there to be verified.
        AuditError: if one of them cannot be read.
        PluginError: if a distribution's module is broken.

    """
    section = config.load().audit
    file = None if section is None else audit_file(section)
    found = {} if file is None else {str(file): _verified(str(file))}
    for name, claimants in sorted(registry.claims(GROUP).items()):
        entry = choose(name, claimants)
        witness = getattr(load(entry), "verify", None)
        answer = witness() if callable(witness) else None
        if not isinstance(answer, Mapping):
            msg = f"plugin {entry.value} of {source(entry)} has no function verify that returns verdicts by name: give its module one"
            raise PluginError(msg, plugin=entry.value)
        found |= answer
    if not found:
        msg = "no audit is configured that could be verified: name a file, or write [audit] with a file into the configuration"
        raise ConfigError(msg, key="audit")
    return found


def _verified(file: str) -> Verdict:
    try:
        return verify(file)
    except AuditError as error:
        if not isinstance(error.__cause__, FileNotFoundError):
            raise
    why = "nothing has been recorded yet, or the file was removed or renamed since: the next link, signed or refused, begins it"
    return Verdict(ok=False, lines=0, head=None, file=file, why=why)
