"""``daypass get``: download an object through a signed URL, and check what arrived."""

from __future__ import annotations

import hashlib
import os
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

import click

from daypass.cli import exits, options
from daypass.cli.files import target_of
from daypass.cli.output import json_option, say, say_json
from daypass.cli.progress import progress
from daypass.cli.words import shown, size
from daypass.errors import StoreError
from daypass.model.links import SignedURL
from daypass.model.metadata import ObjectMetadata
from daypass.model.options import AT_ONCE, UPLOAD_ONLY
from daypass.store.functions import create_signed_url, head_metadata
from daypass.toolkit.wire import CHUNK, network_errors, send

#: Of the options of a URL, those that make sense for a download that is made at once.
_OPTIONS = [*options.of(name for name in AT_ONCE if name not in UPLOAD_ONLY).values()]


def _get(path: str, file: Path, *, as_json: bool, **values: Any) -> None:
    """Download PATH to FILE through a signed GET URL.

    The size and, where the store knows it, the MD5 must be those of the object's metadata. FILE
    appears whole, under a temporary name first, or not at all.
    """
    target = target_of(file)
    place = {name: values[name] for name in ("version", "storage_options")}
    link = create_signed_url(
        path,
        **place,
        signer=values["signer"],
        signer_options=values["signer_options"],
        caller=values["caller"],
        **options.asked(values),
    )
    expected = head_metadata(path, **place)
    assert expected is not None  # noqa: S101 - None only where missing_ok
    with _whole(target) as sink:
        with progress("downloading", expected.size) as advance:
            total, md5 = _download(link, expected, sink, advance)
        _check(expected, total, md5)
    _report(target, expected, total, as_json=as_json)


def _report(target: Path, expected: ObjectMetadata, total: int, *, as_json: bool) -> None:
    checked = [
        word
        for word, value in (("size", expected.size), ("MD5", expected.content_md5))
        if value is not None
    ]
    if as_json:
        say_json(
            {
                "file": str(target),
                "path": expected.path,
                "size": total,
                "content_md5": expected.content_md5,
                "checked": [word.lower() for word in checked],
            }
        )
    else:
        words = f"{' and '.join(checked)} checked" if checked else "nothing to check it against"
        say(f"{shown(str(target))}: {size(total)}, {words}")


def _download(
    link: SignedURL, expected: ObjectMetadata, sink: BinaryIO, advance: Callable[[int], object]
) -> tuple[int, str]:
    """Write the object to ``sink``; return its size and its MD5 in base64."""
    digest = hashlib.md5(usedforsecurity=False)
    total = 0
    # Some stores unpack what they keep compressed, for a client that does not say it takes gzip.
    headers = {"Accept-Encoding": "gzip" if expected.content_encoding == "gzip" else "identity"}
    with send(link, headers=headers) as response:
        while True:
            with network_errors(link):
                piece = response.read(CHUNK)
            if not piece:
                break
            sink.write(piece)
            digest.update(piece)
            total += len(piece)
            advance(len(piece))
        # http.client says nothing where the connection ends before the announced end.
        if response.length:
            msg = f"the download of {link.path} ended {size(response.length)} early"
            raise StoreError(msg)
    return total, b64encode(digest.digest()).decode()


def _check(expected: ObjectMetadata, total: int, md5: str) -> None:
    if expected.size is not None and total != expected.size:
        msg = f"{expected.path} should have {expected.size} bytes, and {total} arrived: nothing was saved"
        raise StoreError(msg)
    if expected.content_md5 is not None and md5 != expected.content_md5:
        msg = f"{expected.path} should have the MD5 {expected.content_md5}, and {md5} arrived: nothing was saved"
        raise StoreError(msg)


@contextmanager
def _whole(target: Path) -> Iterator[BinaryIO]:
    """Open a file that takes the target's name when the block ends well, and goes otherwise."""
    temporary = target.with_name(f".daypass-{os.urandom(6).hex()}.part")
    try:
        # Opened by hand so that the file has the permissions that any new file would have.
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        with os.fdopen(descriptor, "wb") as sink:
            yield sink
        temporary.replace(target)
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()


command = click.Command(
    "get",
    callback=_get,
    help=_get.__doc__,
    epilog=exits.EPILOG,
    params=[
        click.Argument(["path"]),
        click.Argument(["file"], type=click.Path(dir_okay=False, path_type=Path)),
        *_OPTIONS,
        options.VERSION,
        options.STORAGE,
        options.SIGNER,
        options.SIGNER_OPTION,
        options.CALLER,
        json_option,
    ],
)
