"""Files that a command writes: where one may be, and that no other run writes the same."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import click

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows has none; two runs at once are then not told apart
    fcntl = None  # type: ignore[assignment]

__all__ = ["lock", "target_of"]


def target_of(file: Path) -> Path:
    """Return the file that is written.

    Raises:
        click.UsageError: if it cannot be one.

    """
    # Through a symbolic link to what it names, as cp would.
    target = file.resolve()
    if target.exists() and not target.is_file():
        msg = f"{file} is not a regular file"
        raise click.UsageError(msg)
    if not target.parent.is_dir():
        msg = f"{target.parent} is not a directory"
        raise click.UsageError(msg)
    return target


def lock(file: BinaryIO, doing: str) -> None:
    """Lock a file until it is closed, so that two runs of one command do not write the same.

    Args:
        file: what every such run opens.
        doing: what another run is doing where it has the lock, for the message.

    Raises:
        click.ClickException: if another run has it.

    """
    if fcntl is None:
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        msg = f"another run is {doing}"
        raise click.ClickException(msg) from error
