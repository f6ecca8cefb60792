"""How many rows are done, how fast, and how long it will take: on a terminal's stderr alone."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fsspec.callbacks import Callback


@contextmanager
def progress(what: str) -> Iterator[Callback | None]:
    """Show how far a manifest is, while the block runs.

    Args:
        what: a word or two in front of the bar.

    Yields:
        What the engine tells it to; None where nobody looks.

    """
    if sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    from fsspec.callbacks import Callback
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        Task,
        TextColumn,
        TimeElapsedColumn,
    )
    from rich.text import Text

    class Rows(Callback):  # type: ignore[misc] # fsspec has no types
        """Draws what it is told."""

        #: Rows that an earlier run has done.
        before = 0

        def absolute_update(self, value: int) -> None:
            """Take the rows of an earlier run for granted."""
            self.before = value
            super().absolute_update(value)

        def call(self, *_: object, **__: object) -> None:
            """Draw how far it is."""
            bar.update(task, total=self.size, completed=self.value)

    class Pace(TextColumn):
        """Rows in a second and the time left, over all that this run has done."""

        def render(self, task: Task) -> Text:
            """Write the pace of one task."""
            done = task.completed - rows.before
            if not done or not task.elapsed:
                return Text("")
            rate = done / task.elapsed
            left = max(0.0, (task.total or 0) - task.completed) / rate
            known = f", {timedelta(seconds=round(left))} left" if task.total else ""
            return Text(f"{rate:,.0f} rows/s{known}")

    columns = (
        # Rows are counted by the thousand: what turns meanwhile shows that it is not stuck.
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=16),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        Pace(""),
    )
    rows = Rows()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield rows
