"""``daypass explain``: what a signed URL says of itself, and what a store's error means for it."""

from __future__ import annotations

import json
from typing import Any

import click

from daypass.base.files import opened
from daypass.cli import exits
from daypass.cli.given import stdin
from daypass.cli.output import json_option, say_json, say_rows
from daypass.reading.explain import explain

#: Characters of a URL or a form, and bytes of an error body: more is not read.
_MOST = 1 << 20

reveal_option = click.Option(
    ["--reveal"], is_flag=True, help="Show the signature and the credential's ID whole."
)
error_option = click.Option(
    ["--error"],
    metavar="FILE",
    help="What was answered, whatever it is; with its status line and headers (curl -i) it says more.",
)


def found(source: str) -> Any:
    """Return the URL's text, or a form's fields, that an argument names.

    Args:
        source: a URL, ``-`` for standard input or ``@FILE``; JSON in either is a form.

    """
    if source == "-":
        text = stdin("the URL or the form").read(_MOST)
    elif source.startswith("@"):
        text = _read(source.removeprefix("@")).decode(errors="replace")
    else:
        text = source
    if not text.lstrip().startswith("{"):
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        msg = "what begins with { must be the JSON of a form's fields"
        raise click.UsageError(msg) from None


def _read(name: str) -> bytes:
    with opened(name) as file:
        return file.read(_MOST)


def _explain(source: str, *, error: str | None, as_json: bool, reveal: bool) -> int:
    """Say what a signed URL says of itself: offline, without a key and without trusting it.

    It takes no request: daypass verify does, and says what of its method, headers and body speaks against it.

    URL may be - for standard input or @FILE, since other users of the machine can see what stands
    on a command line. JSON there is taken for an upload form's fields.
    """
    answer = explain(found(source), error=None if error is None else _read(error))
    if as_json:
        say_json(answer.to_dict(reveal=reveal))
    else:
        title = "not a signed URL I know" if answer.backend is None else str(answer.scheme)
        say_rows(title, answer.rows(reveal=reveal))
    return exits.WRONG if answer.backend is None else 0


command = click.Command(
    "explain",
    callback=_explain,
    help=_explain.__doc__,
    epilog=exits.EPILOG,
    params=[
        click.Argument(["source"], metavar="URL"),
        error_option,
        reveal_option,
        json_option,
    ],
)
