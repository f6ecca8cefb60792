"""The metadata of many objects as an Arrow table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal, Unpack

from daypass.arrow.columns import pyarrow, texts, type_of
from daypass.base.tracebacks import discreet
from daypass.errors import DaypassError
from daypass.model.requests import ReadOptions
from daypass.store import functions
from daypass.store.heads import Head

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

__all__ = ["HEADS", "head_columns", "head_metadata_many"]

#: The columns that tell of an object, named as the fields of `ObjectMetadata`.
HEADS = ("size", "etag", "content_md5", "content_type", "last_modified")


@discreet
def head_metadata_many(
    paths: Any,
    *,
    version: Iterable[str | None] | None = None,
    errors: Literal["raise", "collect"] = "collect",
    concurrency: int = 32,
    storage_options: Mapping[str, Any] | None = None,
    fs: AbstractFileSystem | None = None,
    signer_options: Mapping[str, Any] | None = None,
    **options: Unpack[ReadOptions],
) -> Any:
    """Read the metadata of many objects into a table.

    Args:
        paths: an Arrow array, or anything that can become one: a list, a column of pandas or polars.
        version: one version for each path.
        errors: ``"collect"`` writes a row's error in its column ``error``; ``"raise"`` raises the
            first.
        concurrency: how many objects are asked for at once.
        storage_options: fsspec's options for the filesystem, passed on untouched.
        fs: a filesystem that exists, in place of ``storage_options``.
        signer_options: options of the paths' backend, the same as for their links.
        options: without what the store would not let the objects be read: ``headers``,
            ``requester_pays`` and ``encryption_key``.

    Returns:
        A ``pyarrow.Table`` with the columns ``path``, ``size``, ``etag``, ``content_md5``,
        ``content_type``, ``last_modified`` and ``error``, in the order of the paths.

    Raises:
        DaypassError: one of the tree in `daypass.errors`.
        ImportError: if pyarrow is not installed.

    """
    pa = pyarrow()
    array = paths if isinstance(paths, (pa.Array, pa.ChunkedArray)) else pa.array(paths)
    rows: list[Any] = texts(array, "path")  # a null is a row with an error of its own
    found = list(
        functions.head_metadata_many(
            rows,
            version=version,
            errors=errors,
            concurrency=concurrency,
            storage_options=storage_options,
            fs=fs,
            signer_options=signer_options,
            **options,
        )
    )
    columns: dict[str, list[Any]] = {"path": rows, **head_columns(found)}
    schema = pa.schema([(name, type_of(name, pa.string())) for name in columns])
    return pa.Table.from_pydict(columns, schema=schema)


def head_columns(found: Iterable[Head]) -> dict[str, list[Any]]:
    """Return metadata by columns; ``error`` says why a row has none."""
    found = list(found)
    columns: dict[str, list[Any]] = {
        name: [None if isinstance(head, DaypassError) else getattr(head, name) for head in found]
        for name in HEADS
    }
    columns["error"] = [str(head) if isinstance(head, DaypassError) else None for head in found]
    return columns
