"""``ManifestReport``: what became of a manifest's rows, and what is to be said of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs

from daypass.manifest.answers import SHOWN, Answer

__all__ = ["ManifestReport", "Tally"]


@attrs.frozen(kw_only=True)
class ManifestReport:
    """What became of a manifest: the new one is written."""

    #: How many rows there are, those of an earlier run included.
    rows: int
    #: How many of them failed; the column ``error`` says why.
    failed: int
    #: Options that were asked for, and that the store does not enforce.
    unenforced: frozenset[str] = frozenset()
    #: The names of the headers that the links work with, and not without.
    headers: frozenset[str] = frozenset()
    #: What else is to be said of the links: a sentence for each.
    notes: tuple[str, ...] = ()
    #: Why the first of the rows failed that did, by their numbers, where the new manifest is text, which has no column
    #: for it.
    failures: Mapping[int, str] = attrs.field(factory=dict)
    #: When the first of the links ends (aware, UTC); None where there is none.
    first_end: datetime | None = None
    #: How many rows of an S3 Inventory are no objects now, and so not among these: ``"delete markers"`` and
    #: ``"older versions"``.
    left_out: Mapping[str, int] = attrs.field(factory=dict)


@attrs.define
class Tally:
    """Counts while the rows are done."""

    #: Whether it is to be told here why rows failed.
    tells: bool = False
    rows: int = 0
    failed: int = 0
    _failures: dict[int, str] = attrs.field(factory=dict)
    _unenforced: set[str] = attrs.field(factory=set)
    _headers: set[str] = attrs.field(factory=set)
    _warning: str | None = None
    _end: datetime | None = None

    def again(self, record: Mapping[str, Any]) -> None:
        """Count what an earlier run has done."""
        self.rows += record["rows"]
        self.failed += record["failed"]
        self._ends(record["end"])

    def add(self, answer: Answer) -> None:
        """Count a chunk; of the warnings one is kept, since all are alike."""
        self.rows += answer.rows
        self.failed += answer.failed
        self._ends(answer.end)
        self._unenforced |= set(answer.unenforced)
        self._headers |= set(answer.headers)
        if self.tells:
            self._failures |= answer.failures[: SHOWN - len(self._failures)]
        if answer.warnings and self._warning is None:
            self._warning = answer.warnings[0]

    def _ends(self, text: str | None) -> None:
        if text is None:
            return
        end = datetime.fromisoformat(text)
        self._end = end if self._end is None else min(self._end, end)

    def report(self, left_out: Mapping[str, int]) -> ManifestReport:
        """Return what it has come to, and what was no row of it."""
        notes = () if self._warning is None else (
            f"{self._warning} (the output says when each link ends)",
        )  # fmt: skip
        return ManifestReport(
            rows=self.rows,
            failed=self.failed,
            unenforced=frozenset(self._unenforced),
            headers=frozenset(self._headers),
            notes=notes,
            failures=self._failures,
            first_end=self._end,
            left_out=left_out,
        )
