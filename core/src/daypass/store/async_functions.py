"""The functions on whole paths for async code: each does in a thread what its twin without the ``a`` does."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, Literal, Unpack, overload

from daypass.base.tracebacks import discreet
from daypass.model.batches import SignedURLBatch
from daypass.model.forms import UploadForm
from daypass.model.links import SignedURL
from daypass.model.metadata import ObjectMetadata
from daypass.model.paths import PathLike
from daypass.model.prefixes import SignedPrefix
from daypass.store.functions import (
    create_signed_prefix,
    create_signed_url,
    create_signed_urls,
    head_metadata,
    head_metadata_many,
)
from daypass.store.heads import Head
from daypass.store.keywords import (
    BulkKeywords,
    FormKeywords,
    HeadKeywords,
    ManyHeadsKeywords,
    SharedKeywords,
    SignKeywords,
    at_once,
)
from daypass.store.multipart import MultipartUpload
from daypass.store.upload_functions import (
    create_multipart_upload,
    create_upload_form,
    resume_multipart_upload,
)

__all__ = [
    "acreate_multipart_upload",
    "acreate_signed_prefix",
    "acreate_signed_url",
    "acreate_signed_urls",
    "acreate_upload_form",
    "ahead_metadata",
    "ahead_metadata_many",
    "aresume_multipart_upload",
]


@discreet
async def acreate_signed_url(path: PathLike, **options: Unpack[SignKeywords]) -> SignedURL:
    """Do what `create_signed_url` does, in a thread."""
    return await asyncio.to_thread(create_signed_url, path, **options)


@discreet
async def acreate_signed_prefix(path: PathLike, **options: Unpack[SharedKeywords]) -> SignedPrefix:
    """Do what `create_signed_prefix` does, in a thread."""
    return await asyncio.to_thread(create_signed_prefix, path, **options)


@discreet
async def acreate_signed_urls(
    paths: Iterable[PathLike] | None = None,
    *,
    glob: PathLike | None = None,
    errors: Literal["raise", "collect"] = "raise",
    **options: Unpack[BulkKeywords],
) -> SignedURLBatch:
    """Do what `create_signed_urls` does, in a thread; an iterator is read to its end, and gives a batch too."""
    sign: Any = create_signed_urls
    return await asyncio.to_thread(
        lambda: sign(None if paths is None else at_once(paths), glob=glob, errors=errors, **options)
    )


@overload
async def ahead_metadata(
    path: PathLike, *, missing_ok: Literal[False] = False, **options: Unpack[HeadKeywords]
) -> ObjectMetadata: ...


@overload
async def ahead_metadata(
    path: PathLike, *, missing_ok: bool, **options: Unpack[HeadKeywords]
) -> ObjectMetadata | None: ...


@discreet
async def ahead_metadata(
    path: PathLike, *, missing_ok: bool = False, **options: Unpack[HeadKeywords]
) -> ObjectMetadata | None:
    """Do what `head_metadata` does, in a thread."""
    return await asyncio.to_thread(lambda: head_metadata(path, missing_ok=missing_ok, **options))


@overload
async def ahead_metadata_many(
    paths: Iterable[PathLike], *, errors: Literal["raise"], **options: Unpack[ManyHeadsKeywords]
) -> list[ObjectMetadata]: ...


@overload
async def ahead_metadata_many(
    paths: Iterable[PathLike],
    *,
    errors: Literal["raise", "collect"] = "collect",
    **options: Unpack[ManyHeadsKeywords],
) -> list[Head]: ...


@discreet
async def ahead_metadata_many(
    paths: Iterable[PathLike],
    *,
    errors: Literal["raise", "collect"] = "collect",
    **options: Unpack[ManyHeadsKeywords],
) -> Any:
    """Do what `head_metadata_many` does, in threads; an iterator is read to its end, and gives a list too."""
    return await asyncio.to_thread(
        lambda: head_metadata_many(at_once(paths), errors=errors, **options)
    )


@discreet
async def acreate_multipart_upload(
    path: PathLike, *, size: int, part_size: int | None = None, **options: Unpack[SharedKeywords]
) -> MultipartUpload:
    """Do what `create_multipart_upload` does, in a thread."""
    return await asyncio.to_thread(
        create_multipart_upload, path, size=size, part_size=part_size, **options
    )


@discreet
async def aresume_multipart_upload(
    path: PathLike,
    upload_id: str,
    *,
    size: int,
    part_size: int | None = None,
    **options: Unpack[SharedKeywords],
) -> MultipartUpload:
    """Do what `resume_multipart_upload` does, in a thread."""
    return await asyncio.to_thread(
        resume_multipart_upload, path, upload_id, size=size, part_size=part_size, **options
    )


@discreet
async def acreate_upload_form(path: PathLike, **options: Unpack[FormKeywords]) -> UploadForm:
    """Do what `create_upload_form` does, in a thread."""
    return await asyncio.to_thread(create_upload_form, path, **options)
