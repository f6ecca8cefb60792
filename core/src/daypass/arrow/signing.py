"""``Signer``: a record batch in, the same with URLs out. It travels to workers without a secret."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, Unpack

from daypass.arrow.columns import array_of, pyarrow, text_type, texts, type_of, values
from daypass.arrow.rows import SignedRows, sign_rows
from daypass.base.tracebacks import discreet
from daypass.errors import InvalidRequestError
from daypass.model.batches import wanting
from daypass.model.options import PER_ROW
from daypass.model.requests import SharedOptions, make_request
from daypass.store.keywords import check_errors, check_travels

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

__all__ = ["Signer", "sign_batch"]

#: How many rows are signed at one instant. Their URLs are about two megabytes of text: of more the system takes
#: back and hands out the memory with every piece, some ten thousand pages for 65,536 rows.
PIECE = 4096


class ColumnOptions(SharedOptions, total=False):
    """The options of a `Signer`: of what belongs to one object, the name of its column."""

    version: str | None
    content_md5: str | None
    content_length: str | None
    checksum_sha256: str | None
    copy_source: str | None


@discreet
def sign_batch(record_batch: Any, path: str = "path", url: str = "url", **options: Any) -> Any:
    """Sign a URL for each row of a record batch or table.

    >>> import pyarrow as pa
    >>> batch = pa.record_batch({"path": ["s3://maps/europe.tif", None]})
    >>> options = {"key": "AK", "secret": "SK"}
    >>> sign_batch(batch, expires_in="1d", storage_options=options).schema.names
    ['path', 'url', 'expires_at']

    Args:
        record_batch: a ``pyarrow.RecordBatch`` or ``pyarrow.Table``.
        path: the column of paths.
        url: the name of the column of URLs.
        options: the other keywords of `Signer`.

    Returns:
        The same kind of thing with the columns ``url`` and ``expires_at`` behind the others.

    Raises:
        DaypassError: one of the tree in `daypass.errors`.

    """
    return Signer(path, url, **options)(record_batch)


class Signer:
    """Signs record batches, tables and columns; can be pickled, and never with a secret in it.

    The store is prepared once in each process, with the first batch. Credentials come from that
    process's own environment, profiles or files; ``storage_options`` that hold a key, a secret or a
    token work where they are given, and are refused by ``pickle``. So are ``encryption_key``, ``headers`` and ``query``.

    >>> Signer(expires_in="1d", storage_options={"profile": "maps"})
    Signer(path='path', url='url', options=['expires_in', 'storage_options'])

    Args:
        path: the column of paths: text, large text or a dictionary of it. A null has no URL.
        url: the name of the new column of URLs.
        end: the name of the new column that says when each URL ends.
        with_head: add the URL of a link for HEAD, since a link for GET does not answer HEAD, and
            the object's size, for readers that read by ranges.
        errors: ``"raise"`` the first row's error, which names the row; or ``"collect"`` them as
            text in a column, where a failed row has a null for its URL.
        head_url: the name of the new column of links for HEAD.
        size: the name of the new column of sizes.
        error: the name of the new column of errors.
        storage_options: fsspec's options for the filesystem, passed on untouched.
        fs: a filesystem that exists; the signer then stays in its process.
        public_endpoint: the endpoint that the links' readers can reach, where it differs.
        signer: who signs in place of the paths' own backend, such as ``"cloudfront"``.
        signer_options: options of the signing backend.
        caller: who asks, told to policy and audit plugins.
        options: what every URL shall permit: the fields of `SignRequest`. Of ``version`` and of what
            belongs to one object (``content_md5`` and ``checksum_sha256``, in base64 or as bytes,
            ``content_length`` and ``copy_source``) it is the name of the column that holds it.

    Raises:
        InvalidRequestError: for an option that is not legal.

    """

    @discreet
    def __init__(
        self,
        path: str = "path",
        url: str = "url",
        *,
        end: str = "expires_at",
        with_head: bool = False,
        errors: Literal["raise", "collect"] = "raise",
        head_url: str = "head_url",
        size: str = "size",
        error: str = "error",
        storage_options: Mapping[str, Any] | None = None,
        fs: AbstractFileSystem | None = None,
        public_endpoint: str | None = None,
        signer: str | None = None,
        signer_options: Mapping[str, Any] | None = None,
        caller: str | None = None,
        **options: Unpack[ColumnOptions],
    ) -> None:
        shared = {name: value for name, value in options.items() if name not in PER_ROW}
        request = make_request(shared)
        if with_head and request.method != "GET":
            msg = f"with_head goes with method='GET', not {request.method!r}"
            raise InvalidRequestError(msg, option="with_head")
        check_errors(errors)
        self._path = path
        self._with_head = with_head
        self._errors: Literal["raise", "collect"] = errors
        given: dict[str, Any] = dict(options)
        self._per_row = {name: given[name] for name in PER_ROW if given.get(name) is not None}
        self._new = {"url": url, "expires_at": end}
        if with_head:
            self._new |= {"head_url": head_url, "size": size}
        if errors == "collect":
            self._new["error"] = error
        places = {
            "storage_options": storage_options,
            "fs": fs,
            "public_endpoint": public_endpoint,
            "signer": signer,
            "signer_options": signer_options,
            "caller": caller,
        }
        self._options = shared | {k: value for k, value in places.items() if value is not None}
        _check_names(path, *self._new.values())

    def __call__(self, batch: Any) -> Any:
        """Return a record batch or a table with its new columns.

        Raises:
            DaypassError: one of the tree in `daypass.errors`.

        """
        pa = pyarrow()
        if not isinstance(batch, (pa.RecordBatch, pa.Table)):
            msg = f"a Signer takes a RecordBatch or a Table, not {type(batch).__name__}"
            raise InvalidRequestError(msg, option="record_batch")
        schema = self.schema(batch.schema)
        whole = pa.Table.from_batches([batch]) if isinstance(batch, pa.RecordBatch) else batch
        pieces: list[dict[str, Any]] = list(self._pieces(whole, schema))
        new = [
            pa.chunked_array([piece[name] for piece in pieces], schema.field(column).type)
            for name, column in self._new.items()
        ]
        if isinstance(batch, pa.Table):
            return pa.Table.from_arrays([*batch.columns, *new], schema=schema)
        arrays = [_joined(column) for column in new]
        return pa.RecordBatch.from_arrays([*batch.columns, *arrays], schema=schema)

    @discreet
    def schema(self, schema: Any) -> Any:
        """Return the schema that comes out where this one goes in.

        Raises:
            InvalidRequestError: if a column is missing, there twice, or there already.

        """
        for column in (self._path, *self._per_row.values()):
            if len(schema.get_all_field_indices(column)) != 1:
                known = ", ".join(schema.names[:20]) or "none"
                msg = f"the rows need one column {column!r}: there are {known}"
                raise InvalidRequestError(msg, option="path")
        text = text_type(schema.field(self._path).type)
        for name, column in self._new.items():
            if column in schema.names:
                msg = f"the rows have a column {column!r} already: drop it, or name the new one otherwise"
                raise InvalidRequestError(msg, option=name)
            schema = schema.append(pyarrow().field(column, type_of(name, text)))
        return schema

    @discreet
    def urls(self, paths: Any) -> Any:
        """Return the URLs of one column of paths: what an engine's function on a column needs.

        Args:
            paths: an Arrow array, chunked or not, or anything that can become one: a list, a
                column of pandas or polars.

        Returns:
            A ``pyarrow.Array``, or a ``ChunkedArray`` where one was given.

        Raises:
            DaypassError: one of the tree in `daypass.errors`.

        """
        pa = pyarrow()
        if self._per_row:
            msg = (
                f"urls() has one column, and {', '.join(self._per_row)} need more: call the signer"
            )
            raise InvalidRequestError(msg, option=next(iter(self._per_row)))
        array = paths
        if not isinstance(paths, (pa.Array, pa.ChunkedArray)):
            array = pa.array(paths)
        table = pa.table({self._path: array})
        kind = text_type(array.type)
        found = [array_of(self._sign(piece, first).urls, kind) for first, piece in _slices(table)]
        urls = pa.chunked_array(found, kind)
        return urls if isinstance(array, pa.ChunkedArray) else _joined(urls)

    def _pieces(self, table: Any, schema: Any) -> Iterator[dict[str, Any]]:
        """Return the new columns, piece by piece."""
        for first, piece in _slices(table):
            signed = self._sign(piece, first)
            errors = [
                str(error) if (error := signed.errors.get(row)) else None
                for row in (range(len(signed.urls)) if "error" in self._new else ())
            ]
            columns = {
                "url": signed.urls,
                "expires_at": signed.ends,
                "head_url": signed.head_urls,
                "size": signed.sizes,
                "error": errors,
            }
            yield {
                name: array_of(columns[name], schema.field(column).type)
                for name, column in self._new.items()
            }

    def _sign(self, piece: Any, first: int) -> SignedRows:
        with wanting():
            return sign_rows(
                texts(piece.column(self._path), self._path),
                {name: values(piece.column(column)) for name, column in self._per_row.items()},
                self._options,
                with_head=self._with_head,
                errors=self._errors,
                first=first,
            )

    def __repr__(self) -> str:
        """Show the columns and the names of the options; never a value of one."""
        own = [*self._per_row, *(["with_head"] if self._with_head else []), *self._options]
        return f"Signer(path={self._path!r}, url={self._new['url']!r}, options={own})"

    def __getstate__(self) -> dict[str, Any]:
        """Return what travels.

        Raises:
            InvalidRequestError: if that would be a secret.

        """
        check_travels("Signer", self._options)
        return self.__dict__


def _check_names(*names: object) -> None:
    for name in names:
        if not isinstance(name, str) or not name or names.count(name) > 1:
            msg = f"every column needs a name of its own, not {ascii(name)[:40]}"
            raise InvalidRequestError(msg, option="path")


def _slices(table: Any) -> Iterator[tuple[int, Any]]:
    """Cut a table into pieces that are signed at one instant each."""
    first = 0
    for piece in table.to_batches(max_chunksize=PIECE):
        yield first, piece
        first += len(piece)


def _joined(column: Any) -> Any:
    """Return a chunked column as one array.

    Raises:
        InvalidRequestError: if its text is more than an array of its type can hold.

    """
    pa = pyarrow()
    if column.num_chunks == 1:
        return column.chunk(0)
    try:
        return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
    except pa.ArrowInvalid as error:
        msg = "the URLs of this batch are more than 2 GiB of text: make the paths large_string, or the batches smaller"
        raise InvalidRequestError(msg, option="record_batch") from error
