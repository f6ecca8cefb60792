"""Which languages there are: each has a file beside this one. To know them reads none."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

__all__ = ["FILES", "FIRST"]

#: Whose language nobody knows is told in this one.
FIRST = "en"
#: By language, as HTML names it.
FILES: Mapping[str, Path] = {
    file.stem: file for file in sorted(Path(__file__).parent.glob("*.toml"))
}
