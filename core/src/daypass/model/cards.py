"""Cards for notebooks: drawn by an installed distribution, and a plain table where there is none."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Mapping

__all__ = ["QR_TEXT", "drawn_by", "html_card", "link_card"]

#: What the picture of a link as a QR code says instead of itself; by it, it is found where nothing secret shall be kept.
QR_TEXT = "QR code of the link"

#: Draws the card of a result, or returns None where it has none of its own.
_Drawer = Callable[[object], str | None]

_drawers: list[_Drawer] = []


def drawn_by(drawer: _Drawer) -> None:
    """Have cards drawn by a function, which this room is too low to find by itself."""
    _drawers[:] = [drawer]


def html_card(result: object, rows: Mapping[str, Iterable[str]]) -> str:
    """Render the card of a result: a plain one has names, and the lines of each."""
    for draw in _drawers:
        if (drawn := draw(result)) is not None:
            return drawn
    cells = "".join(
        f'<tr><th style="text-align:left">{html.escape(name)}</th>'
        f'<td style="text-align:left">{"<br>".join(map(html.escape, lines))}</td></tr>'
        for name, lines in rows.items()
    )
    return f"<table>{cells}</table>"


def link_card(result: object, rows: Mapping[str, str], unenforced: frozenset[str]) -> str:
    """Render the card of a link, a grant or a form, which says what is not enforced."""
    lines = {name: [text] for name, text in rows.items()}
    if unenforced:
        lines["not enforced"] = [", ".join(sorted(unenforced))]
    return html_card(result, lines)
