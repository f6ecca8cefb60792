"""What every backend of ours declares of itself, as tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import attrs

from daypass.backends import registry
from daypass.backends.loading import KNOWN, KNOWN_SIGNERS
from daypass.hookspecs import BackendInfo
from daypass.model.form_options import FormOptions
from daypass.model.options import DESCRIBING, METHODS, RESTRICTING
from daypass.model.requests import SignOptions

#: Facts that are no yes or no, and how a cell shows them.
_FACTS: dict[str, tuple[str, Callable[[Any], str]]] = {
    "max_expires_in": ("longest link in seconds", lambda value: f"{value:,}" if value else "-"),
    "max_key_bytes": ("longest key in bytes", lambda value: f"{value:,}" if value else "-"),
    "multipart": (
        "uploads in parts, at most",
        lambda value: f"{value.max_parts:,}" if value else "-",
    ),
}
_WORDS = {
    "versions": "`version=` names a version of an object",
    "public_endpoint": "`public_endpoint=` can differ",
    "prefixes": "one grant for a whole prefix",
    "forms": "upload forms for browsers",
}


def backends() -> dict[str, tuple[BackendInfo, list[str]]]:
    """Return what each of our backends and signers declares, the generic one excepted, and for which paths."""
    found: dict[str, tuple[BackendInfo, list[str]]] = {}
    for protocol in KNOWN:
        info = registry.backend(protocol).info
        found.setdefault(info.name, (info, []))[1].append(f"`{protocol}://`")
    for name in KNOWN_SIGNERS:
        found[name] = (registry.signer(name).info, [f'any, by `signer="{name}"`'])
    return found


def tables() -> str:
    """Return the tables as Markdown."""
    declared = backends()
    infos = [info for info, _ in declared.values()]
    options = sorted(set().union(*(info.enforces for info in infos)))
    kinds = {
        "Restrict the holder": [name for name in options if name in RESTRICTING],
        "Describe the upload": [name for name in options if name in DESCRIBING],
        "Shape request or answer": [
            name for name in options if name not in RESTRICTING | DESCRIBING
        ],
    }
    places = [" ".join(names) for _, names in declared.values()]
    parts = [_table("Paths and limits", infos, [("paths", places), *_facts(infos)])]
    rows = [(f"`{name}`", [_tick(name in info.methods) for info in infos]) for name in METHODS]
    parts.append(_table("Methods", infos, rows))
    for title, names in kinds.items():
        rows = [(f"`{name}`", [_tick(name in info.enforces) for info in infos]) for name in names]
        parts.append(_table(title, infos, rows))
    carried = sorted(
        FormOptions.__annotations__.keys() & set().union(*(i.form_enforces for i in infos))
    )
    rows = [
        (f"`{name}`", [_tick(name in info.form_enforces) for info in infos]) for name in carried
    ]
    parts.append(_table("Upload forms", infos, rows))
    never = sorted(SignOptions.__annotations__.keys() & RESTRICTING - set(options))
    if never:
        parts.append(f"No backend enforces {', '.join(f'`{name}`' for name in never)}.")
    return "\n\n".join(parts)


def _facts(infos: list[BackendInfo]) -> Iterator[tuple[str, list[str]]]:
    """Yield a row for each limit, and for each declaration that is yes or no."""
    for field in attrs.fields(BackendInfo):
        if field.name in _FACTS:
            title, show = _FACTS[field.name]
            yield title, [show(getattr(info, field.name)) for info in infos]
        elif field.type in (bool, "bool"):
            title = _WORDS.get(field.name, field.name.replace("_", " "))
            yield title, [_tick(getattr(info, field.name)) for info in infos]


def _tick(value: bool) -> str:
    return "yes" if value else "-"


def _table(title: str, infos: list[BackendInfo], rows: list[tuple[str, list[str]]]) -> str:
    head = ["", *(info.name for info in infos)]
    lines = [head, ["---"] * len(head), *([name, *cells] for name, cells in rows)]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"## {title}\n\n{table}"
