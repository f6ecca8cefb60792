"""From one manifest to the next: reader, workers and output."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import attrs

from daypass.base.files import opened, target_of
from daypass.errors import InvalidRequestError
from daypass.manifest.answers import Answer, taken
from daypass.manifest.inventory import InventoryReader
from daypass.manifest.output import Output, output
from daypass.manifest.plan import Manifest
from daypass.manifest.readers import reader_of
from daypass.manifest.report import ManifestReport, Tally
from daypass.manifest.rows import RowFormat
from daypass.manifest.work import Work
from daypass.manifest.workers import workers

if TYPE_CHECKING:
    from fsspec.callbacks import Callback

__all__ = ["run"]

#: How many rows are worked on at once, in one process; also a row group of Parquet. With more the
#: processes take more memory, and hardly less time.
CHUNK = 8_192


def run(
    manifest: Manifest, work: Work, jobs: int, identity: Any, callback: Callback | None
) -> ManifestReport:
    """Do the work for every row, and write the new manifest.

    Args:
        manifest: what to read and write.
        work: what is done with each chunk.
        jobs: how many processes do it.
        identity: plain values; a run with others does not go on where this one stopped.
        callback: is told how many rows there are and how many are done.

    Raises:
        InvalidRequestError: for a manifest that cannot be read.
        DaypassError: of the first bad row, unless errors are collected; or if it cannot be written.

    """
    work = attrs.evolve(work, names=manifest.names(work.new))
    target = target_of(manifest.target) if isinstance(manifest.target, Path) else manifest.target
    if "parquet" in (manifest.source_kind, manifest.target_kind):
        from daypass.manifest.parquet import check_installed

        check_installed()
    if manifest.target_kind == "text" and "url" not in work.names:
        msg = "text has room for URLs alone: choose another target_format"
        raise InvalidRequestError(msg, option="target_format")
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
            tally = Tally(tells=manifest.target_kind == "text")
            for record in out.records:
                tally.again(record)
                shape.wrote(record)
            jobs = jobs if len(head) > 1 else 1
            advance = _advancing(callback, reader.expected, tally.rows)
            for rest, answer in _answered(_drained(head, chunks), shape, work, jobs, out):
                tally.add(answer)
                data, more = shape.data(rest, answer)
                told = {"rows": answer.rows, "failed": answer.failed, "end": answer.end}
                shape.wrote(out.add(data, told | more))
                advance(answer.rows)
            out.end(shape.end())
    return tally.report(getattr(reader, "left_out", {}))


def _advancing(
    callback: Callback | None, expected: Callable[[], int | None], before: int
) -> Callable[[int], None]:
    """Return what is to be called with every so many rows; a format of rows only learns how many there are."""
    if callback is None:
        return lambda _: None
    callback.set_size(expected())
    callback.absolute_update(before)

    def advance(count: int) -> None:
        if (total := expected()) != callback.size:
            callback.set_size(total)
        callback.relative_update(count)

    return advance


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
            msg = "what an earlier run has written does not fit the manifest: leave out resume=True"
            raise InvalidRequestError(msg, option="resume")
        first += len(done)
    ahead = 2 * jobs if jobs > 1 else 0
    waiting: deque[tuple[Any, Callable[[], Answer]]] = deque()
    with workers(work, jobs) as submit:
        for chunk in chunks:
            body, rest = shape.body_of(chunk, work.columns)
            waiting.append((rest, submit(first, body)))
            first += len(chunk)
            if len(waiting) > ahead:
                yield _taken(*waiting.popleft())
        while waiting:
            yield _taken(*waiting.popleft())


def _taken(rest: Any, wait: Callable[[], Answer]) -> tuple[Any, Answer]:
    return rest, wait()


@contextmanager
def _reading(source: Path | BinaryIO) -> Iterator[BinaryIO]:
    if not isinstance(source, Path):
        yield source
        return
    with opened(source) as file:
        yield file


def _reader(manifest: Manifest, file: BinaryIO) -> Any:
    if manifest.source_kind == "inventory":
        return InventoryReader(file, manifest.name)
    return reader_of(manifest.source_kind, file, manifest.name)


def _format(manifest: Manifest, reader: Any, head: list[Any], new: Mapping[str, str]) -> Any:
    """Return how the output is written; the first rows tell what the reader does not know."""
    if not manifest.arrow:
        first = head[0].rows()[:1] if head and reader.names is None else []
        names = reader.names or list(chain.from_iterable(first)) or ["path"]
        return RowFormat(manifest.target_kind, names, new)
    from daypass.manifest.parquet import ParquetFormat, check_new, schema_of

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
            msg = f"{manifest.name} needs one column {name}: there are {', '.join(reader.names)}"
            raise InvalidRequestError(msg, option="columns")
    for name in work.names.values():
        if name in reader.names:
            raise taken(name)


def _identity(manifest: Manifest, file: BinaryIO, options: Any, new: Mapping[str, str]) -> Any:
    """Return what must be equal for a run to go on where another stopped."""
    state = os.fstat(file.fileno()) if isinstance(manifest.source, Path) else None
    return {
        "source": str(Path(manifest.name).resolve()),
        "state": state and [state.st_size, state.st_mtime_ns],
        "kinds": [manifest.source_kind, manifest.target_kind],
        "columns": dict(manifest.columns),
        "new": dict(new),
        "chunk": CHUNK,
        "options": options,
    }
