"""Every option of links and forms as `daypass.model.options` declares it, as tables."""

from __future__ import annotations

from daypass.model.options import OPTIONS, Option

_KINDS = {
    "restricts": "Restricting: what the holder may do",
    "describes": "Describing: what the object is",
    "shapes": "Shaping: the answer, or the request",
    "": "Of daypass itself",
}


def tables() -> str:
    """Return one table for each kind, as Markdown."""
    return "\n\n".join(_table(kind, title) for kind, title in _KINDS.items())


def _table(kind: str, title: str) -> str:
    rows = [
        f"| `{name}` | {_goes_with(option)} | {option.help} |"
        for name, option in OPTIONS.items()
        if option.kind == kind
    ]
    return "\n".join([f"### {title}", "", "| option | of | |", "|---|---|---|", *rows])


def _goes_with(option: Option) -> str:
    """Say what takes it."""
    words = option.goes_with.split()
    methods = {"upload": "PUT links", "download": "GET and HEAD links"}
    links = next((said for word, said in methods.items() if word in words), "links")
    said = [links] if "link" in words else []
    return ", ".join([*said, *(["forms"] if "form" in words else [])])
