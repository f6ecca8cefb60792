"""What comes in by stdin, which may be closed, or nobody may sit before."""

from __future__ import annotations

import sys
from typing import TextIO

import click

__all__ = ["somebody_types", "stdin"]


def stdin(what: str) -> TextIO:
    """Return stdin.

    Args:
        what: what is to come by it, as a message names it, such as ``"the file"``.

    Raises:
        UsageError: if it is closed.

    """
    if sys.stdin is None or sys.stdin.closed:
        msg = f"stdin is closed, by which {what} was to come: redirect it from a file or a pipe"
        raise click.UsageError(msg)
    return sys.stdin


def somebody_types() -> bool:
    """Tell whether stdin is a terminal."""
    return sys.stdin is not None and not sys.stdin.closed and sys.stdin.isatty()
