"""``daypass verify``: whether one very request would pass, and which piece of it differs."""

from __future__ import annotations

from typing import Any

import attrs
import click

from daypass.base.files import opened
from daypass.cli import exits, options
from daypass.cli.completing import complete_profile
from daypass.cli.explain import error_option, found
from daypass.cli.output import json_option, say_json, say_rows
from daypass.reading.verify import HOW, verify

#: What the library says in its keywords.
_HOW = "give --key-file FILE, --profile NAME, or by --storage-option, --signer-option or the environment what names the credentials"


def _read(name: str) -> bytes:
    with opened(name) as file:
        return file.read()


def _verify(
    source: str,
    *,
    key_file: str | None,
    body: str | None,
    error: str | None,
    as_json: bool,
    **values: Any,
) -> int:
    """Tell whether this very request would pass, and if not, which piece of it differs.

    The signature is recomputed where a key is at hand: --key-file, or the credentials that a
    profile, the options and the environment name. Nobody is contacted.

    URL may be - for standard input or @FILE, since other users of the machine can see what stands
    on a command line. JSON there is taken for an upload form's fields, which are held against its policy.
    """
    answer = verify(
        found(source),
        key=None if key_file is None else _read(key_file).decode().strip(),
        body=None if body is None else _read(body),
        error=None if error is None else _read(error),
        **values,
    )
    told = [attrs.evolve(one, message=one.message.replace(HOW, _HOW)) for one in answer.findings]
    answer = attrs.evolve(answer, findings=told)
    if as_json:
        say_json(answer.to_dict())
    else:
        say_rows("a request, verified", answer.rows())
    if answer.ok is None:
        return exits.CREDENTIALS
    return 0 if answer.ok else exits.FAILED


command = click.Command(
    "verify",
    callback=_verify,
    help=_verify.__doc__,
    epilog=exits.EPILOG,
    params=[
        click.Argument(["source"], metavar="URL"),
        click.Option(
            ["--method"], help="The HTTP method to be sent; without it GET, and POST of a form."
        ),
        click.Option(
            ["--header", "headers"],
            multiple=True,
            callback=options.headers,
            metavar="NAME=VALUE",
            help="A header to be sent; repeatable.",
        ),
        click.Option(["--body"], metavar="FILE", help="What is to be uploaded."),
        click.Option(
            ["--key-file"],
            metavar="FILE",
            help="What to check with: a secret, an account key, or a key in PEM.",
        ),
        click.Option(
            ["--profile"],
            metavar="NAME",
            shell_complete=complete_profile,
            help="The profile whose options name the credentials to check with.",
        ),
        options.STORAGE,
        options.SIGNER_OPTION,
        error_option,
        json_option,
    ],
)
