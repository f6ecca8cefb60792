"""Files that a command reads: one that cannot be read is a wrong command line, whatever the command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import click

__all__ = ["opened"]


@contextmanager
def opened(name: str | Path) -> Iterator[BinaryIO]:
    """Open a file that the command line names, for the length of a ``with`` block.

    Args:
        name: the file.

    Raises:
        click.UsageError: if it is missing or cannot be opened.

    """
    try:
        file = Path(name).open("rb")  # noqa: SIM115 - closed below; errors of reading are others
    except OSError as error:
        why = (
            "does not exist"
            if isinstance(error, FileNotFoundError)
            else f"cannot be read: {error.strerror}"
        )
        msg = f"{name} {why}"
        raise click.UsageError(msg) from error
    with file:
        yield file
