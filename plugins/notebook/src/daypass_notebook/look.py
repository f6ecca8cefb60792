"""From a `Face` to HTML that looks the same wherever it is shown, trusted or not.

JupyterLab takes from an untrusted notebook scripts, style sheets, SVG, forms and its own colours, and leaves inline
styles with literal values, ``<details>`` and images as data URIs. A card is of these alone, so that it never changes.
Text has the page's colour, which holds on light and on dark; what has a background of its own says both colours.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape as escaped

from daypass.model.cards import plain
from daypass_notebook.face import Badge, Face, Tone

__all__ = ["html", "picture", "preformatted", "table_of", "text"]

_CARD = (
    "border:1px solid #808080;border-radius:8px;padding:12px 16px;margin:4px 0;max-width:760px;"
    "font-size:14px;line-height:1.45;text-align:left"
)
_TITLE = "font-size:16px;font-weight:bold;overflow-wrap:break-word"
#: Each with white on it is 4.5 to 1 or more (WCAG 2.2, 1.4.3).
_TONES: dict[Tone, str] = {
    "plain": "#37474f",
    "good": "#1b5e20",
    "bad": "#b71c1c",
    "careful": "#8a4b00",
}
_BADGE = "color:#ffffff;border-radius:4px;padding:1px 8px;margin-right:8px;font-size:13px;font-weight:bold;white-space:nowrap"
_TABLE = (
    "border-collapse:collapse;border:0;margin:8px 0 4px 0;background:transparent;font-size:14px"
)
#: Of a fixed layout, or a long path would widen the card: what breaks words in other tables is not left everywhere.
_ROWS = f"{_TABLE};table-layout:fixed;width:100%"
_ROW = "background:transparent;border:0"
_NAME = "text-align:left;vertical-align:top;padding:1px 16px 1px 0;border:0;background:transparent;font-weight:bold;width:120px"
_LINES = "text-align:left;vertical-align:top;padding:1px 0;border:0;background:transparent;white-space:normal;overflow-wrap:break-word"
_CODE = (
    "background:transparent;border:1px solid #808080;border-radius:4px;padding:8px 12px;margin:4px 0;"
    "overflow-x:auto;white-space:pre;font-family:monospace;font-size:13px;line-height:1.45"
)
_CELL = "text-align:left;padding:1px 8px;border:1px solid #808080;background:transparent;white-space:nowrap"
_FOLD = "margin:4px 0 0 0"
_SUMMARY = "cursor:pointer;font-weight:bold"


def html(face: Face, *, pictures: Iterable[str] = ()) -> str:
    """Render a card.

    Args:
        face: what it says.
        pictures: HTML of what stands below, made by this package.

    """
    parts = [
        f'<div style="{_TITLE}">{"".join(map(_badge, face.badges))}{escape(face.title)}</div>',
        _table(face.rows),
        *(_folded(name, _table({"": lines})) for name, lines in face.more.items()),
    ]
    if face.uses:
        parts.append(
            _folded(
                f"Use it ({face.variable} is this result)",
                "".join(_use(*use) for use in face.uses.items()),
            )
        )
    return _one_block(f'<div style="{_CARD}">{"".join(parts)}{"".join(pictures)}</div>')


def escape(content: str) -> str:
    """Make HTML of a text, in which nothing reads as another."""
    return escaped(plain(content))


def _one_block(card: str) -> str:
    """Break blank lines by a tag: where a notebook becomes Markdown, HTML ends at the first one (CommonMark 0.31, 4.6)."""
    return re.sub(r"(?<=\n)([ \t\r]*)\n", r"\1<br>", card)


def _badge(badge: Badge) -> str:
    return f'<span style="{_BADGE};background:{_TONES[badge.tone]}">{escape(badge.text)}</span>'


def _table(rows: Mapping[str, list[str]]) -> str:
    cells = "".join(
        f'<tr style="{_ROW}">'
        + (f'<th scope="row" style="{_NAME}">{escape(name)}</th>' if name else "")
        + f'<td style="{_LINES}">{"<br>".join(map(escape, lines))}</td></tr>'
        for name, lines in rows.items()
    )
    return f'<table style="{_ROWS}"><tbody>{cells}</tbody></table>' if cells else ""


def _folded(name: str, content: str) -> str:
    return f'<details style="{_FOLD}"><summary style="{_SUMMARY}">{escape(name)}</summary>{content}</details>'


def _use(tool: str, code: str) -> str:
    return f'<div style="margin:6px 0 0 0">{escape(tool)}</div>{preformatted(code)}'


def preformatted(content: str) -> str:
    """Render lines as they are."""
    return f'<pre style="{_CODE}">{escape(content)}</pre>'


def table_of(rows: Sequence[Sequence[str]]) -> str:
    """Render the rows of a table, the first of which has the names."""
    lines = [
        f'<tr style="{_ROW}">{"".join(f"<{tag} style={_quoted(_CELL)}>{escape(cell)}</{tag}>" for cell in row)}</tr>'
        for tag, row in zip(["th", *["td"] * len(rows)], rows, strict=False)
    ]
    return f'<div style="overflow-x:auto"><table style="{_TABLE}"><tbody>{"".join(lines)}</tbody></table></div>'


def _quoted(style: str) -> str:
    return f'"{style}"'


def picture(description: str, data: str) -> str:
    """Render a picture, which is a data URI: what is loaded from elsewhere would tell others who opens the notebook."""
    return f'<div style="margin:8px 0 0 0"><img alt="{escape(description)}" src="{data}" style="max-width:100%;max-height:320px"></div>'


def text(face: Face) -> str:
    """Write a card as text, for where there is no HTML; without the code to use it with."""
    head = " ".join([*(f"[{badge.text}]" for badge in face.badges), face.title])
    lines = [f"{name}: {line}" for name, lines in face.rows.items() for line in lines]
    return plain("\n".join([head, *(f"  {line}" for line in lines)]))
