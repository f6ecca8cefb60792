"""The doors of uploads: a file goes up through a link, or through links to a path.

What sends is imported where it is called: with HTTP and TLS, which the names alone need not.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, BinaryIO, Unpack

from daypass.base.files import named
from daypass.base.tracebacks import discreet
from daypass.errors import InvalidRequestError, UnsupportedOptionError
from daypass.gate import doors
from daypass.model.forms import UploadForm
from daypass.model.headers import starts_session
from daypass.model.links import SignedURL
from daypass.model.paths import PathLike
from daypass.model.requests import SignOptions, make_request
from daypass.store.keywords import hidden
from daypass.store.prepared import root_for
from daypass.transfer.job import Job, has_parts
from daypass.transfer.keywords import AbortKeywords, UploadKeywords
from daypass.transfer.links import check_alone, check_method, check_url, is_link, link_of, pointed
from daypass.transfer.meter import Meter
from daypass.transfer.names import inside
from daypass.transfer.outcome import Transfer
from daypass.transfer.streams import STREAM, Source, is_stream, source_of

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem
    from fsspec.callbacks import Callback

__all__ = ["aabort_upload", "abort_upload", "aupload", "upload"]


@discreet
def upload(
    file: str | os.PathLike[str] | BinaryIO,
    link: SignedURL | UploadForm | PathLike,
    *,
    storage_options: Mapping[str, Any] | None = None,
    fs: AbstractFileSystem | None = None,
    signer: str | None = None,
    signer_options: Mapping[str, Any] | None = None,
    caller: str | None = None,
    multipart_threshold: int = 64 << 20,
    part_size: int | None = None,
    jobs: int = 4,
    resume: bool = False,
    callback: Callback | None = None,
    **options: Unpack[SignOptions],
) -> Transfer:
    """Upload a file through a link, or a large one to a path through a link for each part.

    A link alone is enough: it is used as it stands, without credentials. No redirect is followed but that of a links
    service, once for each request, and never from https to http.
    Of a path links are signed, with the file's media type and MD5, which is kept as the metadata
    ``md5chksum`` too. What fails for the moment is tried again. An upload in parts that is killed can
    go on, and so can one with ``resumable=True``, in one piece on Google Cloud Storage: what a later run needs is in a
    journal in the user's state directory.

    Args:
        file: what goes up: a file, or a stream of bytes, which is read to its end first.
        link: a `SignedURL` for PUT, the text of a URL, an `UploadForm`, or an fsspec-style path. A path that
            ends in a slash, or names a bucket alone, takes the file under its own name.
        storage_options: fsspec's options for the filesystem of a path.
        fs: a filesystem that exists, in place of ``storage_options``.
        signer: who signs in place of the path's own backend, such as ``"cloudfront"``.
        signer_options: options of the signing backend.
        caller: who asks, told to policy and audit plugins.
        multipart_threshold: a file of more bytes goes up in parts, where the store takes them.
        part_size: size of each part in bytes; 16 MiB without it, or what the store needs. Of a resumable upload, how many
            bytes go in one request, a multiple of 256 KiB; all without it.
        jobs: how many parts are sent at a time.
        resume: go on where an earlier run of this upload stopped.
        callback: is told of the size and of the bytes that go up, fewer than none where some have to
            go again; a child of it of the reading before (`fsspec.callbacks.Callback`).
        options: what describes the object and its links, of a path: the fields of `SignRequest`. A
            ``content_md5`` or ``checksum_sha256`` must be the file's, or nothing is sent. With
            the text of a URL, ``headers`` are those that it wants, and nothing else may be given.

    Returns:
        What is there, and what of it was compared.

    Raises:
        InvalidRequestError: with ``option="resume"`` if an earlier run is to be resumed or aborted
            first, or cannot be gone on with; or for an option that does not fit.
        DaypassError: another of the tree in `daypass.errors`. Its notes say what is left in the store.

    """
    from daypass.transfer import resumable
    from daypass.transfer.whole import content_type_of

    storage_options, signer_options = hidden(storage_options), hidden(signer_options)
    place: dict[str, Any] = {
        "storage_options": storage_options,
        "fs": fs,
        "signer": signer,
        "signer_options": signer_options,
        "caller": caller,
    }
    check_method(options, "PUT")
    if options.get("copy_source") is not None:
        msg = "a copy is made of an object, and this sends a file: leave copy_source out, or sign the copy's link alone (create_signed_url)"
        raise InvalidRequestError(msg, option="copy_source")
    meter = Meter(callback)
    if is_link(link):
        check_alone({**place, "part_size": part_size, "resume": resume, **options})
        with pointed(link), source_of(file) as source:
            return _through(link, source, options.get("headers"), meter)
    asked: Any = {name: value for name, value in options.items() if value is not None}
    explicit = frozenset(asked)
    notes: list[str] = []
    with source_of(file) as source:
        path: Any = inside(link, source.name)  # type: ignore[arg-type] # it is a path
        asked.setdefault("content_type", content_type_of(source.name, str(path)))
        make_request({**asked, "method": "PUT"})  # what cannot be loads no backend
        root, key = root_for(path, **place)
        job = Job(
            source, str(path), root, key, asked, explicit, part_size, jobs, resume, meter, notes
        )
        size = source.file.stat().st_size
        in_parts = (resume or size > multipart_threshold) and has_parts(job, size)
        if in_parts or asked.get("resumable"):
            done = resumable.put(job)
            if done is not None:
                return done
        return _in_one_piece(job)


@discreet
def abort_upload(
    file: str | os.PathLike[str] | BinaryIO,
    path: PathLike,
    *,
    storage_options: Mapping[str, Any] | None = None,
    fs: AbstractFileSystem | None = None,
    signer: str | None = None,
    signer_options: Mapping[str, Any] | None = None,
    caller: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> str:
    """Remove the parts that an earlier `upload` has left in the store, and forget it.

    Args:
        file: what was to go up; it need not be there any more. Of any stream the last one that went there.
        path: where it was to go.
        storage_options: fsspec's options for the filesystem.
        fs: a filesystem that exists, in place of ``storage_options``.
        signer: who signs in place of the path's own backend.
        signer_options: options of the signing backend.
        caller: who asks, told to policy and audit plugins.
        headers: the same as then.

    Returns:
        The path.

    Raises:
        InvalidRequestError: if no upload of the file to the path is known that is not complete; or
            for a link, through which nothing goes up in parts.
        DaypassError: another of the tree in `daypass.errors`.

    """
    from daypass.transfer import resumable

    if is_link(path):
        msg = "an upload through a link goes up whole or not at all: there is nothing to abort"
        raise InvalidRequestError(msg, option="path")
    storage_options, signer_options = hidden(storage_options), hidden(signer_options)
    source = None if is_stream(file, "read") else named(file, "file")
    path = inside(path, None if source is None else source.name)
    root, key = root_for(
        path,
        storage_options=storage_options,
        fs=fs,
        signer=signer,
        signer_options=signer_options,
        caller=caller,
    )
    return resumable.abort(source or STREAM, str(path), root, key, headers)


def _through(
    link: object, source: Source, headers: Mapping[str, str] | None, meter: Meter
) -> Transfer:
    """Send a file through a link that is there."""
    from daypass.transfer.sessions import send_by_session
    from daypass.transfer.whole import content_type_of, send_form, send_whole

    file = source.file
    with file.open("rb") as body:
        if isinstance(link, UploadForm):
            if source.name is None:
                msg = "a form takes a file's name with it, and a stream has none: give a file"
                raise InvalidRequestError(msg, option="file")
            if headers:
                msg = "headers go with a bare URL: a form has fields, and only those are sent"
                raise InvalidRequestError(msg, option="headers")
            check_url(link.url)
            size, etag = send_form(link, file, body, meter)
            wanted, path = (
                link.fields_with(file.name, content_type=content_type_of(file.name)),
                link.path,
            )
        else:
            used = link_of(link, "PUT", headers)
            if starts_session(used.headers):
                size, etag = send_by_session(used, body, meter)
            else:
                size, etag = send_whole(used, body, meter)
            wanted, path = used.headers, used.path
    told = {name.lower(): value for name, value in wanted.items()}
    return Transfer(
        path=path,
        size=size,
        content_type=told.get("content-type"),
        content_md5=told.get("content-md5"),
        etag=etag,
    )


def _in_one_piece(job: Job) -> Transfer:
    from daypass.transfer.checksums import checksums
    from daypass.transfer.whole import said_by, send_whole

    file, root = job.source.file, job.root
    size = file.stat().st_size
    md5, _ = checksums(file, size, max(1, size), job.meter, job.asked)

    def sign(**options: Any) -> SignedURL:
        asked = root.request_for("create_signed_url", job.key, {**options, "method": "PUT"})
        return doors.create_signed_url(*asked, caller=root.caller)

    checked = True
    try:
        link = sign(**{"content_md5": md5, "add_content_md5_metadata": True, **job.asked})
    except UnsupportedOptionError as error:
        if error.option not in ("content_md5", "add_content_md5_metadata"):
            raise
        link = sign(**job.asked)
        job.notes.append(f"uploading without an MD5: {error}")
        checked = False
    with file.open("rb") as source:
        size, etag = send_whole(link, source, job.meter, root.network)
    unenforced = link.unenforced - said_by(link)
    return Transfer(
        path=link.path,
        size=size,
        content_type=job.asked["content_type"],
        content_md5=md5 if checked and "content_md5" not in unenforced else None,
        etag=etag,
        unenforced=unenforced,
        notes=tuple(job.notes),
    )


@discreet
async def aupload(
    file: str | os.PathLike[str] | BinaryIO,
    link: SignedURL | UploadForm | PathLike,
    **options: Unpack[UploadKeywords],
) -> Transfer:
    """Do what `upload` does, in a thread; ``callback`` is called there."""
    return await asyncio.to_thread(upload, file, link, **options)


@discreet
async def aabort_upload(
    file: str | os.PathLike[str] | BinaryIO, path: PathLike, **options: Unpack[AbortKeywords]
) -> str:
    """Do what `abort_upload` does, in a thread."""
    return await asyncio.to_thread(abort_upload, file, path, **options)
