"""What a worker answers: the new columns of a chunk or a piece of Parquet, and what to say of them."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any, Self

import attrs

__all__ = ["Answer", "plain"]


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
    #: A Parquet file with all columns, or the new columns as JSON.
    body: bytes = b""

    def write(self) -> bytes:
        """Return all of it as bytes."""
        head = attrs.asdict(self, filter=attrs.filters.exclude("body"))
        return json.dumps(head).encode() + b"\n" + self.body

    @classmethod
    def read(cls, data: bytes) -> Self:
        """Return what `write` wrote."""
        end = data.index(b"\n")
        return cls(**json.loads(data[:end]), body=data[end + 1 :])


def plain(value: object) -> Any:
    """Return a value that JSON does not know as one that it does: as text."""
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, bytes):
        return b64encode(value).decode()
    return str(value)
