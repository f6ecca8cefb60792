"""The keywords of manifests: their types, for the twins that pass them on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from daypass.model.requests import SharedOptions

if TYPE_CHECKING:
    from fsspec.callbacks import Callback

__all__ = ["HeadManifestKeywords", "SignManifestKeywords"]


class HeadManifestKeywords(TypedDict, total=False):
    """Those of the metadata of a manifest's objects."""

    path: str | None
    columns: Mapping[str, str] | None
    source_format: str | None
    target_format: str | None
    errors: Literal["raise", "collect"]
    error_text: Callable[[str], str]
    concurrency: int
    resume: bool
    callback: Callback | None
    storage_options: Mapping[str, Any] | None


class SignManifestKeywords(SharedOptions, total=False):
    """Those of a manifest's links."""

    path: str | None
    columns: Mapping[str, str] | None
    source_format: str | None
    target_format: str | None
    errors: Literal["raise", "collect"]
    error_text: Callable[[str], str]
    with_head: bool
    jobs: int | None
    resume: bool
    callback: Callback | None
    storage_options: Mapping[str, Any] | None
    public_endpoint: str | None
    signer: str | None
    signer_options: Mapping[str, Any] | None
    caller: str | None
