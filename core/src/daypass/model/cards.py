"""Cards for notebooks: names, and the lines of each."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping

__all__ = ["html_card", "link_card"]


def html_card(rows: Mapping[str, Iterable[str]]) -> str:
    """Render a card for notebooks: names, and the lines of each."""
    cells = "".join(
        f'<tr><th style="text-align:left">{html.escape(name)}</th>'
        f'<td style="text-align:left">{"<br>".join(map(html.escape, lines))}</td></tr>'
        for name, lines in rows.items()
    )
    return f"<table>{cells}</table>"


def link_card(rows: Mapping[str, str], unenforced: frozenset[str]) -> str:
    """Render the card of a link or a form, which says what is not enforced."""
    lines = {name: [text] for name, text in rows.items()}
    if unenforced:
        lines["not enforced"] = [", ".join(sorted(unenforced))]
    return html_card(lines)
