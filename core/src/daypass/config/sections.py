"""Sections that installed distributions bring: a module of the group `GROUP` says in ``sections`` what each may hold."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from daypass.backends.discovery import choose, load, source
from daypass.backends.loading import registry
from daypass.config.secrets import referred
from daypass.config.structure import structured_or_raise
from daypass.errors import PluginError

__all__ = [
    "GROUP",
    "Section",
    "brought",
    "keys_of_others",
    "resolved_references",
    "structured_section",
]

#: The group of entry points: the name is the section, the value a module.
GROUP = "daypass.sections"


@attrs.frozen
class Section:
    """A section as its file gives it; whoever it belongs to gives it a structure."""

    file: str
    #: A table, or of a distribution's section also an array of tables.
    values: Any = attrs.field(repr=False)


def brought() -> frozenset[str]:
    """Name the sections that installed distributions bring; none is imported."""
    return frozenset(registry.claims(GROUP))


def keys_of_others(name: str) -> frozenset[str]:
    """Name the keys that a distribution adds to a section of core; none where none does.

    Raises:
        PluginError: if its module cannot be imported, or does not say.

    """
    return frozenset(attrs.fields_dict(_kind(name))) if name in brought() else frozenset()


def structured_section(name: str, section: Section) -> Any:
    """Make of a section what the distribution that brings it has said.

    Args:
        name: the section's name; of `audit`, core judges the keys that are its own.
        section: the section.

    Raises:
        ConfigError: naming the file, the key, and the nearest that is legal.
        PluginError: if the distribution's module cannot be imported, or does not say.

    """
    values = section.values
    if name == "audit":
        own = keys_of_others(name)
        values = {key: value for key, value in values.items() if key in own}
    return structured_or_raise(values, _kind(name), section.file, (name,))


def resolved_references(values: Any, base: Path | None) -> Any:
    """Replace the references to secrets in a section, or in each table of an array.

    Raises:
        ValueError: for a reference that names nothing, or a relative file where there is no base.

    """
    if isinstance(values, list):
        return [resolved_references(item, base) for item in values]
    if isinstance(values, Mapping):  # the table itself is none, whatever it holds
        return {key: referred(value, base) for key, value in values.items()}
    return values


def _kind(name: str) -> Any:
    entry = choose(name, registry.claims(GROUP)[name])
    said = getattr(load(entry), "sections", None)
    if not isinstance(said, Mapping) or name not in said:
        msg = f"plugin {entry.value} of {source(entry)} does not say what the section {name} may hold: give its module a mapping named sections, with an attrs class, or tuple[CLASS, ...] for an array of tables, as {name!r}"
        raise PluginError(msg, plugin=entry.value)
    return said[name]
