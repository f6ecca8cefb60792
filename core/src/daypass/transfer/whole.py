"""A file that goes up in one piece: as the body of a PUT, or as the last field of a form."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from daypass.base.media_types import guessed
from daypass.errors import InvalidRequestError, StoreError
from daypass.hookspecs.network import EVERYBODYS, Network
from daypass.model.forms import UploadForm
from daypass.model.headers import option_of
from daypass.model.links import SignedURL
from daypass.toolkit.wire import PIECE, send
from daypass.transfer.followed import followed
from daypass.transfer.meter import Meter
from daypass.transfer.retries import ChangedError, Patience, insist, is_temporary
from daypass.transfer.stored import etag_of_stored

__all__ = ["content_type_of", "pieces", "said_by", "send_form", "send_whole"]

#: What a compressed file is, whatever is inside: guessing "text/csv" would be half of the truth.
_COMPRESSED = {"gzip": "application/gzip", "bzip2": "application/x-bzip2", "xz": "application/x-xz"}


def content_type_of(*names: str | None) -> str:
    """Guess a media type from a file's name, or from the first of several that tells one."""
    for name in filter(None, names):
        kind, encoding = guessed(name)
        if encoding is not None:
            kind = _COMPRESSED.get(encoding)
        if kind is not None:
            return kind
    return "application/octet-stream"


def said_by(link: SignedURL) -> frozenset[str]:
    """Return the options that the headers of a link say: whoever sends them as they stand is held to them.

    Where more headers could be added, a link names those options in ``unenforced``; here none are.
    """
    names = [name.lower() for name in link.headers]
    said = {option_of(name) or "headers" for name in names}
    if any(name.endswith("-meta-md5chksum") for name in names):
        said.add("add_content_md5_metadata")
    return frozenset(said)


def send_whole(
    link: SignedURL, source: BinaryIO, meter: Meter, network: Network = EVERYBODYS
) -> tuple[int, str | None]:
    """Send a file through a PUT link; return its size in bytes, and its ETag where the store gives one.

    Raises:
        InvalidRequestError: if the link takes another size.
        ChangedError: if the file becomes shorter meanwhile.
        DaypassError: if it cannot be sent, though tried again.

    """
    size = os.fstat(source.fileno()).st_size
    bound = next((v for n, v in link.headers.items() if n.lower() == "content-length"), str(size))
    if bound != str(size):
        msg = f"the link to {link.path} takes {bound} bytes, and {source.name} has {size}"
        raise InvalidRequestError(msg, option="file")
    return size, _send(link, source, size, meter, network=network)


def send_form(
    form: UploadForm, file: Path, source: BinaryIO, meter: Meter
) -> tuple[int, str | None]:
    """Send a file by a form; return its size in bytes, and its ETag where the store gives one.

    Raises:
        InvalidRequestError: if the form takes no file of its media type.
        DaypassError: if it cannot be sent, though tried again.

    """
    size = os.fstat(source.fileno()).st_size
    boundary = f"daypass-{uuid.uuid4().hex}"
    fields = form.fields_with(file.name, content_type=content_type_of(file.name))
    # RFC 7578, with names as browsers write them.
    name = file.name.replace("\\", "\\\\").replace('"', "%22").replace("\r", "").replace("\n", "")
    before = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'
        for field, value in fields.items()
    )
    before += f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
    before += f"Content-Type: {content_type_of(file.name)}\r\n\r\n"
    link = SignedURL(
        url=form.url,
        method="POST",
        headers={"Content-Type": f"multipart/form-data; boundary={boundary}"},
        expires_at=form.expires_at,
        expires_because=form.expires_because,
        permits=form.permits,
        unenforced=form.unenforced,
        path=form.path,
        backend=form.backend,
    )
    around = (before.encode("utf-8", "surrogateescape"), f"\r\n--{boundary}--\r\n".encode())
    return size, _send(link, source, size, meter, around)


def _send(
    link: SignedURL,
    source: BinaryIO,
    size: int,
    meter: Meter,
    around: tuple[bytes, bytes] = (b"", b""),
    *,
    network: Network = EVERYBODYS,
) -> str | None:
    meter.begin(size)
    before, behind = around
    # Once it may have arrived, it is sent again only where that can do nothing else.
    conditional = any("if-" in name.lower() for name in link.headers) or link.method == "POST"

    patience = Patience()

    def again(error: BaseException) -> bool:
        heard = isinstance(error, StoreError) and error.status is not None
        return is_temporary(error) and (heard or not conditional)

    def once() -> str | None:
        led = followed(link, network)
        source.seek(0)
        headers = {"Content-Length": str(len(before) + size + len(behind))}
        with meter.attempt() as told:

            def body() -> Iterator[bytes]:
                if before:
                    yield before
                for piece in pieces(source, size):
                    yield piece
                    patience.go_on()
                    told(len(piece))
                if behind:
                    yield behind

            with send(led, headers=headers, body=body(), network=network) as response:
                return etag_of_stored(led, response)

    return insist(once, again=again, patience=patience)


def pieces(source: BinaryIO, size: int) -> Iterator[bytes]:
    """Read exactly as much as was announced, even from a file that grows.

    Raises:
        ChangedError: if the file becomes shorter meanwhile.

    """
    left = size
    while left:
        piece = source.read(min(PIECE, left))
        if not piece:
            msg = f"{source.name} became shorter while it was uploaded"
            raise ChangedError(msg)
        yield piece
        left -= len(piece)
