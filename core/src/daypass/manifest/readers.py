"""``reader_of``: what reads a manifest, or a data file of one, by how it is written."""

from __future__ import annotations

from typing import Any, BinaryIO

from daypass.manifest.rows import RowReader

__all__ = ["reader_of"]


def reader_of(kind: str, file: BinaryIO, name: str, names: list[str] | None = None) -> Any:
    """Return what reads a file: a `ParquetReader`, or else a `RowReader`.

    Args:
        kind: ``parquet``, ``csv``, ``ndjson`` or ``text``.
        file: where from.
        name: what it is called in messages.
        names: the columns of CSV that does not begin with them.

    Raises:
        InvalidRequestError: if it cannot be read, or pyarrow is not there, which Parquet needs.

    """
    if kind != "parquet":
        return RowReader(file, name, kind, names)
    from daypass.manifest.parquet import ParquetReader, check_installed

    check_installed()
    return ParquetReader(file, name)
