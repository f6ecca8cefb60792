"""What draws the cards of results where they are shown: the entry point ``cards`` of ``daypass.cards``."""

from __future__ import annotations

from daypass_notebook.faces import face_of
from daypass_notebook.look import html

__all__ = ["card"]


def card(result: object) -> str | None:
    """Return the card of a result as HTML; None for what is no result of daypass."""
    face = face_of(result)
    return None if face is None else html(face)
