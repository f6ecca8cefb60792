"""``Manifest``: what a manifest is read from, where the new one goes, and how either is written."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import attrs

from daypass.base.files import named
from daypass.base.messages import shown
from daypass.errors import InvalidRequestError
from daypass.manifest.inventory import INVENTORY
from daypass.model.options import PER_ROW

__all__ = ["FORMATS", "SUFFIXES", "Manifest", "Place", "read_as"]

FORMATS = ("parquet", "csv", "ndjson", "text")
#: The format by the end of a file's name.
SUFFIXES = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".csv": "csv",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".txt": "text",
}
#: The same of what is read: rows may be packed by gzip, and tabs stand between columns as well as commas.
_READ = {
    **SUFFIXES,
    ".tsv": "csv",
    **{f"{end}.gz": kind for end, kind in SUFFIXES.items() if kind != "parquet"},
    ".tsv.gz": "csv",
}

#: A file by its name, or an open stream of bytes.
Place: TypeAlias = str | os.PathLike[str] | BinaryIO


@attrs.frozen(repr=False, kw_only=True)
class Manifest:
    """What is read and written."""

    source: Path | BinaryIO
    source_kind: str
    target: Path | BinaryIO
    target_kind: str
    #: Which column holds each thing that is read, and the names of those that are new.
    columns: Mapping[str, str]
    renamed: Mapping[str, str]
    resume: bool

    @classmethod
    def of(
        cls,
        source: Place,
        target: Place,
        *,
        path: str | None,
        columns: Mapping[str, str] | None,
        source_format: str | None,
        target_format: str | None,
        resume: bool,
    ) -> Manifest:
        """Hold together what a caller says of a manifest.

        Raises:
            InvalidRequestError: for what does not fit together.

        """
        read, written = _place(source, "source", "read"), _place(target, "target", "write")
        if isinstance(read, Path) and os.path.isdir(read):  # noqa: PTH112 - no error for a name too long
            read /= INVENTORY
        source_kind = _kind(read, source_format, "text", "source_format")
        # From anywhere to a stream: as it came, where a stream can be that.
        piped = "ndjson" if source_kind in ("parquet", "inventory") else source_kind
        target_kind = _kind(written, target_format, piped, "target_format")
        if source_kind == "text" and path:
            msg = "a manifest in text has no columns: name none"
            raise InvalidRequestError(msg, option="path")
        if source_kind == "parquet" and not isinstance(read, Path):
            msg = "Parquet cannot be read from a pipe: save it first"
            raise InvalidRequestError(msg, option="source")
        if resume and not (isinstance(read, Path) and isinstance(written, Path)):
            msg = "resume=True needs files: a pipe cannot be read or written again"
            raise InvalidRequestError(msg, option="resume")
        if isinstance(read, Path) and isinstance(written, Path) and _are_one(read, written):
            msg = f"the new manifest would take the place of the one that it is made of, {read}: write it elsewhere"
            raise InvalidRequestError(msg, option="target")
        given = dict(columns or {})
        return cls(
            source=read,
            source_kind=source_kind,
            target=written,
            target_kind=target_kind,
            columns={"path": path or "path"}
            | {what: name for what, name in given.items() if what in PER_ROW},
            renamed={what: name for what, name in given.items() if what not in PER_ROW},
            resume=resume,
        )

    @property
    def name(self) -> str:
        """What the manifest is called in messages."""
        return str(self.source) if isinstance(self.source, Path) else "-"

    @property
    def arrow(self) -> bool:
        """Whether the output is Parquet, which the workers write."""
        return self.target_kind == "parquet"

    @property
    def blank(self) -> bool:
        """Whether an empty cell is a value that is missing: the format knows no other."""
        return self.source_kind in ("csv", "text", "inventory")

    def names(self, new: Sequence[str]) -> dict[str, str]:
        """Name the new columns.

        Raises:
            InvalidRequestError: for names that do not fit them.

        """
        for what in self.renamed:
            if what not in new:
                known = ", ".join([*PER_ROW, *new])
                msg = f"columns= knows no {what}: there are {known}"
                raise InvalidRequestError(msg, option="columns")
        names = {what: self.renamed.get(what, what) for what in new}
        if len(set(names.values())) != len(names):
            msg = "columns= gives two new columns one name"
            raise InvalidRequestError(msg, option="columns")
        return names


def read_as(place: Path) -> str | None:
    """Return the format in which a file is read, by the end of its name; None where that says nothing."""
    name = place.name.lower()
    return next((kind for end, kind in _READ.items() if name.endswith(end)), None)


def _are_one(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:  # as where there is no such file yet
        return False


def _place(given: Any, option: str, use: str) -> Path | BinaryIO:
    """Tell a file from a stream that can be used so.

    Raises:
        InvalidRequestError: for what is neither.

    """
    if isinstance(given, (str, os.PathLike)):
        return named(given, option)
    inner = getattr(given, "file", given)  # of a NamedTemporaryFile
    if isinstance(inner, io.TextIOBase) or not hasattr(given, use):
        msg = f"{option} is the name of a file or an open stream of bytes, not {shown(given)}"
        raise InvalidRequestError(msg, option=option)
    stream: BinaryIO = given
    return stream


def _kind(place: Path | BinaryIO, given: str | None, piped: str, option: str) -> str:
    if given is not None:
        if given not in FORMATS:
            msg = f"{option} is one of {', '.join(FORMATS)}"
            raise InvalidRequestError(msg, option=option)
        return given
    if not isinstance(place, Path):
        return piped
    if option == "source_format" and place.name == INVENTORY:
        return "inventory"
    kind = read_as(place) if option == "source_format" else SUFFIXES.get(place.suffix.lower())
    if kind is None:
        msg = f"{place} does not say how it is written: add {option}, one of {', '.join(FORMATS)}"
        raise InvalidRequestError(msg, option=option)
    return kind
