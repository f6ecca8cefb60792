"""Pictures that are drawn here, as SVG within a page."""

from __future__ import annotations

import segno

__all__ = ["code_of"]


def code_of(url: str) -> str:
    """Return a URL of ours as a QR code, which phones read in the dark too: it is on white."""
    made = segno.make(url, error="m", micro=False)
    return made.svg_inline(border=3, light="#fff", omitsize=True)
