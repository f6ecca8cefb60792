"""The doors of downloads: an object comes down through a link, or through one to a path.

What sends is imported where it is called: with HTTP and TLS, which the names alone need not.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Mapping
from contextlib import ExitStack
from hashlib import sha256
from tempfile import gettempdir
from typing import TYPE_CHECKING, Any, BinaryIO, Unpack

from daypass.base.files import target_of, whole
from daypass.base.tracebacks import discreet
from daypass.errors import InvalidRequestError
from daypass.gate import doors
from daypass.hookspecs.network import EVERYBODYS
from daypass.model.links import SignedURL
from daypass.model.paths import PathLike
from daypass.model.requests import SignOptions, for_reading, make_reading, make_request
from daypass.store.keywords import hidden
from daypass.store.prepared import root_for
from daypass.transfer.keywords import DownloadKeywords
from daypass.transfer.links import check_alone, check_method, is_link, link_of, pointed
from daypass.transfer.meter import Meter
from daypass.transfer.names import within
from daypass.transfer.outcome import Transfer
from daypass.transfer.partial import partial
from daypass.transfer.retries import ChangedError
from daypass.transfer.streams import is_stream, onto

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem
    from fsspec.callbacks import Callback

__all__ = ["adownload", "download"]


@discreet
def download(
    link: SignedURL | PathLike,
    file: str | os.PathLike[str] | BinaryIO,
    *,
    version: str | None = None,
    storage_options: Mapping[str, Any] | None = None,
    fs: AbstractFileSystem | None = None,
    signer: str | None = None,
    signer_options: Mapping[str, Any] | None = None,
    caller: str | None = None,
    resume: bool = False,
    callback: Callback | None = None,
    **options: Unpack[SignOptions],
) -> Transfer:
    """Download an object through a link, and check what arrived.

    A link alone is enough: it is used as it stands, without credentials. No redirect is followed but that of a links
    service, once for each request, and never from https to http.
    Of a path a link is signed first, and the object's metadata are read. Where the connection breaks,
    the rest is asked for, of the same object alone. The file appears whole, under a temporary name
    first, or not at all. It is given up after a minute of silence, where a MiB takes longer than 1024
    seconds, and of an answer that does not say its size after half of the bytes that the disk has room for.

    Args:
        link: a `SignedURL` for GET, the text of a URL, or an fsspec-style path.
        file: where it goes; what is there is replaced. A folder takes it under the object's own name. A
            stream of bytes gets it when all of it is there and right.
        version: the version of the object, of a path.
        storage_options: fsspec's options for the filesystem of a path.
        fs: a filesystem that exists, in place of ``storage_options``.
        signer: who signs in place of the path's own backend, such as ``"cloudfront"``.
        signer_options: options of the signing backend.
        caller: who asks, told to policy and audit plugins.
        resume: keep what has come where it breaks off, beside the file, and go on with what an earlier run has
            kept there of the same object.
        callback: is told of the size and of the bytes that arrive (`fsspec.callbacks.Callback`).
        options: what the link to a path shall permit: the fields of `SignRequest`. With the text of
            a URL, ``headers`` are those that it wants, and nothing else may be given.

    Returns:
        What came down, and what of it was compared: its size, and its MD5 where the store states one.

    Raises:
        InvalidRequestError: for a link that is for something else, or an option that does not fit.
        StoreError: if the store refuses, or the object is not what it should be.
        DaypassError: another of the tree in `daypass.errors`.

    """
    from daypass.transfer.downloads import fetch

    target = None if is_stream(file, "write") else target_of(within(file, link))
    if target is None and resume:
        msg = "what has come of a download is kept beside its file, and a stream has none: leave resume out"
        raise InvalidRequestError(msg, option="resume")
    storage_options, signer_options = hidden(storage_options), hidden(signer_options)
    place: dict[str, Any] = {
        "storage_options": storage_options,
        "fs": fs,
        "signer": signer,
        "signer_options": signer_options,
        "caller": caller,
    }
    check_method(options, "GET")
    encoding, expected = "identity", None
    if is_link(link):
        check_alone({**place, "version": version, **options})
        used, network = link_of(link, "GET", options.get("headers")), EVERYBODYS
    else:
        _check_whole(options.get("headers"))
        # What the link is signed with, the metadata are read with: by one root, and the same options.
        made = make_request(options)
        dots = made.allow_dot_segments
        reading = make_reading(for_reading(options), allow_dot_segments=dots)
        path: Any = link
        root, key = root_for(path, **place)
        asked = root.request_for("create_signed_url", key, options, version, made)
        used, network = doors.create_signed_url(*asked, caller=root.caller), root.network
        expected = doors.head_metadata(*root.reading(key, reading, version))
        if expected.content_encoding == "gzip":
            # Some stores unpack what they keep compressed, for a client that does not say it takes gzip.
            encoding = "gzip"
    meter = Meter(callback)
    shown = used.path if expected is None else expected.path
    with ExitStack() as stack:
        if is_link(link):
            stack.enter_context(pointed(link))
        begun, folder = None, gettempdir() if target is None else str(target.parent)
        if target is None:
            sink = stack.enter_context(onto(file))  # type: ignore[arg-type] # it is a stream
        elif resume:
            # A bare URL is shown without its query, which may be what names the object.
            origin = (
                sha256(used.url.encode()).hexdigest()
                if isinstance(link, str) and is_link(link)
                else shown
            )
            begun = stack.enter_context(partial(target, origin))
            sink = begun.sink
        else:
            sink = stack.enter_context(whole(target))
        if expected is not None:
            meter.begin(expected.size)
        most = None if expected is None else expected.size
        # Where nobody says how long it is, one download shall not fill the disk.
        room = shutil.disk_usage(folder).free // 2
        came = fetch(
            used, sink, meter, encoding=encoding, most=most, room=room, network=network, begun=begun
        )
        size = came.said_size if expected is None else expected.size
        md5 = came.said_md5 if expected is None else expected.content_md5
        _check(shown, came.size, size, came.md5, md5)
    return Transfer(
        path=shown,
        size=came.size,
        content_md5=md5,
        etag=came.etag,
        checked=tuple(
            name
            for name, value in (("part" if came.of_part else "size", size), ("md5", md5))
            if value is not None
        ),
        unenforced=used.unenforced,
    )


def _check_whole(headers: Mapping[str, str] | None) -> None:
    """Raise where a path's download would be of a part: it is held against the metadata of the whole object."""
    if any(isinstance(name, str) and name.lower() == "range" for name in headers or ()):
        msg = "headers: Range asks for a part, and the download of a path is checked against the whole object: sign a link to it, and download that with the header Range"
        raise InvalidRequestError(msg, option="headers")


def _check(path: str, came: int, size: int | None, came_md5: str, md5: str | None) -> None:
    if size is not None and came != size:
        msg = f"{path} should have {size} bytes, and {came} arrived: nothing was saved"
        raise ChangedError(msg)
    if md5 is not None and came_md5 != md5:
        msg = f"{path} should have the MD5 {md5}, and {came_md5} arrived: nothing was saved"
        raise ChangedError(msg)


@discreet
async def adownload(
    link: SignedURL | PathLike,
    file: str | os.PathLike[str] | BinaryIO,
    **options: Unpack[DownloadKeywords],
) -> Transfer:
    """Do what `download` does, in a thread; ``callback`` is called there."""
    return await asyncio.to_thread(download, link, file, **options)
