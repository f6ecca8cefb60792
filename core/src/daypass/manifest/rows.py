"""Manifests as rows: CSV, NDJSON, and text with a path on each line. Read and written as streams."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import stat
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any, BinaryIO, NoReturn, cast

import attrs

from daypass.errors import InvalidRequestError
from daypass.manifest.answers import Answer, Body, Row, lists, plain, taken

__all__ = ["RowChunk", "RowFormat", "RowReader"]


#: How a file begins that is packed (RFC 1952, 2.3.1).
_GZIP = b"\x1f\x8b"
#: What may stand between columns, the likeliest first.
_DELIMITERS = (",", ";", "\t")


@attrs.frozen(repr=False)
class RowChunk:
    """Some rows, one behind the other."""

    _rows: list[Row]

    def __len__(self) -> int:
        return len(self._rows)

    def columns(self, columns: Mapping[str, str]) -> bytes:
        """Return what a worker needs, by what it is for."""
        found = {what: [row.get(name) for row in self._rows] for what, name in columns.items()}
        return lists(found)

    def batch(self, schema: Any) -> Body:
        """Return all columns as Arrow; an empty cell stays one."""
        from daypass.manifest.parquet import batch_of

        return batch_of(self._rows, schema)

    def rows(self) -> list[Row]:
        """Return the rows as they were read."""
        return self._rows


class RowReader:
    """Reads a manifest of rows.

    Args:
        file: where from.
        name: what it is called in messages.
        kind: ``csv``, ``ndjson`` or ``text``.
        names: the columns of CSV that does not begin with them.

    """

    def __init__(
        self, file: BinaryIO, name: str, kind: str, names: list[str] | None = None
    ) -> None:
        self._name = name
        self._kind = kind
        self._text = io.TextIOWrapper(
            _unpacked(file), encoding="utf-8-sig", newline="" if kind == "csv" else "\n"
        )
        self._file = file
        self._line = 0
        self._count = 0
        #: The columns, where the format tells them in advance.
        self.names: list[str] | None = ["path"] if kind == "text" else names
        self._csv = csv.reader(self._text, strict=True)
        if kind == "csv" and names is None:
            first = list(self._checked(islice(self._text, 1)))
            self._line = 0
            lines = chain(first, self._text)
            self._csv = csv.reader(lines, delimiter=_delimiter("".join(first)), strict=True)
            self.names = next(self._checked(self._csv), None)
            if not self.names:
                msg = f"{name} is empty: CSV begins with a line of column names"
                raise InvalidRequestError(msg, option="source")
            if len(set(self.names)) != len(self.names):
                msg = f"{name} has two columns of one name"
                raise InvalidRequestError(msg, option="source")

    def chunks(self, size: int) -> Iterator[RowChunk]:
        """Read so many rows at a time.

        Raises:
            InvalidRequestError: naming the line that cannot be read.

        """
        rows = iter(self._rows())
        while chunk := list(islice(rows, size)):
            self._count += len(chunk)
            yield RowChunk(chunk)

    def expected(self) -> int | None:
        """Return about how many rows there are, by how far the file has been read; None for a pipe."""
        try:
            state = os.fstat(self._file.fileno())
        except OSError:
            return None  # a stream in memory
        if not stat.S_ISREG(state.st_mode) or not self._count:
            return None
        return round(self._count * state.st_size / max(1, self._file.tell()))

    def _rows(self) -> Iterable[Row]:
        if self._kind == "csv":
            names = self.names or []
            return (dict(zip(names, record, strict=True)) for record in self._records(len(names)))
        if self._kind == "text":
            return (
                {"path": line.removesuffix("\n").removesuffix("\r")}
                for line in self._checked(self._text)
            )
        return self._ndjson()

    def _checked(self, lines: Iterable[Any]) -> Iterator[Any]:
        """Name the line where text is no UTF-8 or CSV is broken."""
        source = iter(lines)
        while True:
            self._line += 1
            try:
                yield next(source)
            except StopIteration:
                return
            except (UnicodeDecodeError, csv.Error, gzip.BadGzipFile, EOFError, zlib.error) as error:
                self._refuse(f"cannot be read: {error}", error)

    def _records(self, width: int) -> Iterator[list[str]]:
        for record in self._checked(self._csv):
            if record and len(record) != width:
                self._refuse(f"has {len(record)} fields for {width} columns")
            if record:
                yield record

    def _ndjson(self) -> Iterator[Row]:
        for line in self._checked(self._text):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):
                row = None
            if not isinstance(row, dict):
                self._refuse("is not a JSON object")
            yield row

    def _refuse(self, what: str, cause: Exception | None = None) -> NoReturn:
        """Name the line that was read last; one field of CSV may hold several."""
        line = self._csv.line_num if self._kind == "csv" else self._line
        msg = f"{self._name}: line {line} {what}"
        raise InvalidRequestError(msg, option="source") from cause


class RowFormat:
    """Writes rows.

    Args:
        kind: ``csv``, ``ndjson`` or ``text``.
        names: the columns that there are; only CSV has the same in every row.
        new: the columns that come behind them: what each holds, and its name.

    """

    def __init__(self, kind: str, names: Sequence[str], new: Mapping[str, str]) -> None:
        self._kind = kind
        self._names = names
        self._new = new

    def body_of(self, chunk: Any, columns: Mapping[str, str]) -> tuple[Body, Any]:
        """Return what a worker needs, and what `data` will."""
        return chunk.columns(columns), chunk

    def begin(self) -> bytes:
        """Return what a file begins with."""
        return self._csv([[*self._names, *self._new.values()]]) if self._kind == "csv" else b""

    def data(self, chunk: Any, answer: Answer) -> tuple[bytes, dict[str, Any]]:
        """Return a chunk with its new columns, and nothing that `wrote` must know of it.

        Raises:
            InvalidRequestError: if a row has a column that the others have not, or a new one already.

        """
        columns = json.loads(bytes(answer.body))
        if self._kind == "text":
            return "".join(f"{url or ''}\n" for url in columns["url"]).encode(), {}
        values = zip(*(columns[what] for what in self._new), strict=True)
        names = list(self._new.values())
        rows = [
            (row, dict(zip(names, new, strict=True)))
            for row, new in zip(chunk.rows(), values, strict=True)
        ]
        for row, new in rows:
            if not row.keys().isdisjoint(new):
                raise taken(min(row.keys() & new.keys()))
        if self._kind == "csv":
            return self._csv(
                [*self._cells(row), *map(_cell, new.values())] for row, new in rows
            ), {}
        return "".join(
            json.dumps(row | new, default=plain) + "\n" for row, new in rows
        ).encode(), {}

    def _csv(self, records: Iterable[Sequence[str]]) -> bytes:
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerows(records)
        return text.getvalue().encode()

    def _cells(self, row: Row) -> Iterator[str]:
        if stray := row.keys() - set(self._names):
            msg = f"a row has the column {min(stray)}, which the first has not, and CSV has one set of columns"
            raise InvalidRequestError(msg, option="source")
        return (_cell(row.get(name)) for name in self._names)

    def wrote(self, record: object) -> None:
        """Need to know nothing of what was written."""

    def end(self) -> bytes:
        """Return what a file ends with."""
        return b""


def _unpacked(file: BinaryIO) -> BinaryIO:
    """Return what a file holds, where it is packed by gzip: its first bytes say so, whatever it is called."""
    if isinstance(file, io.BufferedReader):
        start = file.peek(len(_GZIP))[: len(_GZIP)]
    elif file.seekable():
        start = file.read(len(_GZIP))
        file.seek(-len(start), os.SEEK_CUR)
    else:
        return file
    return cast("BinaryIO", gzip.GzipFile(fileobj=file)) if start == _GZIP else file


def _delimiter(first: str) -> str:
    """Return what stands between the columns of CSV: what makes the most of its first line, and a comma if in doubt.

    >>> _delimiter("id;path;a, b"), _delimiter('"id;x",path'), _delimiter("path")
    (';', ',', ',')
    """

    def width(delimiter: str) -> int:
        return len(next(csv.reader([first], delimiter=delimiter), []))

    return max(_DELIMITERS, key=width)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, (dict, list, bool)):
        return json.dumps(value, default=plain)
    return str(plain(value))
