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
    if not isinstance(thing, (pd.Series, pd.Index)):
        return None
    is_category = isinstance(thing.dtype, pd.CategoricalDtype)
    is_object = pd.api.types.is_object_dtype(thing)
    if not (is_category or is_object or pd.api.types.is_string_dtype(thing)):
        return thing
    values = list(thing.dtype.categories if is_category else thing)
    urls = signing.urls(values)
    if all(one is other for one, other in zip(values, urls, strict=True)):
        return thing
    if is_category:
        renamed = thing.cat if isinstance(thing, pd.Series) else thing
        return renamed.rename_categories(dict(zip(values, urls, strict=True)))
    given = {"dtype": thing.dtype, "name": thing.name}
    if isinstance(thing, pd.Series):
        given["index"] = thing.index
    return type(thing)(urls, **given)


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
    if isinstance(thing, pa.ChunkedArray):
        chunks = [_of_arrow(pa, chunk, signing) for chunk in thing.chunks]
        return pa.chunked_array(chunks, thing.type)
    if isinstance(thing, pa.DictionaryArray):
        words = _of_arrow(pa, thing.dictionary, signing)
        return pa.DictionaryArray.from_arrays(thing.indices, words)
    if not isinstance(thing, pa.Array):
        return None
    is_text = pa.types.is_string(thing.type) or pa.types.is_large_string(thing.type)
    if is_text or pa.types.is_string_view(thing.type):
        return pa.array(signing.urls(thing.to_pylist()), thing.type)
    return thing
