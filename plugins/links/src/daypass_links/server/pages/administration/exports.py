"""Events as files: NDJSON, CSV and Parquet, written as they are read, so that the memory of it does not grow with them."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from datetime import datetime
from importlib.util import find_spec
from string import whitespace
from typing import Any
from unicodedata import normalize

from sqlalchemy import Engine

from daypass.errors import UnsupportedOptionError
from daypass_links.server.events.finding import Sought, all_of

__all__ = ["FORMATS", "exported"]

#: What events can be written as.
FORMATS = ("ndjson", "csv", "parquet")
_TYPES = {
    "ndjson": "application/x-ndjson",
    "csv": "text/csv; charset=utf-8; header=present",
    "parquet": "application/vnd.apache.parquet",
}
#: The columns of a table; what a line says besides is in the last one, as JSON.
_COLUMNS = ("time", "kind", "principal", "link_id", "chain", "seq", "hash", "details")
#: With these a cell begins that spreadsheets take for a formula (OWASP, CSV Injection).
_FORMULAS = ("=", "+", "-", "@")
#: What spreadsheets of some languages take for the end of a cell, where commas are those of numbers.
_ENDS = re.compile(r"[;|\t]")
#: So many events are one group of rows in Parquet.
_GROUP = 10_000

_Lines = Iterator[list[bytes]]


def exported(engine: Engine, sought: Sought, form: str) -> tuple[AsyncIterator[bytes], str]:
    """Return the pieces of a file with all events that are sought, in order of time, and its media type.

    Args:
        engine: of the database of events; it only reads.
        sought: which.
        form: one of `FORMATS`.

    Raises:
        UnsupportedOptionError: for Parquet, where pyarrow is not installed.
        SQLAlchemyError: if the first of them cannot be read.

    """
    if form == "parquet":
        _check_pyarrow()
    pieces = _WRITERS[form](all_of(engine, sought))
    # Now, while it can still be answered that it cannot be read.
    first = next(pieces, b"")
    return _in_threads(first, pieces), _TYPES[form]


async def _in_threads(first: bytes, pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Yield pieces, each of which but the first is read and written in a thread."""
    yield first
    while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
        yield piece


def _as_ndjson(found: _Lines) -> Iterator[bytes]:
    """Write each line as it was hashed, so that its hash can be verified."""
    for lines in found:
        yield b"".join(lines)


def _as_csv(found: _Lines) -> Iterator[bytes]:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    for lines in found:
        for line in lines:
            *cells, details = _row(line)
            writer.writerow([*map(_cell, cells), _ENDS.sub(_escaped, details)])
        yield text.getvalue().encode()
        text.seek(0)
        text.truncate()
    yield text.getvalue().encode()


def _as_parquet(found: _Lines) -> Iterator[bytes]:
    import pyarrow as pa
    from pyarrow import parquet

    kinds = {"time": pa.timestamp("us", tz="UTC"), "seq": pa.int64()}
    schema = pa.schema([(name, kinds.get(name, pa.string())) for name in _COLUMNS])
    out = io.BytesIO()
    with parquet.ParquetWriter(_Forward(out), schema) as writer:
        for lines in _grouped(found):
            rows = [_row(line) for line in lines]
            for row in rows:
                row[0] = datetime.fromisoformat(row[0])
            columns = dict(zip(_COLUMNS, map(list, zip(*rows, strict=True)), strict=True))
            writer.write_table(pa.table(columns, schema=schema))
            yield _taken(out)
    yield _taken(out)


def _grouped(found: _Lines) -> _Lines:
    group: list[bytes] = []
    for lines in found:
        group += lines
        if len(group) >= _GROUP:
            yield group
            group = []
    if group:
        yield group


class _Forward(io.RawIOBase):
    """A file that is written from its beginning to its end, and from which what was written is taken away."""

    def __init__(self, out: io.BytesIO) -> None:
        super().__init__()
        self._out, self._place = out, 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def write(self, text: Any) -> int:
        written = self._out.write(text)
        self._place += written
        return written


def _taken(out: io.BytesIO) -> bytes:
    """Return what was written, and forget it."""
    text = out.getvalue()
    out.seek(0)
    out.truncate()
    return text


def _row(line: bytes) -> list[Any]:
    """Return the columns of a line."""
    said: Mapping[str, Any] = json.loads(line)
    more = {name: value for name, value in said.items() if name not in (*_COLUMNS, "prev")}
    details = json.dumps(more, ensure_ascii=False, separators=(",", ":"))
    return [*(said.get(name) for name in _COLUMNS[:-1]), details]


def _cell(value: Any) -> Any:
    """Return a cell as no spreadsheet runs it: of what would be a formula, in wide letters or behind blanks too, text."""
    if not isinstance(value, str):
        return value
    text = _ENDS.sub(lambda found: f"{found[0]}'" if _is_formula(found) else found[0], value)
    begins = normalize("NFKC", value.lstrip()[:1])
    return f"'{text}" if begins.startswith(_FORMULAS) or value[:1].isspace() else text


def _escaped(found: re.Match[str]) -> str:
    """Return what would end a cell before a formula as JSON may have it too."""
    return f"\\u{ord(found[0]):04x}" if _is_formula(found) else found[0]


def _is_formula(found: re.Match[str]) -> bool:
    """Tell whether what follows would be a formula, were it a cell of its own."""
    begins = found.string[found.end() :].lstrip('"' + whitespace)[:1]
    return normalize("NFKC", begins).startswith(_FORMULAS)


def _check_pyarrow() -> None:
    if find_spec("pyarrow") is None:
        msg = "Parquet needs pyarrow where the service runs: pip install 'daypass-links[parquet]', or choose csv or ndjson"
        raise UnsupportedOptionError(msg, option="format", backend="links")


#: Each may write nothing in the end.
_WRITERS: dict[str, Callable[[_Lines], Iterator[bytes]]] = {
    "ndjson": _as_ndjson,
    "csv": _as_csv,
    "parquet": _as_parquet,
}
