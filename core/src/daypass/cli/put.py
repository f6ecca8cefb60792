"""``daypass put``: upload a file through a signed URL, or a large one through one for each part."""

from __future__ import annotations

import hashlib
import mimetypes
import os
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from daypass.cli import exits, options
from daypass.cli.output import json_option, say, say_json, warn
from daypass.cli.progress import progress
from daypass.cli.words import listed, shown, size
from daypass.errors import StoreError, UnsupportedOptionError
from daypass.model.links import SignedURL
from daypass.model.options import AT_ONCE, DOWNLOAD_ONLY
from daypass.model.requests import SignOptions
from daypass.store.functions import create_signed_url
from daypass.toolkit.wire import CHUNK, network_errors, send

if TYPE_CHECKING:
    from daypass.cli.jobs import Done, Job

#: Of the options of a URL, those that make sense for an upload that is made at once.
_OPTIONS = [*options.of(name for name in AT_ONCE if name not in DOWNLOAD_ONLY).values()]
_PLACE = ("storage_options", "signer", "signer_options", "caller")

#: What a compressed file is, whatever is inside: guessing "text/csv" would be half of the truth.
_COMPRESSED = {"gzip": "application/gzip", "bzip2": "application/x-bzip2", "xz": "application/x-xz"}


def _put(file: Path, path: str, *, as_json: bool, **values: Any) -> None:
    """Upload FILE to PATH through a signed PUT URL, or in parts through one for each.

    The upload declares a Content-Type, and its MD5 is signed, so that the store checks what
    arrives, and kept as metadata, so that `daypass get` can check it again.
    """
    if not file.is_file() and not (values["abort"] and not file.exists()):
        msg = f"{file} is not a regular file" if file.exists() else f"{file} does not exist"
        raise click.UsageError(msg)
    place = {name: values[name] for name in _PLACE}
    asked = options.asked(values)
    explicit = frozenset(asked)
    asked.setdefault("content_type", content_type_of(file.name))
    if values["abort"] or values["resume"] or file.stat().st_size > values["multipart_threshold"]:
        from daypass.cli import uploading
        from daypass.cli.jobs import Job

        job = Job(
            file,
            path,
            place,
            asked,
            explicit,
            part_size=values["part_size"],
            jobs=values["jobs"],
            resume=values["resume"],
        )
        if values["abort"]:
            if values["resume"]:
                msg = "--abort removes what --resume would go on with: give one of them"
                raise click.UsageError(msg)
            say(shown(uploading.abort(job)))
            return
        done = _in_parts(job)
        if done is not None:
            _report_parts(done, str(asked["content_type"]), as_json=as_json)
            return
    _put_whole(file, path, place, asked, as_json=as_json)


def _in_parts(job: Job) -> Done | None:
    """Upload in parts, or return None where the store takes the file only in one piece."""
    from daypass.cli import uploading

    return uploading.put(job) if uploading.has_parts(job, job.file.stat().st_size) else None


def _report_parts(done: Done, content_type: str, *, as_json: bool) -> None:
    if as_json:
        say_json(
            {
                "path": done.path,
                "size": done.size,
                "content_type": content_type,
                "content_md5": done.content_md5 if done.md5_checked else None,
                "etag": done.etag,
                "parts": done.parts,
                "checked": list(done.checked),
            }
        )
        return
    compared = " and ".join(word if word == "size" else "ETag" for word in done.checked)
    words = [
        f"{size(done.size)} in {done.parts} parts",
        content_type,
        "MD5 of each part checked by the store" if done.md5_checked else "MD5 sent with each part",
        f"{compared} checked" if compared else "nothing to compare in the end",
    ]
    say(f"{shown(done.path)}: {', '.join(words)}")


def _put_whole(
    file: Path, path: str, place: Mapping[str, Any], asked: SignOptions, *, as_json: bool
) -> None:
    with file.open("rb") as source:
        total = os.fstat(source.fileno()).st_size
        with progress("reading", total) as advance:
            md5 = _md5(source, advance)
        source.seek(0)
        link, checked = _sign(path, place, asked, md5)
        with progress("uploading", total) as advance:
            etag = _upload(link, source, total, advance)
    if as_json:
        say_json(
            {
                "path": link.path,
                "size": total,
                "content_type": asked["content_type"],
                "content_md5": md5 if checked else None,
                "etag": etag,
                "parts": 1,
                "checked": [],
            }
        )
    else:
        md5_words = f"MD5 {md5} checked by the store" if checked else "MD5 not checked"
        say(f"{shown(link.path)}: {size(total)}, {asked['content_type']}, {md5_words}")


def content_type_of(name: str) -> str:
    """Guess a media type from a file's name."""
    kind, encoding = mimetypes.guess_type(name)
    if encoding is not None:
        kind = _COMPRESSED.get(encoding)
    return kind or "application/octet-stream"


def _sign(
    path: str, place: Mapping[str, Any], asked: SignOptions, md5: str
) -> tuple[SignedURL, bool]:
    """Sign with the MD5, or without where the backend cannot enforce it; say which."""
    asked["method"] = "PUT"
    with_md5: SignOptions = {"content_md5": md5, "add_content_md5_metadata": True}
    try:
        link = create_signed_url(path, **place, **(asked | with_md5))
    except UnsupportedOptionError as error:
        if error.option not in ("content_md5", "add_content_md5_metadata"):
            raise
        link = create_signed_url(path, **place, **asked)
        warn(f"uploading without an MD5: {error}")
        return link, False
    if link.unenforced:
        warn(f"the store does not enforce {listed(link.unenforced)}")
    return link, "content_md5" not in link.unenforced


def _md5(source: BinaryIO, advance: Callable[[int], object]) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    while piece := source.read(CHUNK):
        digest.update(piece)
        advance(len(piece))
    return b64encode(digest.digest()).decode()


def _upload(
    link: SignedURL, source: BinaryIO, total: int, advance: Callable[[int], object]
) -> str | None:
    headers = {"Content-Length": str(total)}
    with (
        send(link, headers=headers, body=_pieces(source, total, advance)) as response,
        network_errors(link),
    ):
        response.read()
        etag = response.headers.get("ETag")
    return None if etag is None else etag.strip('"')


def _pieces(source: BinaryIO, total: int, advance: Callable[[int], object]) -> Iterator[bytes]:
    """Read exactly as much as was announced, even from a file that grows."""
    left = total
    while left:
        piece = source.read(min(CHUNK, left))
        if not piece:
            msg = f"{source.name} became shorter while it was uploaded"
            raise StoreError(msg)
        yield piece
        left -= len(piece)
        advance(len(piece))


command = click.Command(
    "put",
    callback=_put,
    help=_put.__doc__,
    epilog=exits.EPILOG,
    params=[
        click.Argument(["file"], type=click.Path(dir_okay=False, path_type=Path)),
        click.Argument(["path"]),
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
