"""The options of a manifest: where it is, how it is written, where the new one goes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from daypass.cli.options import pairs
from daypass.model.options import PER_ROW

#: Those of `daypass.manifest.plan`, which is imported only where there is a manifest.
FORMATS = ("parquet", "csv", "ndjson", "text")
#: What a manifest's columns can be for, and what each is called without ``--column``.
READ = {"path": "path", **dict.fromkeys(PER_ROW, "")}

FROM = click.Option(
    ["--from", "source"],
    metavar="FILE[:COLUMN]",
    help="A manifest in place of PATH: Parquet, CSV, NDJSON, text with a path on each line, or an "
    "S3 Inventory; - is stdin. COLUMN holds the paths: path without it.",
)
TO = click.Option(
    ["--to", "target"],
    metavar="FILE",
    help="Where the manifest goes, with new columns behind its own; - is stdout.",
)
FROM_FORMAT = click.Option(
    ["--from-format"],
    type=click.Choice(FORMATS),
    help="How the manifest is written, where its name does not say.",
)
TO_FORMAT = click.Option(
    ["--to-format"],
    type=click.Choice(FORMATS),
    help="How the new one is written, where its name does not say.",
)
COLUMN = click.Option(
    ["--column", "columns"],
    multiple=True,
    callback=pairs,
    metavar="WHAT=COLUMN",
    help=f"Read WHAT ({', '.join(PER_ROW)}) from a column, or give a new column another name; repeatable.",
)
JOBS = click.Option(
    ["--jobs"],
    type=click.IntRange(1, 256),
    metavar="N",
    help="Processes that sign at once; one for each processor without it.",
)
REQUESTS = click.Option(
    ["--jobs"],
    type=click.IntRange(1, 256),
    metavar="N",
    help="Requests that are made at once; 32 without it.",
)
RESUME = click.Option(
    ["--resume"],
    is_flag=True,
    help="Go on where the same command was killed, without doing anything twice.",
)
ERRORS = click.Option(
    ["--errors"],
    type=click.Choice(["raise", "collect"]),
    help="Stop at the first bad row and write nothing, or say what is wrong in a column error.",
)
WITH_HEAD = click.Option(
    ["--with-head"],
    is_flag=True,
    help="Also sign for HEAD and read the size, for readers that read by ranges.",
)

#: In the order of ``--help``.
SIGN = (FROM, TO, FROM_FORMAT, TO_FORMAT, COLUMN, ERRORS, WITH_HEAD, JOBS, RESUME)
HEAD = (FROM, TO, FROM_FORMAT, TO_FORMAT, COLUMN, ERRORS, REQUESTS, RESUME)


def file_and_column(text: str) -> tuple[str, str]:
    """Take FILE[:COLUMN] apart; a file or directory that has the whole name is one."""
    name, colon, column = text.rpartition(":")
    if not colon or Path(text).exists() or not name:
        return text, ""
    return name, column


def check_alone(values: Mapping[str, Any]) -> None:
    """Raise where an option of a manifest is given without one."""
    for option in SIGN:
        if option.name != "source" and values.get(option.name or ""):
            msg = f"{option.opts[0]} goes with --from"
            raise click.UsageError(msg)


def check_with(paths: object, single: Mapping[str, Any]) -> None:
    """Raise where a manifest is given together with what is for single paths.

    Args:
        paths: what was given as PATH.
        single: options of single paths, by their flags.

    """
    if paths:
        msg = "give PATH or --from, not both"
        raise click.UsageError(msg)
    for flag, value in single.items():
        if value not in (None, False):
            hint = (
                "use --column" if flag.removeprefix("--").replace("-", "_") in READ else "use --to"
            )
            msg = f"{flag} is for single paths: {hint}"
            raise click.UsageError(msg)
