"""``Face``: what a card says, before it is HTML or text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

import attrs

__all__ = ["Badge", "Face", "Tone"]

Tone = Literal["plain", "good", "bad", "careful"]


@attrs.frozen
class Badge:
    """A word in front of the title, such as the method of a link."""

    text: str
    tone: Tone = "plain"


def _rows(value: Mapping[str, Iterable[str] | str | None]) -> dict[str, list[str]]:
    """Leave out what there is nothing to say of."""
    rows = {
        name: [lines] if isinstance(lines, str) else [*lines]
        for name, lines in value.items()
        if lines is not None
    }
    return {name: lines for name, lines in rows.items() if any(lines)}


@attrs.frozen(kw_only=True)
class Face:
    """What a card says: text alone, none of it secret."""

    title: str
    badges: tuple[Badge, ...] = ()
    #: Names, and the lines of each; what is None or empty is left out.
    rows: dict[str, list[str]] = attrs.field(factory=dict, converter=_rows)
    #: The variable that `uses` names.
    variable: str = "link"
    #: Code to use the result with, by the name of the tool; it names a variable and never a URL.
    uses: dict[str, str] = attrs.field(factory=dict)
    #: What is too long for the card: names, and the lines of each, folded away.
    more: dict[str, list[str]] = attrs.field(factory=dict, converter=_rows)
