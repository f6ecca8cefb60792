"""The metadata of many objects, read at once under a bound; an object that fails loses only itself."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Literal

from daypass.errors import DaypassError, InvalidPathError, InvalidRequestError
from daypass.model.metadata import ObjectMetadata
from daypass.store.bulk import blamed
from daypass.store.keywords import check_column, check_errors

if TYPE_CHECKING:
    from concurrent.futures import Future

__all__ = ["Head", "head_all"]

#: Requests that wait for an answer or for their turn to be handed out, for each that may run.
_AHEAD = 4
_MOST = 1024
#: What a column that is too short ends in.
_END: Any = object()

#: What is known of one object: its metadata, or why there is none.
Head = ObjectMetadata | DaypassError


def head_all(
    read: Callable[[Any, str | None], ObjectMetadata],
    paths: Iterable[Any],
    versions: Iterable[str | None] | None,
    *,
    errors: Literal["raise", "collect"],
    concurrency: int,
) -> list[Head] | Iterator[Head]:
    """Read every object's metadata, in the order of the paths.

    Raises:
        InvalidRequestError: for options that are not legal.
        DaypassError: of the first object that cannot be read, unless errors are collected.

    """
    check_errors(errors)
    if type(concurrency) is not int or not 0 < concurrency <= _MOST:
        msg = f"concurrency must be a whole number from 1 to {_MOST}, not {ascii(concurrency)[:40]}"
        raise InvalidRequestError(msg, option="concurrency")
    if isinstance(paths, (str, bytes)) or not isinstance(paths, Iterable):
        msg = f"many paths are an iterable of text, not one {type(paths).__name__}"
        raise InvalidPathError(msg, option="path")
    if versions is not None:
        check_column("version", versions)

    def attempt(path: Any, version: str | None) -> Head:
        try:
            return read(path, version)
        except DaypassError as error:
            return error

    all_heads = _in_order(attempt, _rows(paths, versions), concurrency)
    found = _raising(all_heads) if errors == "raise" else all_heads
    return found if isinstance(paths, Iterator) else list(found)


def _rows(
    paths: Iterable[Any], versions: Iterable[str | None] | None
) -> Iterator[tuple[Any, str | None]]:
    if versions is None:
        yield from ((path, None) for path in paths)
        return
    for path, version in zip_longest(paths, versions, fillvalue=_END):
        if path is _END or version is _END:
            msg = "the column version does not have one value for each row"
            raise InvalidRequestError(msg, option="version")
        yield path, version


def _in_order(
    attempt: Callable[[Any, str | None], Head],
    rows: Iterable[tuple[Any, str | None]],
    concurrency: int,
) -> Generator[Head, None, None]:
    """Run at most so many attempts at once; read no further ahead than a few for each."""
    from concurrent.futures import ThreadPoolExecutor

    waiting: deque[Future[Head]] = deque()
    pool = ThreadPoolExecutor(concurrency, "daypass-head")
    try:
        for path, version in rows:
            waiting.append(pool.submit(attempt, path, version))
            if len(waiting) >= _AHEAD * concurrency:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        # Without waiting: a generator that nobody reads to its end may be ended in a thread of its own.
        pool.shutdown(wait=False, cancel_futures=True)


def _raising(found: Generator[Head, None, None]) -> Iterator[Head]:
    # Closed with the error, and not when the last trace of it is gone: until then what waits would go on being read.
    with closing(found):
        for row, head in enumerate(found):
            if isinstance(head, DaypassError):
                raise blamed(head, row, None)  # which names its path
            yield head
