"""The doors of manifests: links, or metadata, for every row of a table in a file."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal, Unpack

from daypass.base.tracebacks import discreet
from daypass.errors import DaypassError, InvalidRequestError
from daypass.manifest.keywords import HeadManifestKeywords, SignManifestKeywords
from daypass.manifest.plan import Manifest, Place
from daypass.manifest.report import ManifestReport
from daypass.manifest.run import run
from daypass.manifest.work import HeadWork, SignWork
from daypass.model.requests import ReadOptions, SharedOptions, make_reading, make_request

if TYPE_CHECKING:
    from fsspec.callbacks import Callback

__all__ = ["ahead_manifest", "asign_manifest", "head_manifest", "sign_manifest"]


@discreet
def sign_manifest(
    source: Place,
    target: Place,
    *,
    path: str | None = None,
    root: str | None = None,
    columns: Mapping[str, str] | None = None,
    source_format: str | None = None,
    target_format: str | None = None,
    errors: Literal["raise", "collect"] = "raise",
    error_text: Callable[[DaypassError], str] = str,
    with_head: bool = False,
    jobs: int | None = None,
    resume: bool = False,
    callback: Callback | None = None,
    storage_options: Mapping[str, Any] | None = None,
    public_endpoint: str | None = None,
    signer: str | None = None,
    signer_options: Mapping[str, Any] | None = None,
    caller: str | None = None,
    **options: Unpack[SharedOptions],
) -> ManifestReport:
    """Sign a URL for each row of a manifest, and write it anew with the columns ``url`` and ``expires_at``.

    Parquet, CSV, NDJSON, text with a path on each line and an S3 Inventory in CSV or Parquet are read in
    pieces, in order, and written with all their columns. Memory does not grow with the number of rows. The new manifest appears
    whole or not at all, and a run that was killed can go on.

    >>> sign_manifest("manifest.parquet", "signed.parquet", expires_in="1d")  # doctest: +SKIP
    ManifestReport(rows=1000000, failed=0, ...)

    Args:
        source: the manifest: a file, or a stream of bytes that is read to its end; of an S3 Inventory
            its ``manifest.json``, or the directory that holds it.
        target: where the new one goes: a file, or a stream of bytes.
        path: the column that holds the paths; ``"path"`` without it.
        root: where keys lie, as a path: the column then holds keys below it, and no whole paths.
        columns: which column holds the ``version``, ``content_md5``, ``checksum_sha256``,
            ``content_length`` or ``copy_source`` of each row; or what a new column is called (``{"url": "link"}``).
        source_format: ``"parquet"``, ``"csv"``, ``"ndjson"`` or ``"text"``, where the name does not say.
        target_format: the same of the new one.
        errors: ``"raise"`` the first bad row's error and write nothing, or ``"collect"`` them in a
            column ``error``.
        error_text: how an error is written there; it travels to the processes that sign.
        with_head: also sign for HEAD and read the size, for readers that read by ranges.
        jobs: how many processes sign at once; one for each processor without it.
        resume: go on where the same call was killed, without signing anything twice.
        callback: is told of the number of rows and of those that are done (`fsspec.callbacks.Callback`).
        storage_options: fsspec's options for the filesystem.
        public_endpoint: the endpoint that the links' readers can reach, where it differs.
        signer: who signs in place of the paths' own backend, such as ``"cloudfront"``.
        signer_options: options of the signing backend.
        caller: who asks, told to policy and audit plugins.
        options: what every URL shall permit: the fields of `SignRequest`.

    Raises:
        InvalidRequestError: for a manifest that cannot be read, or options that do not fit.
        StoreError: if another run is writing the same file.
        DaypassError: of the first bad row, which its ``row`` names, unless errors are collected.

    """
    manifest = Manifest.of(
        source,
        target,
        path=path,
        columns=columns,
        source_format=source_format,
        target_format=target_format,
        resume=resume,
    )
    asked: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
    make_request(asked)  # what is wrong for every row is said before the first
    if with_head and asked.get("method", "GET") != "GET":
        msg = "with_head=True goes with method='GET'"
        raise InvalidRequestError(msg, option="with_head")
    place = {
        "storage_options": storage_options,
        "public_endpoint": public_endpoint,
        "signer": signer,
        "signer_options": signer_options,
        "caller": caller,
    }
    work = SignWork(
        root=root,
        place={name: value for name, value in place.items() if value is not None},
        options=asked,
        errors=errors,
        error_text=error_text,
        with_head=with_head,
        columns=manifest.columns,
        arrow=manifest.arrow,
        blank=manifest.blank,
    )
    identity = [work.root, work.place, work.options, work.errors, work.with_head]
    return run(manifest, work, jobs or _processors(), identity, callback)


@discreet
def head_manifest(
    source: Place,
    target: Place,
    *,
    path: str | None = None,
    root: str | None = None,
    columns: Mapping[str, str] | None = None,
    source_format: str | None = None,
    target_format: str | None = None,
    errors: Literal["raise", "collect"] = "collect",
    error_text: Callable[[DaypassError], str] = str,
    concurrency: int = 32,
    resume: bool = False,
    callback: Callback | None = None,
    storage_options: Mapping[str, Any] | None = None,
    signer_options: Mapping[str, Any] | None = None,
    **options: Unpack[ReadOptions],
) -> ManifestReport:
    """Read the metadata of each row's object, and write the manifest anew with them as columns.

    The new columns are ``size``, ``etag``, ``content_md5``, ``content_type``, ``last_modified`` and, where
    errors are collected, ``error``. All else is as with `sign_manifest`.

    Args:
        source: the manifest: a file, or a stream of bytes that is read to its end; of an S3 Inventory
            its ``manifest.json``, or the directory that holds it.
        target: where the new one goes: a file, or a stream of bytes.
        path: the column that holds the paths; ``"path"`` without it.
        root: where keys lie, as a path: the column then holds keys below it, and no whole paths.
        columns: which column holds the ``version`` of each row; or what a new column is called.
        source_format: ``"parquet"``, ``"csv"``, ``"ndjson"`` or ``"text"``, where the name does not say.
        target_format: the same of the new one.
        errors: ``"collect"`` them in a column ``error``, or ``"raise"`` the first and write nothing.
        error_text: how an error is written there.
        concurrency: how many objects are asked for at once.
        resume: go on where the same call was killed.
        callback: is told of the number of rows and of those that are done (`fsspec.callbacks.Callback`).
        storage_options: fsspec's options for the filesystem.
        signer_options: options of the paths' backend, the same as for their links.
        options: without what the store would not let the objects be read: ``headers``,
            ``requester_pays`` and ``encryption_key``.

    Raises:
        InvalidRequestError: for a manifest that cannot be read, or options that do not fit.
        StoreError: if another run is writing the same file.
        DaypassError: of the first bad row, with ``errors="raise"``.

    """
    manifest = Manifest.of(
        source,
        target,
        path=path,
        columns=columns,
        source_format=source_format,
        target_format=target_format,
        resume=resume,
    )
    if wrong := manifest.columns.keys() - {"path", "version"}:
        msg = f"columns= names {min(wrong)}, which is for signing"
        raise InvalidRequestError(msg, option="columns")
    make_reading(options)  # what is wrong for every row is said before the first
    place = {"storage_options": storage_options, "signer_options": signer_options}
    work = HeadWork(
        root=root,
        place={name: value for name, value in place.items() if value is not None},
        options=dict(options),
        errors=errors,
        error_text=error_text,
        concurrency=concurrency,
        columns=manifest.columns,
        arrow=manifest.arrow,
        blank=manifest.blank,
    )
    # Requests wait for the network: threads of one process make them.
    identity = [work.root, work.place, work.options, work.errors]
    return run(manifest, work, 1, identity, callback)


def _processors() -> int:
    """Count the processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@discreet
async def asign_manifest(
    source: Place, target: Place, **options: Unpack[SignManifestKeywords]
) -> ManifestReport:
    """Do what `sign_manifest` does, in a thread; ``callback`` is called there."""
    return await asyncio.to_thread(sign_manifest, source, target, **options)


@discreet
async def ahead_manifest(
    source: Place, target: Place, **options: Unpack[HeadManifestKeywords]
) -> ManifestReport:
    """Do what `head_manifest` does, in a thread; ``callback`` is called there."""
    return await asyncio.to_thread(head_manifest, source, target, **options)
