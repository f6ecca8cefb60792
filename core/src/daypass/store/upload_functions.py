"""The functions on whole paths that upload, by forms and in parts: each finds the path's root."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Unpack

from daypass.base.tracebacks import discreet
from daypass.gate import doors
from daypass.model.form_options import FormOptions
from daypass.model.forms import UploadForm, make_form_request
from daypass.model.paths import PathLike
from daypass.model.requests import SharedOptions
from daypass.store import multipart
from daypass.store.multipart import MultipartUpload
from daypass.store.prepared import root_for

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

__all__ = [
    "create_multipart_upload",
    "create_upload_form",
    "resume_multipart_upload",
]


@discreet
def create_multipart_upload(
    path: PathLike,
    *,
    size: int,
    part_size: int | None = None,
    storage_options: Mapping[str, Any] | None = None,
    fs: AbstractFileSystem | None = None,
    public_endpoint: str | None = None,
    signer: str | None = None,
    signer_options: Mapping[str, Any] | None = None,
    caller: str | None = None,
    **options: Unpack[SharedOptions],
) -> MultipartUpload:
    """Begin an upload in parts: the store is asked for one, and each part's link is signed on demand.

    Args:
        path: an fsspec-style path, an ``os.PathLike`` or a UPath; its key is signed as it stands.
        size: size of the object in bytes.
        part_size: size of each part in bytes; by default 16 MiB, or more where that would make more
            parts than the store takes.
        storage_options: fsspec's options for the filesystem, passed on untouched.
        fs: a filesystem that exists, in place of ``storage_options``.
        public_endpoint: the endpoint that the links' readers can reach, where it differs; the store
            itself is still asked at the filesystem's.
        signer: who signs in place of the path's own backend.
        signer_options: options of the signing backend.
        caller: who asks, told to policy and audit plugins.
        options: what describes the object (``content_type``, ``metadata``, ``if_absent``, ...) and
            how long each part's link lives (``expires_in``): the fields of `SignRequest`.

    Raises:
        UnsupportedOptionError: with ``option="multipart"`` where the store takes no uploads in parts;
            or for an option that it cannot carry out on one.
        DaypassError: another of the tree in `daypass.errors`.

    """
    root, key = root_for(
        path,
        storage_options=storage_options,
        fs=fs,
        public_endpoint=public_endpoint,
        signer=signer,
        signer_options=signer_options,
        caller=caller,
    )
    return multipart.begin(root, key, options, size=size, part_size=part_size)


@discreet
def resume_multipart_upload(
    path: PathLike,
    upload_id: str,
    *,
    size: int,
    part_size: int | None = None,
    storage_options: Mapping[str, Any] | None = None,
    fs: AbstractFileSystem | None = None,
    public_endpoint: str | None = None,
    signer: str | None = None,
    signer_options: Mapping[str, Any] | None = None,
    caller: str | None = None,
    **options: Unpack[SharedOptions],
) -> MultipartUpload:
    """Go on with an upload in parts, in another process or at another time.

    `MultipartUpload.to_dict` gives path, id, sizes and options; credentials go with the call. The
    store is not asked for anything yet.

    Args:
        path: the path that the upload was begun for.
        upload_id: its id.
        size: the same as then.
        part_size: the same as then.
        storage_options: fsspec's options for the filesystem, passed on untouched.
        fs: a filesystem that exists, in place of ``storage_options``.
        public_endpoint: the endpoint that the links' readers can reach, where it differs.
        signer: who signs in place of the path's own backend.
        signer_options: options of the signing backend.
        caller: who asks, told to policy and audit plugins.
        options: the same as then.

    Raises:
        DaypassError: one of the tree in `daypass.errors`.

    """
    root, key = root_for(
        path,
        storage_options=storage_options,
        fs=fs,
        public_endpoint=public_endpoint,
        signer=signer,
        signer_options=signer_options,
        caller=caller,
    )
    return multipart.resume(root, key, upload_id, options, size=size, part_size=part_size)


@discreet
def create_upload_form(
    path: PathLike,
    *,
    storage_options: Mapping[str, Any] | None = None,
    fs: AbstractFileSystem | None = None,
    public_endpoint: str | None = None,
    signer: str | None = None,
    signer_options: Mapping[str, Any] | None = None,
    caller: str | None = None,
    **options: Unpack[FormOptions],
) -> UploadForm:
    """Sign a form (POST policy V4) by which a browser uploads one file.

    >>> form = create_upload_form(
    ...     "s3://maps/inbox/${filename}", max_bytes=5_000_000, content_type_prefix="image/",
    ...     storage_options={"key": "AK", "secret": "SK"},
    ... )
    >>> form.url, form.starts_with
    ('https://maps.s3.amazonaws.com/', {'key': 'inbox/', 'Content-Type': 'image/'})

    Args:
        path: an fsspec-style path; where its key ends in ``${filename}``, the file's name goes
            there, and the sender may name any key that begins with the rest.
        storage_options: fsspec's options for the filesystem, passed on untouched.
        fs: a filesystem that exists, in place of ``storage_options``.
        public_endpoint: the endpoint that the browser can reach, where it differs.
        signer: who signs in place of the path's own backend.
        signer_options: options of the signing backend.
        caller: who asks, told to policy and audit plugins.
        options: what the form shall permit: the fields of `FormRequest`, such as ``expires_in``,
            ``content_type``, ``max_bytes`` or ``success_redirect``.

    Raises:
        UnsupportedOptionError: with ``option="form"`` where the store has no forms; the message
            names what to do instead.
        DaypassError: another of the tree in `daypass.errors`.

    """
    request = make_form_request(options)
    root, key = root_for(
        path,
        storage_options=storage_options,
        fs=fs,
        public_endpoint=public_endpoint,
        signer=signer,
        signer_options=signer_options,
        caller=caller,
    )
    asked = root.request_for("create_upload_form", key, options, made=request)
    return doors.create_upload_form(*asked, caller=root.caller)
