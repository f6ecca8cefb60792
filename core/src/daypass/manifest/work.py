"""What is done with the paths of a chunk: sign them, or ask for what the store says of them."""

from __future__ import annotations

import json
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from itertools import islice
from typing import Any, Literal

import attrs

from daypass.arrow.heads import HEADS, head_columns
from daypass.arrow.rows import sign_rows
from daypass.errors import DaypassError, ShortLivedURLWarning
from daypass.manifest.answers import SHOWN, Answer, Body, lists
from daypass.model.batches import wanting
from daypass.store.bulk import blamed
from daypass.store.functions import head_metadata_many
from daypass.store.store import Store

__all__ = ["HeadWork", "SignWork", "Work"]

#: What is made of a chunk: the new columns, and the answer but for its body.
Made = tuple[dict[str, Sequence[Any]], Answer]


@attrs.frozen(repr=False, kw_only=True)
class Work(ABC):
    """What a worker does; it is pickled for the pipe to a child of this very process.

    That pipe is the one place where a secret of ``storage_options`` goes.
    """

    #: Where the keys lie, as a path; None where the manifest has whole paths.
    root: str | None = None
    #: The keywords that say in which store, with whose credentials and who signs.
    place: Mapping[str, Any]
    options: Mapping[str, Any]
    errors: Literal["raise", "collect"]
    #: How an error is written in the column of that name.
    error_text: Callable[[DaypassError], str] = str
    #: Which column holds each thing that is read.
    columns: Mapping[str, str]
    #: The names of the new columns, by what they hold.
    names: Mapping[str, str] = attrs.field(factory=dict)
    #: Whether whole rows come and go as Arrow and Parquet, or only columns, as JSON.
    arrow: bool
    #: Whether an empty cell is a value that is missing: the format knows no other.
    blank: bool = False

    @cached_property
    def store(self) -> Store | None:
        """Below whose root the keys lie; made where it is used, and never sent."""
        return None if self.root is None else Store(self.root, **self.place)

    @property
    def asked(self) -> dict[str, Any]:
        """The keywords of a function on whole paths, or of the store's."""
        return {**self.options} if self.store is not None else {**self.place, **self.options}

    def __call__(self, first: int, body: Body) -> Answer:
        """Answer one chunk, whose first row has the number ``first``."""
        if not self.arrow:
            made, answer = self.make(first, self._told(json.loads(bytes(body))))
            return attrs.evolve(answer, body=lists({name: made[name] for name in self.names}))
        from daypass.arrow.columns import texts, values
        from daypass.manifest.parquet import file_of, read_batch

        batch = read_batch(body)
        columns = {
            what: texts(batch.column(name), name) if what == "path" else values(batch.column(name))
            for what, name in self.columns.items()
        }
        with wanting():
            made, answer = self.make(first, self._told(columns))
        file = file_of([batch], batch.schema, made, self.names, self.columns["path"])
        return attrs.evolve(answer, body=file)

    def _told(self, columns: dict[str, list[Any]]) -> dict[str, list[Any]]:
        if not self.blank:
            return columns
        return {
            what: [None if value == "" else value for value in column]
            for what, column in columns.items()
        }

    def texts(self, faults: Mapping[int, DaypassError], count: int) -> list[str | None]:
        """Return the column that says what is wrong, where something is."""
        column: list[str | None] = [None] * count
        for row, error in faults.items():
            column[row] = " ".join(self.error_text(error).split())
        return column

    def failures(self, column: Sequence[str | None], first: int) -> list[tuple[int, str]]:
        """Return the first rows of a chunk that failed, by their numbers in the whole manifest."""
        failed = ((first + row, text) for row, text in enumerate(column) if text is not None)
        return list(islice(failed, SHOWN))

    @abstractmethod
    def make(self, first: int, columns: dict[str, list[Any]]) -> Made:
        """Return the new columns of a chunk, and what is to be said of it."""

    @property
    @abstractmethod
    def new(self) -> tuple[str, ...]:
        """What it makes."""


@attrs.frozen(repr=False, kw_only=True)
class SignWork(Work):
    """Signs."""

    with_head: bool

    @property
    def new(self) -> tuple[str, ...]:
        """What it makes."""
        heads = ("head_url", "size") if self.with_head else ()
        return ("url", "expires_at", *heads, *(("error",) if self.errors == "collect" else ()))

    def make(self, first: int, columns: dict[str, list[Any]]) -> Made:
        """Sign the rows of a chunk."""
        paths = columns.pop("path")
        if "content_length" in columns:
            columns["content_length"] = [_number(value) for value in columns["content_length"]]
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", ShortLivedURLWarning)
            signed = sign_rows(
                paths,
                columns,
                self.asked,
                with_head=self.with_head,
                errors=self.errors,
                first=first,
                store=self.store,
            )
        made: dict[str, Sequence[Any]] = {
            "url": signed.urls,
            "expires_at": list(signed.ends),
            "head_url": signed.head_urls,
            "size": list(signed.sizes),
            "error": (errors := self.texts(signed.errors, len(paths))),
        }
        ends = {end for end in signed.ends if end is not None}
        return made, Answer(
            rows=len(paths),
            failed=len(signed.errors),
            end=min(ends).isoformat() if ends else None,
            unenforced=sorted(signed.unenforced),
            headers=sorted(signed.headers),
            warnings=[
                str(w.message) for w in caught if issubclass(w.category, ShortLivedURLWarning)
            ],
            failures=self.failures(errors, first),
        )


@attrs.frozen(repr=False, kw_only=True)
class HeadWork(Work):
    """Asks for metadata."""

    concurrency: int

    @property
    def new(self) -> tuple[str, ...]:
        """What it makes."""
        return (*HEADS, *(("error",) if self.errors == "collect" else ()))

    def make(self, first: int, columns: dict[str, list[Any]]) -> Made:
        """Ask for the metadata of a chunk's objects."""
        paths = columns.pop("path")
        given = {**self.asked, **columns, "concurrency": self.concurrency}
        read = head_metadata_many if self.store is None else self.store.head_metadata_many
        found = list(read(paths, **given))
        faults = {
            row: head
            for row, head in enumerate(found)
            if isinstance(head, DaypassError) and paths[row] is not None
        }
        if faults and self.errors == "raise":
            row = min(faults)
            raise blamed(faults[row], first + row, paths[row])
        made: dict[str, Sequence[Any]] = {**head_columns(found)}
        made["error"] = self.texts(faults, len(paths))
        return made, Answer(rows=len(paths), failed=len(faults))


def _number(value: object) -> object:
    """Return digits as a number: CSV has only text."""
    return int(value) if isinstance(value, str) and value.isdecimal() else value
