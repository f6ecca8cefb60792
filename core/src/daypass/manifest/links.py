"""The links of a manifest, to be looked up."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from daypass.base.files import opened
from daypass.errors import InvalidRequestError
from daypass.manifest.plan import read_as
from daypass.manifest.readers import reader_of

__all__ = ["links_of"]

#: How many rows are read at once.
_PIECE = 8_192


def links_of(file: str, column: str) -> Iterator[str | None]:
    """Read the links of a manifest, in order; None where a row has none.

    Args:
        file: its name, by whose end it is Parquet, CSV or NDJSON; any other is text with a link on
            each line.
        column: which holds the links; text has but one.

    Raises:
        InvalidRequestError: if it cannot be read, or has no such column.

    """
    kind = read_as(Path(file)) or "text"
    with opened(file) as source:
        reader = reader_of(kind, source, file)
        name = "path" if kind == "text" else column
        if reader.names is not None and reader.names.count(name) != 1:
            msg = f"{file} needs one column {name}: there are {', '.join(reader.names)}"
            raise InvalidRequestError(msg, option="columns")
        for chunk in reader.chunks(_PIECE):
            for link in json.loads(bytes(chunk.columns({"url": name})))["url"]:
                yield link if isinstance(link, str) and link else None
