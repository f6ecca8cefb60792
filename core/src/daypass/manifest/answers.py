"""What a worker answers: the new columns of a chunk or a piece of Parquet; and what all formats share."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Any, Self, TypeAlias

import attrs

from daypass.errors import InvalidRequestError

__all__ = ["SHOWN", "Answer", "Body", "Row", "lists", "plain", "taken"]

#: Bytes, or a part of others: what passes through by the megabyte is copied nowhere.
Body: TypeAlias = bytes | memoryview
Row = dict[str, Any]
_LENGTH = 4
#: Of so many rows that failed it is told why, beside a column that says it of all.
SHOWN = 10


@attrs.frozen(repr=False, kw_only=True)
class Answer:
    """The answer to one chunk."""

    rows: int
    failed: int = 0
    #: When the first of its links ends, as ISO 8601; None where there is none.
    end: str | None = None
    unenforced: Sequence[str] = ()
    headers: Sequence[str] = ()
    warnings: Sequence[str] = ()
    #: Numbers of the first rows that failed, and why.
    failures: Sequence[tuple[int, str]] = ()
    #: A Parquet file with all columns, or the new columns as JSON.
    body: Body = b""

    def parts(self) -> tuple[bytes, bytes, Body]:
        """Return all of it as bytes, to be put one behind the other."""
        head = json.dumps(attrs.asdict(self, filter=attrs.filters.exclude("body"))).encode()
        return len(head).to_bytes(_LENGTH), head, self.body

    @classmethod
    def read(cls, data: memoryview) -> Self:
        """Return what `parts` gave."""
        start = _LENGTH + int.from_bytes(data[:_LENGTH])
        return cls(**json.loads(bytes(data[_LENGTH:start])), body=data[start:])


def plain(value: object) -> Any:
    """Return a value that JSON does not know as one that it does: as text."""
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, bytes):
        return b64encode(value).decode()
    return str(value)


def lists(columns: Mapping[str, Sequence[Any]]) -> bytes:
    """Return columns of plain values as bytes."""
    return json.dumps(columns, default=plain).encode()


def taken(column: str) -> InvalidRequestError:
    """Make the error for a new column whose name is an old one's."""
    msg = f"the manifest has a column {column} already: give the new one another name with columns="
    return InvalidRequestError(msg, option="columns")
