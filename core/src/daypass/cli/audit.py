"""``daypass audit``: whether an audit file is as it was written, and the head to note elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import attrs
import click

from daypass.audit import head, verify
from daypass.cli import exits
from daypass.cli.output import json_option, say, say_json, warn
from daypass.cli.words import one_line
from daypass.errors import AuditError


@contextmanager
def _readable() -> Iterator[None]:
    """Take a file that cannot be opened for a wrong command line: no link was refused for it."""
    try:
        yield
    except AuditError as error:
        if isinstance(error.__cause__, OSError):
            raise click.UsageError(str(error)) from error
        raise


def _verify(files: tuple[str, ...], *, expect_head: str | None, as_json: bool) -> int:
    """Find the first line of an audit that was changed, removed, put in or moved.

    Of an audit that was rotated, name all files, oldest first. That the newest lines are missing is
    found with --expect-head alone. It exits with 1 where a line is bad.
    """
    with _readable():
        verdict = verify(*files, expect_head=expect_head)
    if as_json:
        say_json(attrs.asdict(verdict))
        return 0 if verdict.ok else exits.FAILED
    for note in verdict.notes:
        warn(note)
    if verdict.ok:
        lines = "1 line verifies" if verdict.lines == 1 else f"{verdict.lines} lines verify"
        say(f"{lines}, the head is {verdict.head}")
        return 0
    place = f"{verdict.file}: line {verdict.line} is bad: " if verdict.line is not None else ""
    click.echo(one_line(f"daypass: error: {place}{verdict.why}"), err=True)
    return exits.FAILED


def _head(file: str, *, as_json: bool) -> None:
    """Print the hash of the newest line: note it where who writes the audit cannot change it."""
    with _readable():
        found = head(file)
    if as_json:
        say_json(attrs.asdict(found))
    else:
        say(found.hash)


command = click.Group(
    "audit",
    help="Verify an audit file.",
    epilog=exits.EPILOG,
    commands=[
        click.Command(
            "verify",
            callback=_verify,
            help=_verify.__doc__,
            epilog=exits.EPILOG,
            params=[
                click.Argument(["files"], nargs=-1, required=True, metavar="FILE..."),
                click.Option(
                    ["--expect-head"],
                    metavar="HASH",
                    help="The hash of a line that was the newest when it was noted.",
                ),
                json_option,
            ],
        ),
        click.Command(
            "head",
            callback=_head,
            help=_head.__doc__,
            epilog=exits.EPILOG,
            params=[click.Argument(["file"], metavar="FILE"), json_option],
        ),
    ],
)
