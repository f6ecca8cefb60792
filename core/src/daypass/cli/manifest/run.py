"""From one manifest to the next: reader, workers and output, and what is said of them."""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO

import attrs
import click

from daypass.base.files import target_of
from daypass.cli import exits
from daypass.cli.inputs import opened
from daypass.cli.manifest.answers import Answer, taken
from daypass.cli.manifest.output import Output, output
from daypass.cli.manifest.plan import Manifest
from daypass.cli.manifest.progress import progress
from daypass.cli.manifest.rows import RowFormat, RowReader
from daypass.cli.manifest.work import Work
from daypass.cli.manifest.workers import workers
from daypass.cli.output import warn
from daypass.cli.words import listed

__all__ = ["run"]

#: How many rows are worked on at once, in one process; also a row group of Parquet. With more the
#: processes take more memory, and hardly less time.
CHUNK = 8_192


def run(manifest: Manifest, work: Work, jobs: int, identity: Any) -> int:
    """Do the work for every row, and write the new manifest.

    Args:
        manifest: what to read and write.
        work: what is done with each chunk.
        jobs: how many processes do it.
        identity: plain values; a run with others does not go on where this one stopped.

    Returns:
        The exit code.

    Raises:
        click.ClickException: for a manifest that cannot be read or written.
        DaypassError: of the first bad row, unless errors are collected.

    """
    work = attrs.evolve(work, names=manifest.names(work.new))
    target = None if manifest.target == "-" else target_of(Path(manifest.target))
    if "parquet" in (manifest.source_kind, manifest.target_kind):
        from daypass.cli.manifest.parquet import check_installed

        check_installed()
    if manifest.target_kind == "text" and "url" not in work.names:
        msg = "text has room for URLs alone: choose another --to-format"
        raise click.UsageError(msg)
    with _reading(manifest.source) as file:
        reader = _reader(manifest, file)
        _check_columns(manifest, reader, work)
        chunks = reader.chunks(CHUNK)
        # One chunk is done sooner than a process is started.
        head = list(islice(chunks, 2))
        shape = _format(manifest, reader, head, work.names)
        known = _identity(manifest, file, identity, work.names)
        with output(target, known, resume=manifest.resume) as out:
            out.begin(shape.begin())
            tally = Tally()
            for record in out.records:
                tally.again(record)
                shape.wrote(record)
            what = "signing" if "url" in work.names else "reading"
            jobs = jobs if len(head) > 1 else 1
            with progress(what, reader.expected, tally.rows) as advance:
                for rest, answer in _answered(_drained(head, chunks), shape, work, jobs, out):
                    tally.add(answer)
                    data, more = shape.data(rest, answer)
                    told = {"rows": answer.rows, "failed": answer.failed, "end": answer.end}
                    shape.wrote(out.add(data, told | more))
                    advance(answer.rows)
            out.end(shape.end())
    return tally.say()


def _drained(head: list[Any], rest: Iterator[Any]) -> Iterator[Any]:
    """Give the chunks without holding on to those that were given."""
    while head:
        yield head.pop(0)
    yield from rest


def _answered(
    chunks: Iterator[Any], shape: Any, work: Work, jobs: int, out: Output
) -> Iterator[tuple[Any, Answer]]:
    """Give what is left of each chunk that is not done yet, and its answer, in order, asking a few ahead."""
    first = 0
    for record in out.records:
        done = next(chunks, ())
        if len(done) != record["rows"]:
            msg = "what an earlier run has written does not fit the manifest: leave out --resume"
            raise click.UsageError(msg)
        first += len(done)
    ahead = 2 * jobs if jobs > 1 else 0
    waiting: deque[tuple[Any, Callable[[], Answer]]] = deque()
    with workers(work, jobs) as submit:
        for chunk in chunks:
            body, rest = shape.ask(chunk, work.columns)
            waiting.append((rest, submit(first, body)))
            first += len(chunk)
            if len(waiting) > ahead:
                yield _taken(*waiting.popleft())
        while waiting:
            yield _taken(*waiting.popleft())


def _taken(rest: Any, wait: Callable[[], Answer]) -> tuple[Any, Answer]:
    return rest, wait()


@attrs.define
class Tally:
    """What is to be said at the end, and the first time."""

    rows: int = 0
    failed: int = 0
    _said: set[str] = attrs.field(factory=set)

    def again(self, record: Mapping[str, Any]) -> None:
        """Count what an earlier run has done."""
        self.rows += record["rows"]
        self.failed += record["failed"]

    def add(self, answer: Answer) -> None:
        """Count a chunk; give each kind of warning once."""
        self.rows += answer.rows
        self.failed += answer.failed
        if answer.warnings and "short" not in self._said:
            self._said.add("short")
            warn(f"{answer.warnings[0]} (the output says when each link ends)")
        if answer.unenforced and (words := listed(answer.unenforced)) not in self._said:
            self._said.add(words)
            warn(f"the store does not enforce {words}")
        if answer.headers and "headers" not in self._said:
            self._said.add("headers")
            names = ", ".join(answer.headers)
            warn(
                f"the links work with headers alone ({names}): daypass sign PATH --json shows them"
            )

    def say(self) -> int:
        """Return the exit code."""
        if not self.failed:
            return 0
        warn(f"{self.failed} of {self.rows} rows failed: the column error says why")
        return exits.FAILED


@contextmanager
def _reading(source: str) -> Iterator[BinaryIO]:
    if source == "-":
        yield sys.stdin.buffer
        return
    with opened(source) as file:
        yield file


def _reader(manifest: Manifest, file: BinaryIO) -> Any:
    if manifest.source_kind != "parquet":
        return RowReader(file, manifest.source, manifest.source_kind)
    from daypass.cli.manifest.parquet import ParquetReader

    return ParquetReader(file, manifest.source)


def _format(manifest: Manifest, reader: Any, head: list[Any], new: Mapping[str, str]) -> Any:
    """Return how the output is written; the first rows tell what the reader does not know."""
    if not manifest.arrow:
        first = head[0].rows()[:1] if head and reader.names is None else []
        names = reader.names or list(chain.from_iterable(first)) or ["path"]
        return RowFormat(manifest.target_kind, names, new)
    from daypass.cli.manifest.parquet import ParquetFormat, check_new, schema_of

    schema = getattr(reader, "schema", None)
    if schema is None:
        names = reader.names or ["path"]
        schema = schema_of(head[0].rows() if head else [dict.fromkeys(names, "")])
    check_new(schema, new)
    return ParquetFormat(schema, new)


def _check_columns(manifest: Manifest, reader: Any, work: Work) -> None:
    if reader.names is None:
        return
    for name in manifest.columns.values():
        if reader.names.count(name) != 1:
            msg = f"{manifest.source} needs one column {name}: there are {', '.join(reader.names)}"
            raise click.UsageError(msg)
    for name in work.names.values():
        if name in reader.names:
            raise taken(name)


def _identity(manifest: Manifest, file: BinaryIO, options: Any, new: Mapping[str, str]) -> Any:
    """Return what must be equal for a run to go on where another stopped."""
    state = None if manifest.source == "-" else os.fstat(file.fileno())
    return {
        "source": str(Path(manifest.source).resolve()),
        "state": state and [state.st_size, state.st_mtime_ns],
        "kinds": [manifest.source_kind, manifest.target_kind],
        "columns": dict(manifest.columns),
        "new": dict(new),
        "chunk": CHUNK,
        "options": options,
    }
