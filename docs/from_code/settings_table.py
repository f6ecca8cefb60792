"""What the links service reads of the configuration, as its classes declare it, as tables."""

from __future__ import annotations

import json
from typing import Any, get_args

import attrs
import docstrings
import source

from daypass_links.server.settings import sections

#: What TOML has for a type. What a converter makes of anything is a duration.
_TYPES = {
    "str": "text",
    "str | None": "text",
    "int": "number",
    "int | None": "number",
    "float": "number",
    "bool": "true or false",
    "tuple[str, ...]": "list of texts",
    "tuple[Any, ...]": "list of durations",
    "dict[str, str]": "table of texts",
    "Any": "duration",
}


def tables() -> str:
    """Return one table for each section, as Markdown."""
    return "\n\n".join(_table(name, kind) for name, kind in sections.items())


def _table(name: str, declared: Any) -> str:
    many = not attrs.has(declared)
    kind: type = get_args(declared)[0] if many else declared
    said = {field.name: field.said for field in source.fields(kind)}
    rows = [
        f"| `{field.name}` | {_TYPES[kind.__annotations__[field.name]]} | {_default(field.default)} | {docstrings.in_a_line(said[field.name])} |"
        for field in attrs.fields(kind)
        if field.init
    ]
    title = f"`[[{name}]]`" if many else f"`[{name}]`"
    return "\n".join(
        [f"### {title}", "", "| key | type | without it | |", "|---|---|---|---|", *rows]
    )


def _default(value: Any) -> str:
    if value is attrs.NOTHING:
        return "must be there"
    if value is None or value == () or isinstance(value, attrs.Factory):
        return ""
    return f"`{json.dumps(value)}`"
