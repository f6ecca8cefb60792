"""``daypass audit``: whether an audit file is as it was written, the head to note elsewhere, and who asked for a link."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import attrs
import click

from daypass.audit import Found, Verdict, find, head, verify
from daypass.audit.configured import verify_configured
from daypass.cli import exits
from daypass.cli.completing import InnerGroup
from daypass.cli.explain import found
from daypass.cli.manifest.options import file_and_column
from daypass.cli.output import json_option, say, say_json, say_rows, warn
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
    found with --expect-head alone. Without a FILE it verifies what is configured: the file of [audit], and
    what installed packages witness. It exits with 1 where a line is bad, and where that file is not there, or not yet.
    """
    if not files:
        if expect_head is not None:
            msg = "--expect-head is the head of one audit: name its files"
            raise click.UsageError(msg)
        with _readable():
            verdicts = verify_configured()
    else:
        with _readable():
            verdicts = {"": verify(*files, expect_head=expect_head)}
    for name, verdict in verdicts.items():
        if as_json:
            say_json(({"audit": name} if name else {}) | attrs.asdict(verdict))
        else:
            _say_verdict(name, verdict)
    return 0 if all(verdict.ok for verdict in verdicts.values()) else exits.FAILED


def _say_verdict(name: str, verdict: Verdict) -> None:
    for note in verdict.notes:
        warn(note)
    if verdict.ok:
        lines = "1 line verifies" if verdict.lines == 1 else f"{verdict.lines} lines verify"
        head = (
            "there is no head to note yet"
            if verdict.head is None
            else f"the head is {verdict.head}"
        )
        say(f"{name}: {lines}, {head}" if name else f"{lines}, {head}")
        return
    line = "" if verdict.line is None else f"line {verdict.line} is bad: "
    place = f"{verdict.file}: {line}" if verdict.file is not None else ""
    click.echo(one_line(f"daypass: error: {place}{verdict.why}"), err=True)


def _head(file: str, *, as_json: bool) -> None:
    """Print the hash of the newest line: note it where who writes the audit cannot change it."""
    with _readable():
        newest = head(file)
    if as_json:
        say_json(attrs.asdict(newest))
    else:
        say(newest.hash)


def _find(link: str, files: tuple[str, ...], *, links: str | None, as_json: bool) -> int:
    """Find the lines of an audit that a link is on: who asked for it, and when.

    LINK is a URL or its SHA-256 in hex; it may be - for standard input or @FILE, since other users of
    the machine can see what stands on a command line. A link that was signed with others is found
    with --links alone. It exits with 1 where no line is found.
    """
    with _readable():
        lines = find(_text_of(link), *files, links=() if links is None else _links(links))
    for line in lines:
        if as_json:
            say_json(attrs.asdict(line))
        else:
            say_rows("a link on record", _rows(line))
    if lines:
        return 0
    others = "" if links else ", if it was not signed with others: name these with --links"
    click.echo(f"daypass: error: the link is on no line{others}", err=True)
    return exits.FAILED


def _text_of(link: str) -> str:
    text = found(link)
    if not isinstance(text, str):
        msg = "LINK is a URL or its SHA-256: of an upload form, that of its field policy"
        raise click.UsageError(msg)
    return text.strip()


def _links(text: str) -> Iterator[str | None]:
    from daypass.manifest.links import links_of

    file, column = file_and_column(text)
    return links_of(file, column or "url")


def _rows(line: Found) -> dict[str, str]:
    record = line.record
    rows = {"file": line.file, "line": str(line.line)}
    for name in ("time", "caller", "action", "method", "path", "expires_at", "rule"):
        if record[name] is not None:
            rows[name] = str(record[name])
    if line.proof is not None:
        rows["link"] = f"{line.proof.index + 1} of {record['count']}"
        rows["merkle_root"] = record["merkle_root"]
    return rows


command = InnerGroup(
    "audit",
    help="Verify an audit file, and find a link in it.",
    epilog=exits.EPILOG,
    commands=[
        click.Command(
            "verify",
            callback=_verify,
            help=_verify.__doc__,
            epilog=exits.EPILOG,
            params=[
                click.Argument(["files"], nargs=-1, metavar="[FILE...]"),
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
        click.Command(
            "find",
            callback=_find,
            help=_find.__doc__,
            epilog=exits.EPILOG,
            params=[
                click.Argument(["link"], metavar="LINK"),
                click.Argument(["files"], nargs=-1, required=True, metavar="FILE..."),
                click.Option(
                    ["--links"],
                    metavar="FILE[:COLUMN]",
                    help="All that were signed with it, in order: the manifest with its links, in the "
                    "column url if none is named, or text with a link or its SHA-256 on each line.",
                ),
                json_option,
            ],
        ),
    ],
)
