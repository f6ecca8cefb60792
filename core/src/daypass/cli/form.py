"""``daypass form``: a temporary form by which a browser uploads a file."""

from __future__ import annotations

from typing import Any

import click

from daypass.cli import exits, options
from daypass.cli.completing import complete_path
from daypass.cli.holders import not_enforced
from daypass.cli.output import say, say_json, warn
from daypass.model.options import OF_FORMS
from daypass.store.store import Store
from daypass.store.upload_functions import create_upload_form

_PLACE = ("storage_options", "signer", "signer_options", "public_endpoint", "caller")
#: What a browser needs to read the page rightly, whatever serves it.
_PAGE = '<!DOCTYPE html>\n<meta charset="utf-8">\n<title>Upload</title>\n'


def _form(path: str, *, as_html: bool, curl: str | None, **values: Any) -> None:
    """Sign a form by which a browser uploads one file to PATH.

    Where PATH ends in ${filename}, the file's name goes there (quote it: a shell would expand it).
    stdout gets one object of JSON: the fields to send, and to which URL; with --html a page that
    works as it stands, with --curl a command that uploads a file.
    """
    if as_html and curl is not None:
        msg = "--html and --curl exclude each other"
        raise click.UsageError(msg)
    asked: dict[str, Any] = {**options.asked(values)}
    place = {name: values[name] for name in _PLACE}
    form = create_upload_form(path, **place, **asked)
    if as_html or curl is not None:
        if form.unenforced:
            loose = not_enforced(form, Store(path, **place))
            warn(f"{form.path}: the store does not enforce {', '.join(loose)}")
        say(_PAGE + form.html() if curl is None else form.curl(curl))
    else:
        say_json(form.to_dict(reveal=True))


command = click.Command(
    "form",
    callback=_form,
    help=_form.__doc__,
    epilog=exits.EPILOG,
    params=[
        click.Argument(["path"], shell_complete=complete_path),
        *options.of(OF_FORMS).values(),
        options.PUBLIC_ENDPOINT,
        options.STORAGE,
        options.SIGNER,
        options.SIGNER_OPTION,
        options.CALLER,
        click.Option(["--html", "as_html"], is_flag=True, help="Print a page with the form."),
        click.Option(["--curl"], metavar="FILE", help="Print a curl command that uploads FILE."),
    ],
)
