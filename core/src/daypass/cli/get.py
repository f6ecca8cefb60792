"""``daypass get``: download an object through a signed URL, and check what arrived."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from daypass.base.sizes import size
from daypass.cli import exits, options
from daypass.cli.completing import complete_path
from daypass.cli.output import json_option, note, say, say_json, warn
from daypass.cli.progress import progress
from daypass.cli.refusals import refusals
from daypass.cli.words import shown
from daypass.model.options import AT_ONCE, UPLOAD_ONLY
from daypass.transfer.functions import download
from daypass.transfer.names import within
from daypass.transfer.outcome import Transfer

#: Of the options of a URL, those that make sense for a download that is made at once.
_OPTIONS = [*options.of(name for name in AT_ONCE if name not in UPLOAD_ONLY).values()]
_PLACE = ("version", "storage_options", "signer", "signer_options", "caller")


def _get(path: str, file: str, *, as_json: bool, **values: Any) -> None:
    """Download PATH to FILE through a signed GET URL, or what a URL in its place leads to.

    Without FILE, or with a folder, the file has the object's own name; - is stdout. The size and,
    where the store knows it, the MD5 must be those of the object's metadata. FILE appears whole,
    under a temporary name first, or not at all. A URL is used as it stands, without credentials.
    """
    asked = {**{name: values[name] for name in _PLACE}, **options.asked(values, link=path)}
    if file == "-":
        if values["resume"]:
            msg = "--resume goes on with a file, and - is none"
            raise click.UsageError(msg)
        if as_json:
            msg = "--json goes to stdout, and so does the object: give a FILE"
            raise click.UsageError(msg)
        with (
            refusals(headers=asked.get("headers")),
            os.fdopen(os.dup(1), "wb") as stdout,
            progress("downloading") as callback,
        ):
            done = download(path, stdout, callback=callback, **asked)
        note(f"{shown(done.path)}: {_words(done)}")
        return
    target = within(file, path)
    with refusals(headers=asked.get("headers")), _kept(), progress("downloading") as callback:
        done = download(path, target, callback=callback, resume=values["resume"], **asked)
    target = target.resolve()
    if as_json:
        say_json(
            {
                "file": str(target),
                "path": done.path,
                "size": done.size,
                "content_md5": done.content_md5,
                "checked": list(done.checked),
            }
        )
        return
    say(f"{shown(str(target))}: {_words(done)}")


@contextmanager
def _kept() -> Iterator[None]:
    """Say what is kept of a download that broke off, and how it goes on."""
    try:
        yield
    except BaseException as error:
        for told in getattr(error, "__notes__", ()):
            warn(told)
        raise


def _words(done: Transfer) -> str:
    if "part" in done.checked:
        return f"{size(done.size)}, a part of the object (Range): its length checked, and nothing of the whole"
    checked = " and ".join(word if word == "size" else "MD5" for word in done.checked)
    words = f"{checked} checked" if checked else "nothing to check it against"
    return f"{size(done.size)}, {words}"


command = click.Command(
    "get",
    callback=_get,
    help=_get.__doc__,
    epilog=exits.EPILOG,
    params=[
        click.Argument(["path"], metavar="PATH|URL", shell_complete=complete_path),
        click.Argument(["file"], metavar="[FILE|FOLDER|-]", required=False, default="."),
        click.Option(
            ["--resume"],
            is_flag=True,
            help="Keep what has come where it breaks off, and go on with what an earlier run has kept.",
        ),
        *_OPTIONS,
        options.VERSION,
        options.STORAGE,
        options.SIGNER,
        options.SIGNER_OPTION,
        options.CALLER,
        json_option,
    ],
)
