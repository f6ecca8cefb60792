"""Between Arrow's arrays and Python's lists. pyarrow is imported when the first array is touched."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from daypass.errors import InvalidRequestError
from daypass.model.batches import AlikeURLs

__all__ = ["NEEDS", "array_of", "pyarrow", "text_type", "texts", "type_of", "values"]

NEEDS = "Arrow and Parquet need pyarrow, which is not installed: pip install 'daypass[arrow]'"


def pyarrow() -> Any:
    """Return the module pyarrow.

    Raises:
        ImportError: saying what to install.

    """
    try:
        import pyarrow as pa
    except ImportError as error:
        raise ImportError(NEEDS, name="pyarrow") from error
    return pa


def type_of(name: str, text: Any) -> Any:
    """Return the Arrow type of a column that daypass adds.

    Args:
        name: which one, as ``SignedRows`` and `ObjectMetadata` know it.
        text: the type of text, as `text_type` gives it.

    """
    pa = pyarrow()
    if name in ("expires_at", "last_modified"):
        return pa.timestamp("us", tz="UTC")
    return pa.int64() if name == "size" else text


def text_type(kind: Any) -> Any:
    """Return the type of text for URLs: as large as that of the paths they are made of."""
    pa = pyarrow()
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return pa.large_string() if pa.types.is_large_string(kind) else pa.string()


def texts(array: Any, name: str) -> list[str | None]:
    """Return a column of paths as a list.

    Raises:
        InvalidRequestError: if the column is not text.

    """
    types = pyarrow().types
    kind = array.type
    if types.is_dictionary(kind):
        array, kind = array.dictionary_decode(), kind.value_type
    if not (
        types.is_string(kind)
        or types.is_large_string(kind)
        or types.is_string_view(kind)
        or types.is_null(kind)
    ):
        msg = f"the column {name} holds {kind}, and paths are text"
        raise InvalidRequestError(msg, option="path")
    return list(array.to_pylist())


def values(array: Any) -> list[Any]:
    """Return a column of anything as a list."""
    if pyarrow().types.is_dictionary(array.type):
        array = array.dictionary_decode()
    return list(array.to_pylist())


def array_of(items: Sequence[Any], kind: Any) -> Any:
    """Return a list as an array; a list of one value many times over is made at once."""
    pa = pyarrow()
    if isinstance(items, AlikeURLs):
        return _written(items, kind)
    if not pa.types.is_string(kind) and len(items) > 1 and items[0] is not None:
        first = items[0]
        if items.count(first) == len(items):
            return pa.repeat(pa.scalar(first, kind), len(items))
    return pa.array(items, kind)


def _written(urls: AlikeURLs, kind: Any) -> Any:
    """Return URLs as an array, without a Python text for each."""
    pa = pyarrow()
    import pyarrow.compute as pc

    digits = pa.binary(urls.digits)
    data = pa.py_buffer(urls.signatures.encode())
    signatures = pa.FixedSizeBinaryArray.from_buffers(digits, len(urls), [None, data])
    plain = pa.large_binary() if pa.types.is_large_string(kind) else pa.binary()
    ends = signatures.cast(plain).cast(kind)
    before, query, nothing = (pa.scalar(text, kind) for text in (urls.before, urls.query, ""))
    return pc.binary_join_element_wise(before, pa.array(urls.keys, kind), query, ends, nothing)
