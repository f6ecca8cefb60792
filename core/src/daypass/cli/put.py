"""``daypass put``: upload a file through a signed URL, or a large one through one for each part."""

from __future__ import annotations

import shlex
from typing import Any

import click

from daypass.base.sizes import size
from daypass.cli import exits, options
from daypass.cli.again import Again
from daypass.cli.completing import complete_path
from daypass.cli.given import stdin
from daypass.cli.output import json_option, say, say_json, warn
from daypass.cli.progress import progress
from daypass.cli.refusals import refusals
from daypass.cli.words import listed, shown
from daypass.model.options import AT_ONCE, DOWNLOAD_ONLY
from daypass.transfer.outcome import Transfer
from daypass.transfer.upload_functions import abort_upload, upload

#: Of the options of a URL, those that make sense for an upload that is made at once.
_OPTIONS = [*options.of(name for name in AT_ONCE if name not in DOWNLOAD_ONLY).values()]
_PLACE = ("storage_options", "signer", "signer_options", "caller")
_PARTS = ("multipart_threshold", "part_size", "jobs", "resume")


def _put(file: str, path: str, *, as_json: bool, **values: Any) -> None:
    """Upload FILE to PATH through a signed PUT URL, or in parts through one for each.

    A PATH that ends in / takes it under its own name; a FILE - is stdin. The upload declares a Content-Type, and its MD5 is signed, so that the store checks what
    arrives, and kept as metadata, so that `daypass get` can check it again. A URL in the place of
    PATH is used as it stands, without credentials.
    """
    place = {name: values[name] for name in _PLACE}
    source = stdin("the file").buffer if file == "-" else file
    asked = options.asked(values, link=path)
    if values["abort"]:
        if values["resume"]:
            msg = "--abort removes what --resume would go on with: give one of them"
            raise click.UsageError(msg)
        with Again(file, path, place).spelled():
            found = abort_upload(source, path, headers=asked.get("headers"), **place)
        say(shown(f"the upload to {found} is aborted: the store removes its parts"))
        return
    with (
        refusals("--method PUT", f"--body {shlex.quote(file)}", headers=asked.get("headers")),
        Again(file, path, place).spelled(),
        progress("uploading") as callback,
    ):
        how = {name: values[name] for name in _PARTS}
        done = upload(source, path, callback=callback, **place, **how, **asked)
    for note in done.notes:
        warn(note)
    if done.unenforced:
        warn(f"the store does not enforce {listed(done.unenforced)}")
    _report(done, as_json=as_json)


def _report(done: Transfer, *, as_json: bool) -> None:
    if as_json:
        names = ("path", "size", "content_type", "content_md5", "etag", "parts")
        fields = {name: getattr(done, name) for name in names}
        say_json(fields | {"checked": list(done.checked)})
        return
    words = [size(done.size)]
    if done.content_type is not None:
        words.append(done.content_type)
    if done.parts == 1:
        md5 = done.content_md5
        words.append("MD5 not checked" if md5 is None else f"MD5 {md5} checked by the store")
    else:
        words[0] += f" in {done.parts} parts"
        checked = done.content_md5 is not None
        words.append(
            "MD5 of each part checked by the store" if checked else "MD5 sent with each part"
        )
        compared = " and ".join(word if word == "size" else "ETag" for word in done.checked)
        words.append(f"{compared} checked" if compared else "nothing to compare in the end")
    say(f"{shown(done.path)}: {', '.join(words)}")


command = click.Command(
    "put",
    callback=_put,
    help=_put.__doc__,
    epilog=exits.EPILOG,
    params=[
        click.Argument(["file"], type=click.Path(dir_okay=False)),
        click.Argument(["path"], metavar="PATH|URL", shell_complete=complete_path),
        click.Option(
            ["--multipart-threshold"],
            type=options.Bytes(),
            default="64MiB",
            show_default=True,
            help="Upload a file above this size in parts.",
        ),
        click.Option(
            ["--part-size"],
            type=options.Bytes(least=1),
            help="Size of each part; 16MiB without it, or what the store needs.",
        ),
        click.Option(
            ["--jobs"],
            type=click.IntRange(1, 64),
            default=4,
            show_default=True,
            help="How many parts are sent at a time.",
        ),
        click.Option(
            ["--resume"], is_flag=True, help="Go on where an earlier run of this upload stopped."
        ),
        click.Option(
            ["--abort"], is_flag=True, help="Remove what an earlier run has uploaded, and stop."
        ),
        *_OPTIONS,
        options.STORAGE,
        options.SIGNER,
        options.SIGNER_OPTION,
        options.CALLER,
        json_option,
    ],
)
