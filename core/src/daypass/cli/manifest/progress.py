"""How many rows are done, how fast, and how long it will take: on a terminal's stderr alone."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta


@contextmanager
def progress(
    what: str, expected: Callable[[], int | None], before: int
) -> Iterator[Callable[[int], object]]:
    """Show how far a manifest is, while the block runs.

    Args:
        what: a word or two in front of the bar.
        expected: says how many rows there are, as far as is known by then.
        before: rows that an earlier run has done.

    Yields:
        A function to be told of every so many rows done.

    """
    if sys.stderr is None or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, Task, TextColumn
    from rich.text import Text

    class Pace(TextColumn):
        """Rows in a second and the time left, over all that this run has done."""

        def render(self, task: Task) -> Text:
            """Write the pace of one task."""
            done = task.completed - before
            if not done or not task.elapsed:
                return Text("")
            rate = done / task.elapsed
            left = max(0.0, (task.total or 0) - task.completed) / rate
            known = f", {timedelta(seconds=round(left))} left" if task.total else ""
            return Text(f"{rate:,.0f} rows/s{known}")

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=16),
        MofNCompleteColumn(),
        Pace(""),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=expected(), completed=before)

        def advance(count: int) -> None:
            bar.update(task, advance=count)
            if (total := expected()) != bar.tasks[0].total:
                bar.update(task, total=total)

        yield advance
