"""Several sources become one: later ones win, and a project's file may only add."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import attrs

from daypass.config.overrides import of_sections, overrides
from daypass.config.secrets import referred, secrets_in
from daypass.config.sections import Section, brought, resolved_references
from daypass.config.sources import ENVIRONMENT, Source, user_file
from daypass.config.structure import dotted, fault, structure, unknown
from daypass.errors import ConfigError

__all__ = ["OF_CORE", "Layered", "layered", "merged"]

#: The options of a profile that may hold secrets.
_WITH_SECRETS = ("storage_options", "signer_options")
#: Why a variable that sets them is refused beside a project's file.
_NOT_BESIDE = (
    "is set by a variable, and the profile is of {}, a project's file, which also says where credentials go: "
    "name that file in DAYPASS_CONFIG if you trust it"
)
#: Core's sections. As those of distributions they are taken whole from the last file that has them, and never from a project's.
OF_CORE = ("policy", "audit")


@attrs.frozen
class Layered:
    """What all sources say together; nothing has been made of presets and references yet."""

    #: By name: the table, the files that it comes from, and whether a project's file is one.
    profiles: dict[str, tuple[dict[str, Any], tuple[str, ...], bool]] = attrs.field(factory=dict)
    sections: dict[str, Section] = attrs.field(factory=dict)
    #: What is wrong with the profiles of a project's file; ``""`` is the file itself.
    of_project: dict[str, list[ConfigError]] = attrs.field(factory=dict)

    def blame_project(self, name: str, faults: Iterable[ConfigError]) -> None:
        """Note what is wrong with a profile of a project's file."""
        if faults := list(faults):
            self.of_project.setdefault(name, []).extend(faults)


def merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return tables laid over each other: tables are joined, any other value is replaced whole.

    >>> merged({"a": {"x": 1, "y": 2}, "b": [1]}, {"a": {"y": 3}, "b": [2]})
    {'a': {'x': 1, 'y': 3}, 'b': [2]}
    """
    found = dict(under)
    for name, value in over.items():
        below = found.get(name)
        both = isinstance(below, Mapping) and isinstance(value, Mapping)
        found[name] = merged(below, value) if both else value  # type: ignore[arg-type]
    return found


def layered(
    sources: Iterable[Source], environment: Mapping[str, str]
) -> tuple[Layered, list[ConfigError]]:
    """Lay the sources over each other, each judged for itself before.

    Args:
        sources: in the order in which later ones win.
        environment: the variables, which win over every file.

    Returns:
        What they say together, with the faults of a project's file, and all other faults.

    """
    found, faults = Layered(), []
    for source in _trusted_first(sources):
        tables = source.values.get("profiles", {})
        if source.kind == "project":
            found.blame_project("", _check_top(source))
            # Not only blamed: who wrote it counts on it, and links would leave without it.
            faults += _misplaced(source)
        else:
            faults += _check_top(source)
        if isinstance(tables, dict):
            faults += _add(found, source, tables)
        if source.kind != "project":
            faults += _take_sections(found, source)
    files = {name: table for name, (table, _, _) in found.profiles.items()}
    tables, wrong = overrides(environment, files)
    faults += wrong + _lay_sections(found, environment)
    for name, table in tables.items():
        known = found.profiles.get(name)
        if known is None or not known[2]:
            faults += _lay(found, name, table, ENVIRONMENT, None, of_project=False)
            continue
        wrong = [
            fault(ENVIRONMENT, dotted("profiles", name, option), _NOT_BESIDE.format(known[1][0]))
            for option in _WITH_SECRETS
            if option in table
        ]
        found.blame_project(
            name, wrong or _lay(found, name, table, ENVIRONMENT, None, of_project=True)
        )
    return found, faults


def _trusted_first(sources: Iterable[Source]) -> list[Source]:
    """Order the sources so that a project's file comes when all that it may not touch is known."""
    return sorted(sources, key=lambda source: source.kind == "project")


def _take_sections(found: Layered, source: Source) -> list[ConfigError]:
    """Take a file's sections, and return what is wrong with them."""
    faults = []
    for name in _sections_of(source):
        values = source.values[name]
        if name in OF_CORE:
            if not isinstance(values, dict):
                faults.append(fault(source.file, name, "must be a table"))
                continue
        else:
            try:
                values = resolved_references(values, source.path.parent)
            except ValueError as error:
                faults.append(fault(source.file, f"[{name}]", str(error)))
                continue
        found.sections[name] = Section(source.file, values)
    return faults


def _lay_sections(found: Layered, environment: Mapping[str, str]) -> list[ConfigError]:
    """Lay the variables over the distributions' sections."""
    files = {name: section.values for name, section in found.sections.items()}
    tables, faults = of_sections(environment, files)
    for name, table in tables.items():
        known = found.sections.get(name, Section(ENVIRONMENT, {}))
        try:
            values = merged(known.values, resolved_references(table, None))
            found.sections[name] = Section(known.file, values)
        except ValueError as error:
            faults.append(fault(ENVIRONMENT, f"[{name}]", str(error)))
    return faults


def _sections_of(source: Source) -> list[str]:
    """Name a file's sections; which of them distributions bring is only looked up where there are others than core's."""
    others = [name for name in source.values if name not in ("profiles", *OF_CORE)]
    legal = brought() if others else ()
    return [name for name in source.values if name in OF_CORE or (name in others and name in legal)]


def _check_top(source: Source) -> list[ConfigError]:
    known: tuple[str, ...] = ("profiles", *OF_CORE)
    if not source.values.keys() <= {*known}:
        known = tuple(dict.fromkeys((*known, *sorted(brought()))))
    faults = [unknown(source.file, (), name, known) for name in source.values if name not in known]
    if not isinstance(source.values.get("profiles", {}), dict):
        faults.append(fault(source.file, "profiles", "must be a table"))
    return faults


def _misplaced(source: Source) -> list[ConfigError]:
    """Return what is wrong with the sections of a project's file: that they are there."""
    why = f"is not taken from a project's file: write it into {user_file()}, or name this file in DAYPASS_CONFIG"
    return [fault(source.file, f"[{name}]", why) for name in _sections_of(source)]


def _add(found: Layered, source: Source, tables: Mapping[str, Any]) -> list[ConfigError]:
    """Add a file's profiles, and return what is wrong with them where the file is no project's."""
    faults: list[ConfigError] = []
    of_project = source.kind == "project"
    for name, table in tables.items():
        key = dotted("profiles", name)
        if of_project and name in found.profiles:
            other = " and ".join(found.profiles[name][1])
            why = f"is a profile of {other} already, which a project's file may not change: give it another name"
            found.blame_project(name, [fault(source.file, f"[{key}]", why)])
            continue
        base = source.path.parent
        wrong = _lay(found, name, table, source.file, base, of_project=of_project)
        if of_project:
            found.blame_project(name, wrong)
        else:
            faults += wrong
    return faults


def _lay(
    found: Layered,
    name: str,
    table: Any,
    file: str,
    base: Path | None,
    *,
    of_project: bool,
) -> list[ConfigError]:
    """Lay one profile's table over what is known of it, unless something is wrong with it."""
    from daypass.config.tables import ProfileTable, check_name  # only where there is a profile

    key = dotted("profiles", name)
    try:
        check_name(name)
    except ValueError as error:
        return [fault(file, f"[{key}]", str(error))]
    _, faults = structure(table, ProfileTable, file, ("profiles", name))
    if faults:
        return faults
    table = dict(table)
    for option in _WITH_SECRETS:
        if option in table:
            try:
                table[option] = referred(table[option], base)
            except ValueError as error:
                return [fault(file, dotted("profiles", name, option), str(error))]
            if of_project and base is not None and any(secrets_in(table[option])):
                why = "refers to a secret, which a project's file may not, since it also says where the secret goes: name this file in DAYPASS_CONFIG if you trust it"
                return [fault(file, dotted("profiles", name, option), why)]
    under, files, _ = found.profiles.get(name, ({}, (), of_project))
    found.profiles[name] = (merged(under, table), (*files, file), of_project)
    return []
