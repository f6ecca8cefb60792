"""Which media type the name of a file tells."""

from __future__ import annotations

import mimetypes
from pathlib import PurePosixPath

__all__ = ["KNOWN", "guessed"]

#: Of what is shared most: Python knows others of these on each machine and in each version, by files of the system or the registry.
KNOWN = {
    ".arrow": "application/vnd.apache.arrow.file",
    ".csv": "text/csv",
    ".feather": "application/vnd.apache.arrow.file",
    ".html": "text/html",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".json": "application/json",
    ".jsonl": "application/x-ndjson",
    ".nc": "application/x-netcdf",
    ".ndjson": "application/x-ndjson",
    ".parquet": "application/vnd.apache.parquet",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def guessed(name: str) -> tuple[str | None, str | None]:
    """Return the media type that a name or a path tells, and by what the file is packed: None for what it does not tell.

    >>> guessed("s3://maps/cities.parquet"), guessed("cities.csv.gz"), guessed("cities")
    (('application/vnd.apache.parquet', None), ('text/csv', 'gzip'), (None, None))
    """
    known = KNOWN.get(PurePosixPath(name).suffix.lower())
    return mimetypes.guess_type(name) if known is None else (known, None)
