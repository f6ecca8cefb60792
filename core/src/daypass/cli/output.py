"""How results leave: cards on a terminal, plain lines or JSON elsewhere, warnings on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click

from daypass.cli.words import one_line, shown, spelled

json_option = click.Option(
    ["--json", "as_json"], is_flag=True, help="Print the result as JSON, one object per line."
)


def on_terminal() -> bool:
    """Tell whether a person reads stdout."""
    return sys.stdout is not None and sys.stdout.isatty()


def say(text: str) -> None:
    """Write one line to stdout."""
    click.echo(text)


def say_json(record: Mapping[str, Any]) -> None:
    """Write one line of JSON to stdout, in ASCII."""
    click.echo(json.dumps(record))


def note(message: str) -> None:
    """Write one line to stderr that is no warning, so that stdout stays what a program reads."""
    click.echo(one_line(message), err=True)


def warn(message: str) -> None:
    """Write one line of warning to stderr."""
    click.echo(f"daypass: warning: {one_line(spelled(message))}", err=True)


def say_rows(title: str, rows: Mapping[str, str | Sequence[str]]) -> None:
    """Write names and values: as a card on a terminal, as plain lines elsewhere.

    Args:
        title: the card's title; only terminals see it.
        rows: what is to be said, by name; a sequence is one line each.

    """
    if not on_terminal():
        for name, value in rows.items():
            for line in _lines(value):
                click.echo(f"{name}: {line}")
        return
    from rich.console import Console
    from rich.panel import Panel
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows.items():
        # Text and not markup: a key may hold [brackets].
        table.add_row(Text(name), Text("\n".join(_lines(value))))
    Console(highlight=False).print(Panel(table, title=Text(shown(title)), title_align="left"))


def say_table(names: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a table on a terminal, a line for each row as far as it has room.

    Args:
        names: the columns' names.
        rows: their values.

    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for name in names:
        table.add_column(name, overflow="fold", no_wrap=name == names[0])
    for row in rows:
        table.add_row(*(Text(shown(value)) for value in row))
    Console(highlight=False).print(table)


def _lines(value: str | Sequence[str]) -> list[str]:
    return [shown(line) for line in ([value] if isinstance(value, str) else value)]
