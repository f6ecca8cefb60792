"""Manifests as Parquet: read a chunk at a time, and written by the workers, each a piece of the file."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO

import attrs

from daypass.arrow.columns import NEEDS, array_of, pyarrow, type_of
from daypass.errors import BackendNotFoundError, InvalidRequestError
from daypass.manifest.answers import Answer, Body, Row, lists, taken
from daypass.manifest.footers import MAGIC, JoinedFooter, split
from daypass.manifest.lean import lean_pyarrow

__all__ = [
    "ParquetFormat",
    "ParquetReader",
    "check_installed",
    "file_of",
    "read_batch",
    "schema_of",
    "with_path",
]

#: What one read of the file takes at most; without it a whole column of a row group is held.
_BUFFER = 1 << 20
#: A level of zstd that is as fast as its rivals, and packs better.
_FASTEST = -5


def check_installed() -> None:
    """Raise in one sentence where pyarrow is missing."""
    try:
        lean_pyarrow()
    except ImportError as error:
        raise BackendNotFoundError(NEEDS) from error


@attrs.frozen(repr=False)
class _BatchChunk:
    """A record batch."""

    _batch: Any

    def __len__(self) -> int:
        return int(self._batch.num_rows)

    def columns(self, columns: Mapping[str, str]) -> bytes:
        """Return what a worker needs, by what it is for."""
        return lists({what: self._batch.column(name).to_pylist() for what, name in columns.items()})

    def batch(self, schema: Any) -> Body:
        """Return all columns, as `read_batch` reads them."""
        return _dump(self._batch, schema)

    def rows(self) -> list[Row]:
        """Return the rows as Python knows them."""
        return list(self._batch.to_pylist())


class ParquetReader:
    """Reads a manifest in Parquet.

    Args:
        file: where from.
        name: what it is called in messages.

    """

    def __init__(self, file: BinaryIO, name: str) -> None:
        pa = lean_pyarrow()
        import pyarrow.parquet as pq

        try:
            self._file = pq.ParquetFile(file, buffer_size=_BUFFER, pre_buffer=False)
        except (pa.ArrowInvalid, OSError) as error:
            msg = f"{name} is not a Parquet file that can be read"
            raise InvalidRequestError(msg, option="source") from error
        self.schema = self._file.schema_arrow
        self.names: list[str] | None = list(self.schema.names)

    def expected(self) -> int:
        """Return how many rows there are."""
        return int(self._file.metadata.num_rows)

    def chunks(self, size: int) -> Iterator[_BatchChunk]:
        """Read so many rows at a time."""
        for batch in self._file.iter_batches(batch_size=size, use_threads=False):
            if batch.num_rows:
                yield _BatchChunk(batch)


class ParquetFormat:
    """Puts the workers' pieces together.

    Args:
        schema: of the columns that there are.
        new: the columns that come behind them: what each holds, and its name.

    """

    def __init__(self, schema: Any, new: Mapping[str, str]) -> None:
        self._schema = schema
        self._new = new
        self._footer = JoinedFooter()

    def body_of(self, chunk: Any, columns: Mapping[str, str]) -> tuple[Body, None]:
        """Return what a worker needs: all of it, since it writes all of it."""
        del columns
        return chunk.batch(self._schema), None

    def begin(self) -> bytes:
        """Return what a file begins with."""
        return MAGIC

    def data(self, rest: None, answer: Answer) -> tuple[memoryview, dict[str, Any]]:
        """Return the pages of an answer, and what `wrote` must know of them."""
        del rest
        pages, footer = split(answer.body)
        return pages, {"footer": b64encode(footer).decode()}

    def wrote(self, record: Mapping[str, Any]) -> None:
        """Learn of pages that were written, and where."""
        self._footer.add(b64decode(record["footer"]), record["start"])

    def end(self) -> bytes:
        """Return the footer of all pages."""
        if not len(self._footer):
            empty = file_of(self._schema.empty_table().to_batches(), self._schema, {}, self._new)
            return bytes(empty[len(MAGIC) :])
        return self._footer.write()


def file_of(
    batches: Sequence[Any],
    schema: Any,
    made: Mapping[str, Sequence[Any]],
    new: Mapping[str, str],
    path: str = "",
) -> memoryview:
    """Return a Parquet file of one row group.

    Args:
        batches: one record batch, or none.
        schema: of its columns.
        made: the values of the new columns, by what they hold.
        new: the names of the new columns, by the same.
        path: the column of paths, hardly two of which are equal.

    """
    pa = pyarrow()
    import pyarrow.parquet as pq

    whole = schema
    for what, name in new.items():
        whole = whole.append(pa.field(name, type_of(what, pa.string())))
    # No two URLs are equal: a dictionary and bounds of them would only cost time, and what is alike in
    # them is found at zstd's fastest too.
    links = [new[what] for what in ("url", "head_url") if what in new]
    common = [name for name in whole.names if name not in links]
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(
        sink,
        whole,
        compression="zstd",
        compression_level=dict.fromkeys(links, _FASTEST),
        use_dictionary=[name for name in common if name != path],
        write_statistics=common,
    ) as writer:
        for batch in batches:
            fresh = [array_of(made[what], whole.field(name).type) for what, name in new.items()]
            arrays = [*batch.columns, *fresh]
            writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=whole))
    return memoryview(sink.getvalue())


def read_batch(data: Body) -> Any:
    """Read what ``batch`` of a chunk wrote."""
    with pyarrow().ipc.open_stream(data) as reader:
        return reader.read_next_batch()


def schema_of(rows: Sequence[Row]) -> Any:
    """Return the schema of rows.

    Raises:
        InvalidRequestError: if a column of them has no one type.

    """
    pa = pyarrow()
    names = list(dict.fromkeys(name for row in rows for name in row))
    try:
        return pa.RecordBatch.from_pydict(
            {name: [row.get(name) for row in rows] for name in names}
        ).schema
    except pa.ArrowException as error:
        raise _no_type() from error


def with_path(schema: Any | None) -> Any:
    """Return a schema with a column of paths before its own."""
    pa = pyarrow()
    return pa.schema([pa.field("path", pa.string()), *(schema or ())])


def batch_of(rows: Sequence[Row], schema: Any) -> Body:
    """Return rows as `read_batch` reads them.

    Raises:
        InvalidRequestError: if they do not fit.

    """
    pa = pyarrow()
    known = set(schema.names)
    if stray := {name for row in rows for name in row.keys() - known}:
        msg = f"a row has the column {min(stray)}, which the first rows have not, and Parquet has one set of columns"
        raise InvalidRequestError(msg, option="source")
    try:
        return _dump(pa.RecordBatch.from_pylist(list(rows), schema=schema), schema)
    except pa.ArrowException as error:
        raise _no_type() from error


def check_new(schema: Any, new: Mapping[str, str]) -> None:
    """Raise where a new column has the name of an old one."""
    for name in new.values():
        if name in schema.names:
            raise taken(name)


def _no_type() -> InvalidRequestError:
    msg = "the manifest's rows do not have one type for each column, which Parquet needs"
    return InvalidRequestError(msg, option="source")


def _dump(batch: Any, schema: Any) -> Body:
    pa = pyarrow()
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema) as writer:
        writer.write_batch(batch)
    return memoryview(sink.getvalue())
