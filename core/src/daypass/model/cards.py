"""Cards for notebooks: drawn by an installed distribution, and a plain table where there is none."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Mapping

__all__ = ["QR_TEXT", "drawn_by", "html_card", "link_card", "plain"]

#: What the picture of a link as a QR code says instead of itself; by it, it is found where nothing secret shall be kept.
QR_TEXT = "QR code of the link"

#: Draws the card of a result, or returns None where it has none of its own.
_Drawer = Callable[[object], str | None]

_drawers: list[_Drawer] = []
#: What turns the order of what is shown (UAX 9, explicit formatting), and how it is shown itself.
_TURNS = {code: f"\\u{code:04x}" for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))}


def drawn_by(drawer: _Drawer) -> None:
    """Have cards drawn by a function, which this room is too low to find by itself."""
    _drawers[:] = [drawer]


def plain(text: str) -> str:
    r"""Return a text in which nothing reads as another: a name that is turned around is shown as it is written.

    >>> print(plain("invoice\u202efdp.exe"))
    invoice\u202efdp.exe
    """
    return text.translate(_TURNS)


def html_card(result: object, rows: Mapping[str, Iterable[str]]) -> str:
    """Render the card of a result: a plain one has names, and the lines of each."""
    for draw in _drawers:
        if (drawn := draw(result)) is not None:
            return drawn
    cells = "".join(
        f'<tr><th style="text-align:left">{html.escape(name)}</th>'
        f'<td style="text-align:left">{"<br>".join(html.escape(plain(line)) for line in lines)}</td></tr>'
        for name, lines in rows.items()
    )
    return f"<table>{cells}</table>"


def link_card(result: object, rows: Mapping[str, str], unenforced: frozenset[str]) -> str:
    """Render the card of a link, a grant or a form, which says what is not enforced."""
    lines = {name: [text] for name, text in rows.items()}
    if unenforced:
        lines["not enforced"] = [", ".join(sorted(unenforced))]
    return html_card(result, lines)
