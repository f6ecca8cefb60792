"""``[audit]`` of the configuration: a file, a logger, or both."""

from __future__ import annotations

import logging
from pathlib import Path

import attrs

from daypass.audit.file import AuditFile
from daypass.audit.logger import AuditLogger
from daypass.audit.sink import AuditSink
from daypass.config import Section
from daypass.config.sections import keys_of_others
from daypass.config.structure import fault, structured_or_raise

__all__ = ["AuditTable", "audit_file", "audits_of"]


@attrs.frozen(kw_only=True)
class AuditTable:
    """``[audit]``."""

    #: The audit file; a relative path is relative to the configuration file.
    file: str | None = None
    #: Whether each line waits for the disk.
    fsync: bool = True
    #: The logger.
    logger: str | None = None
    #: The level of its records: ``DEBUG``, ``INFO``, ...
    level: str = "INFO"


def audits_of(section: Section) -> list[AuditSink]:
    """Make the sinks that a section says.

    Raises:
        ConfigError: naming the file, the key, and the nearest that is legal.

    """
    table = _table(section)
    if table is None:
        return []
    if table.file is None and table.logger is None:
        raise fault(section.file, "[audit]", "needs the key file, or logger, or both")
    level = logging.getLevelNamesMapping().get(table.level)
    if not level:
        names = ", ".join(name for name in logging.getLevelNamesMapping() if name != "NOTSET")
        raise fault(section.file, "audit.level", f"is the name of a level: there are {names}")
    found: list[AuditSink] = []
    try:
        if table.logger is not None:
            found.append(AuditLogger(table.logger, level=level))
        if table.file is not None:
            found.append(AuditFile(_placed(section, table.file), fsync=table.fsync))
    except (ValueError, RuntimeError) as error:
        raise fault(section.file, "[audit]", f"is not legal: {error}") from None
    return found


def audit_file(section: Section) -> Path | None:
    """Return the file that a section names; None where it names none.

    Raises:
        ConfigError: as for `audits_of`.

    """
    table = _table(section)
    return None if table is None or table.file is None else _placed(section, table.file)


def _table(section: Section) -> AuditTable | None:
    """Read the keys that are core's; None where all are those of a distribution."""
    values, others = section.values, frozenset[str]()
    if not values.keys() <= attrs.fields_dict(AuditTable).keys():
        others = keys_of_others("audit")
        values = {key: value for key, value in values.items() if key not in others}
    if others and not values:
        return None
    return structured_or_raise(values, AuditTable, section.file, ("audit",))


def _placed(section: Section, file: str) -> Path:
    """Take a relative path for one that is relative to the configuration file."""
    return Path(section.file).parent / Path(file).expanduser()
