"""The keywords of transfers: their types, for the twins that pass them on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypedDict

from daypass.model.requests import SignOptions

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem
    from fsspec.callbacks import Callback

__all__ = ["AbortKeywords", "DownloadKeywords", "UploadKeywords"]


class _Place(TypedDict, total=False):
    """Where a path's store is, and who signs for whom."""

    storage_options: Mapping[str, Any] | None
    fs: AbstractFileSystem | None
    signer: str | None
    signer_options: Mapping[str, Any] | None
    caller: str | None


class DownloadKeywords(SignOptions, _Place, total=False):
    """Those of a download."""

    version: str | None
    resume: bool
    callback: Callback | None


class UploadKeywords(SignOptions, _Place, total=False):
    """Those of an upload."""

    multipart_threshold: int
    part_size: int | None
    jobs: int
    resume: bool
    callback: Callback | None


class AbortKeywords(_Place, total=False):
    """Those of the end of an upload that is not complete."""

    headers: Mapping[str, str] | None
