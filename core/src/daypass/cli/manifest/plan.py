"""``Manifest``: what the command line says of a manifest, held together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import click

from daypass.cli.manifest.options import FORMATS, READ

__all__ = ["Manifest"]

_SUFFIXES = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".csv": "csv",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".txt": "text",
}


@attrs.frozen(repr=False, kw_only=True)
class Manifest:
    """What the command line says of a manifest."""

    source: str
    column: str
    source_kind: str
    target: str
    target_kind: str
    #: Which column holds each thing that is read, and the names of those that are new.
    columns: Mapping[str, str]
    renamed: Mapping[str, str]
    resume: bool

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Manifest:
        """Read the options.

        Raises:
            click.UsageError: for options that do not fit together.

        """
        source, column = _source(values["source"])
        source_kind = _kind(source, values["from_format"], "text", "--from-format")
        # From anywhere to a pipe: as it came, where a stream can be that.
        piped = "ndjson" if source_kind == "parquet" else source_kind
        target = values["target"] or "-"
        target_kind = _kind(target, values["to_format"], piped, "--to-format")
        if source_kind == "text" and column:
            msg = f"a manifest in text has no columns: write --from {source}"
            raise click.UsageError(msg)
        if source == "-" and source_kind == "parquet":
            msg = "Parquet cannot be read from a pipe: save it first"
            raise click.UsageError(msg)
        if values["resume"] and "-" in (source, target):
            msg = "--resume needs files: a pipe cannot be read or written again"
            raise click.UsageError(msg)
        given = values["columns"] or {}
        return cls(
            source=source,
            column=column or "path",
            source_kind=source_kind,
            target=target,
            target_kind=target_kind,
            columns={"path": column or "path"}
            | {what: name for what, name in given.items() if what in READ and what != "path"},
            renamed={
                what: name for what, name in given.items() if what not in READ or what == "path"
            },
            resume=values["resume"],
        )

    @property
    def arrow(self) -> bool:
        """Whether the output is Parquet, which the workers write."""
        return self.target_kind == "parquet"

    def names(self, new: Sequence[str]) -> dict[str, str]:
        """Name the new columns.

        Raises:
            click.UsageError: for names that do not fit them.

        """
        for what in self.renamed:
            if what not in new:
                known = ", ".join([*(name for name in READ if name != "path"), *new])
                msg = f"--column knows no {what}: there are {known}"
                raise click.UsageError(msg)
        names = {what: self.renamed.get(what, what) for what in new}
        if len(set(names.values())) != len(names):
            msg = "--column gives two new columns one name"
            raise click.UsageError(msg)
        return names


def _source(text: str) -> tuple[str, str]:
    """Take FILE[:COLUMN] apart; a file that has the whole name is one."""
    name, colon, column = text.rpartition(":")
    if not colon or Path(text).is_file() or not name:
        return text, ""
    return name, column


def _kind(name: str, given: str | None, piped: str, option: str) -> str:
    if given is not None:
        return given
    if name == "-":
        return piped
    kind = _SUFFIXES.get(Path(name).suffix.lower())
    if kind is None:
        msg = f"{name} does not say how it is written: add {option}, one of {', '.join(FORMATS)}"
        raise click.UsageError(msg)
    return kind
