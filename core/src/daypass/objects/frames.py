"""Columns and tables of pandas, polars and Arrow: each column of text is signed as one."""

from __future__ import annotations

import sys
from typing import Any

from daypass.hookspecs.signings import Signing

__all__ = ["sign_object"]


def sign_object(thing: Any, signing: Signing) -> Any:
    """Return a column or a table with URLs in the place of paths, and all else as it is; NotImplemented of another type."""
    for package, sign in (("pandas", _of_pandas), ("polars", _of_polars), ("pyarrow", _of_arrow)):
        library = sys.modules.get(package)
        if library is not None and (signed := sign(library, thing, signing)) is not None:
            return signed
    return NotImplemented


def _of_pandas(pd: Any, thing: Any, signing: Signing) -> Any:
    if isinstance(thing, pd.DataFrame):
        signed = thing.copy(deep=False)
        for number in range(thing.shape[1]):
            column = thing.iloc[:, number]
            if (new := _of_pandas(pd, column, signing)) is not column:
                signed.isetitem(number, new)
        return signed
    return (
        _column_of_pandas(pd, thing, signing) if isinstance(thing, (pd.Series, pd.Index)) else None
    )


def _column_of_pandas(pd: Any, thing: Any, signing: Signing) -> Any:
    if isinstance(thing.dtype, pd.ArrowDtype):
        import pyarrow as pa  # which is what such a column is made of

        column = pa.chunked_array(thing.array.__arrow_array__())
        signed = _of_arrow(pa, column, signing)
        return (
            thing if signed is column else _like(pd, thing, pd.arrays.ArrowExtensionArray(signed))
        )
    is_category = isinstance(thing.dtype, pd.CategoricalDtype)
    is_object = pd.api.types.is_object_dtype(thing)
    if not (is_category or is_object or pd.api.types.is_string_dtype(thing)):
        return thing
    # Of a category what rows have: of others, which were filtered out, nobody asked for a link.
    values = list(thing.dropna().unique() if is_category else thing)
    urls = signing.urls(values)
    if all(one is other for one, other in zip(values, urls, strict=True)):
        return thing
    if is_category:
        renamed = thing.cat if isinstance(thing, pd.Series) else thing
        return renamed.rename_categories(dict(zip(values, urls, strict=True)))
    return _like(pd, thing, urls)


def _like(pd: Any, thing: Any, values: Any) -> Any:
    """Return a column or an index as another one is, with other values."""
    given = {"dtype": thing.dtype, "name": thing.name}
    if isinstance(thing, pd.Series):
        given["index"] = thing.index
    return type(thing)(values, **given)


def _of_polars(pl: Any, thing: Any, signing: Signing) -> Any:
    if isinstance(thing, pl.DataFrame):
        return thing.with_columns(_of_polars(pl, column, signing) for column in thing.get_columns())
    if not isinstance(thing, pl.Series):
        return None
    if thing.dtype == pl.String:
        return pl.Series(thing.name, signing.urls(thing.to_list()), pl.String)
    if thing.dtype == pl.Categorical or isinstance(thing.dtype, pl.Enum):
        text = thing.cast(pl.String).to_list()
        urls = signing.urls(text)
        return thing if urls == text else pl.Series(thing.name, urls, pl.String)
    return thing


def _of_arrow(pa: Any, thing: Any, signing: Signing) -> Any:
    if isinstance(thing, (pa.Table, pa.RecordBatch)):
        for number, field in enumerate(thing.schema):
            thing = thing.set_column(number, field, _of_arrow(pa, thing.column(number), signing))
        return thing
    if not isinstance(thing, (pa.Array, pa.ChunkedArray)):
        return None
    if not _is_text(pa, thing.type):
        return thing
    if isinstance(thing, pa.ChunkedArray):
        chunks = [_of_arrow(pa, chunk, signing) for chunk in thing.chunks]
        return pa.chunked_array(chunks, thing.type)
    if isinstance(thing, pa.DictionaryArray):
        words = thing.dictionary.to_pylist()
        # As of pandas' categories, those that a row has.
        used = [place for place in thing.indices.unique().to_pylist() if place is not None]
        for place, url in zip(used, signing.urls([words[place] for place in used]), strict=True):
            words[place] = url
        new = pa.array(words, thing.type.value_type)
        return pa.DictionaryArray.from_arrays(thing.indices, new, ordered=thing.type.ordered)
    return pa.array(signing.urls(thing.to_pylist()), thing.type)


def _is_text(pa: Any, kind: Any) -> bool:
    """Tell whether a column is of text, or of a dictionary's words."""
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    is_string = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    return bool(is_string or pa.types.is_string_view(kind))
