"""``daypass put``: upload a file through a signed URL."""

from __future__ import annotations

import hashlib
import mimetypes
import os
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import click

from daypass.cli import exits, options
from daypass.cli.output import json_option, say, say_json, warn
from daypass.cli.progress import progress
from daypass.cli.words import listed, shown, size
from daypass.errors import StoreError, UnsupportedOptionError
from daypass.functions import create_signed_url
from daypass.requests import SignOptions
from daypass.results import SignedURL
from daypass.wire import CHUNK, network_errors, send

#: Of the options of a URL, those that make sense where the URL is used at once.
_OPTIONS = (
    "expires_in",
    "content_type",
    "if_absent",
    "checksum_sha256",
    "metadata",
    "acl",
    "requester_pays",
    "headers",
    "no_strict",
    "allow_dot_segments",
)
_PLACE = ("storage_options", "signer", "signer_options", "caller")

#: What a compressed file is, whatever is inside: guessing "text/csv" would be half of the truth.
_COMPRESSED = {"gzip": "application/gzip", "bzip2": "application/x-bzip2", "xz": "application/x-xz"}


def _put(file: Path, path: str, *, as_json: bool, **values: Any) -> None:
    """Upload FILE to PATH through a signed PUT URL.

    The upload declares a Content-Type, and its MD5 is signed, so that the store checks what
    arrives, and kept as metadata, so that `daypass get` can check it again.
    """
    if not file.is_file():
        msg = f"{file} is not a regular file"
        raise click.UsageError(msg)
    place = {name: values[name] for name in _PLACE}
    asked = options.asked(values)
    asked.setdefault("content_type", content_type_of(file.name))
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
        click.Argument(
            ["file"], type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)
        ),
        click.Argument(["path"]),
        *(options.SIGNING[name] for name in _OPTIONS),
        options.STORAGE,
        options.SIGNER,
        options.SIGNER_OPTION,
        options.CALLER,
        json_option,
    ],
)
