"""The keywords of manifests: their types, for the twins that pass them on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from daypass.errors import DaypassError
from daypass.model.requests import ReadOptions, SharedOptions

if TYPE_CHECKING:
    from fsspec.callbacks import Callback

__all__ = ["HeadManifestKeywords", "SignManifestKeywords"]


class _ManifestKeywords(TypedDict, total=False):
    """Those of every manifest."""

    path: str | None
    root: str | None
    columns: Mapping[str, str] | None
    source_format: str | None
    target_format: str | None
    errors: Literal["raise", "collect"]
    error_text: Callable[[DaypassError], str]
    resume: bool
    callback: Callback | None
    storage_options: Mapping[str, Any] | None
    signer_options: Mapping[str, Any] | None


class HeadManifestKeywords(_ManifestKeywords, ReadOptions, total=False):
    """Those of the metadata of a manifest's objects."""

    concurrency: int


class SignManifestKeywords(_ManifestKeywords, SharedOptions, total=False):
    """Those of a manifest's links."""

    with_head: bool
    jobs: int | None
    public_endpoint: str | None
    signer: str | None
    caller: str | None
