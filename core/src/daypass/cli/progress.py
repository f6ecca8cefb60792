"""A progress bar on a terminal's stderr, and nothing anywhere else."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fsspec.callbacks import Callback


@contextmanager
def progress(what: str) -> Iterator[Callback | None]:
    """Show how far a transfer is, while the block runs.

    Args:
        what: a word or two in front of the bar.

    Yields:
        What the transfer tells it to; None where nobody looks.

    """
    if sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    from fsspec.callbacks import Callback
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:

        class Bar(Callback):  # type: ignore[misc] # fsspec has no types
            """Draws what it is told."""

            def __init__(self, what: str) -> None:
                super().__init__()
                self._what = what
                self._task: Any = None

            def call(self, *_: object, **__: object) -> None:
                """Draw how far it is; the bar is there once there is something to say."""
                if self._task is None:
                    self._task = shown.add_task(self._what, total=self.size)
                shown.update(self._task, total=self.size, completed=self.value)

            def branched(self, *_: object, **__: object) -> Bar:
                """Give one for what precedes the transfer."""
                return Bar("reading")

            def close(self) -> None:
                """Take the bar away."""
                if self._task is not None:
                    shown.remove_task(self._task)

        yield Bar(what)
