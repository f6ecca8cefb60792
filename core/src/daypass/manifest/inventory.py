"""S3 Inventory as a manifest: the rows of all its data files that are objects now, each with its path.

As https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory-location.html has it, ``manifest.json`` names the
data files with their MD5 and says how they are written: "CSV file compressed with GZIP", without a line of
names, or Parquet. "When you're using the CSV file format, the key name is URL-encoded and must be decoded".
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, cast
from urllib.parse import unquote_plus

import attrs

from daypass.base.files import opened
from daypass.errors import InvalidRequestError
from daypass.manifest.answers import Row
from daypass.manifest.readers import reader_of
from daypass.manifest.rows import RowChunk

__all__ = ["INVENTORY", "InventoryReader"]

#: What S3 calls the file that names all others.
INVENTORY = "manifest.json"
#: Where data files lie, seen from there: S3 puts them into a directory beside that of each date.
_PLACES = (".", "data", "../data")
#: How many rows are read at once.
_PIECE = 8_192


@attrs.frozen
class _Fields:
    """What the columns are called that are read here."""

    key: str
    latest: str
    deleted: str


_FIELDS = {
    "CSV": _Fields("Key", "IsLatest", "IsDeleteMarker"),
    "Parquet": _Fields("key", "is_latest", "is_delete_marker"),
}


class InventoryReader:
    """Reads an inventory: the column ``path`` before those that it has.

    Args:
        file: its ``manifest.json``.
        name: where that lies; it is also what it is called in messages.

    """

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._name = name
        try:
            told = json.load(file)
            self._bucket, self._kind = str(told["sourceBucket"]), str(told["fileFormat"])
            schema = str(told["fileSchema"])
            found = [(str(each["key"]), str(each["MD5checksum"])) for each in told["files"]]
        except (ValueError, RecursionError, KeyError, TypeError) as error:
            msg = f"{name} is not the {INVENTORY} of an S3 Inventory"
            raise InvalidRequestError(msg, option="source") from error
        if self._kind not in _FIELDS:
            msg = (
                f"{name} is an inventory in {self._kind}: let S3 write it as {' or '.join(_FIELDS)}"
            )
            raise InvalidRequestError(msg, option="source")
        self._fields = _FIELDS[self._kind]
        # All of it is there and whole before a row is signed.
        self._files = [self._checked(key, md5) for key, md5 in found]
        #: How many rows are no objects now, by what they are.
        self.left_out: dict[str, int] = {}
        self._rows_done = self._bytes_done = 0
        columns = [column.strip() for column in schema.split(",")]
        if self._kind == "Parquet":
            self.schema = self._parquet_schema()
            columns = self.schema.names[1:]
        if self._files and self._fields.key not in columns:
            msg = f"{name} has no column {self._fields.key}: there are {', '.join(columns)}"
            raise InvalidRequestError(msg, option="source")
        self.names = ["path", *columns]

    def chunks(self, size: int) -> Iterator[RowChunk]:
        """Read so many rows at a time.

        Raises:
            InvalidRequestError: naming the line of the data file that cannot be read.

        """
        self.left_out.clear()
        rows = self._rows()
        while chunk := list(islice(rows, size)):
            yield RowChunk(chunk)

    def expected(self) -> int | None:
        """Return about how many rows there are, by the data files that have been read; None before the first has."""
        if not self._bytes_done:
            return None
        whole = sum(file.stat().st_size for file in self._files)
        return round(self._rows_done * whole / self._bytes_done)

    def _rows(self) -> Iterator[Row]:
        count = 0
        for place in self._files:
            with opened(place) as file:
                reader = reader_of(self._kind.lower(), file, str(place), self.names[1:])
                for chunk in reader.chunks(_PIECE):
                    for row in filter(self._is_object, chunk.rows()):
                        count += 1
                        yield self._with_path(row)
            self._rows_done = count
            self._bytes_done += place.stat().st_size

    def _parquet_schema(self) -> Any:
        from daypass.manifest.parquet import check_installed, with_path

        check_installed()
        if not self._files:
            return with_path(None)
        with opened(self._files[0]) as file:
            return with_path(reader_of("parquet", file, str(self._files[0])).schema)

    def _is_object(self, row: Row) -> bool:
        """Tell what can be read at its path now; count what cannot."""
        if _flag(row.get(self._fields.deleted)) is True:
            what = "delete markers"
        elif _flag(row.get(self._fields.latest)) is False:
            what = "older versions"
        else:
            return True
        self.left_out[what] = self.left_out.get(what, 0) + 1
        return False

    def _with_path(self, row: Row) -> Row:
        name = self._fields.key
        try:
            key = unquote_plus(row[name], errors="strict") if self._kind == "CSV" else row[name]
        except UnicodeDecodeError as error:
            msg = f"{self._name} lists the key {row[name]}, which is no UTF-8, and those of S3 are"
            raise InvalidRequestError(msg, option="source") from error
        return {"path": f"s3://{self._bucket}/{key}", **row, name: key}

    def _checked(self, key: str, md5: str) -> Path:
        """Return where a data file lies.

        Raises:
            InvalidRequestError: if it is missing, or not what S3 wrote.

        """
        last = PurePosixPath(key).name
        places = (Path(self._name).parent / place / last for place in _PLACES)
        found = next((place for place in places if os.path.isfile(place)), None)  # noqa: PTH113 - no error for a name too long
        if found is None:
            msg = f"{self._name} names {key}, which lies neither beside it nor in data or ../data: copy it there"
            raise InvalidRequestError(msg, option="source")
        with opened(found) as file:
            digest = hashlib.file_digest(cast("Any", file), _md5).hexdigest()
        if digest != md5.lower():
            msg = f"{found} has the MD5 {digest}, and {self._name} says {md5}: copy it again"
            raise InvalidRequestError(msg, option="source")
        return found


def _md5() -> Any:
    """Hash against accidents, with what S3 chose."""
    return hashlib.md5(usedforsecurity=False)


def _flag(value: object) -> bool | None:
    """Read a truth value of Parquet or CSV; None where there is none.

    >>> _flag("True"), _flag("false"), _flag(True), _flag(""), _flag(None)
    (True, False, True, None, None)
    """
    return {"true": True, "false": False}.get(str(value).lower())
