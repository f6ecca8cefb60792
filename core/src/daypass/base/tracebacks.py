"""Errors leave without the local variables of our frames, which hold options, files and keys, and which reporters print."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from opcode import opmap
from types import AsyncGeneratorType, CodeType, CoroutineType, FrameType, GeneratorType
from typing import Any, ParamSpec, TypeVar

__all__ = ["PACKAGES", "discreet", "forget", "made_discreetly"]

#: The packages whose frames are daypass's: its own, and those of the plugins that it has loaded.
PACKAGES = {"daypass"}

_P = ParamSpec("_P")
_R = TypeVar("_R")
_T = TypeVar("_T")
_COROUTINE = 0x80  # inspect.CO_COROUTINE, without importing inspect
_SUSPENDED = 0x2A0  # and CO_GENERATOR, CO_COROUTINE, CO_ASYNC_GENERATOR
_GENERATORS = (GeneratorType, CoroutineType, AsyncGeneratorType)


def discreet(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Let an error leave a function, or the generator that it returns, with no local variable of daypass's in its traceback.

    Whoever calls the function keeps their own, and the frames of SDKs theirs.
    """
    called: Callable[..., Any] = function

    def entered(*args: _P.args, **given: _P.kwargs) -> Any:
        try:
            answer = called(*args, **given)
        except BaseException as error:
            del args, given
            forget(error)
            raise
        return _discreetly(answer) if type(answer) is GeneratorType else answer

    async def awaited(*args: _P.args, **given: _P.kwargs) -> Any:
        """Do the same for a coroutine."""
        try:
            return await called(*args, **given)
        except BaseException as error:
            del args, given
            forget(error)
            raise

    code: CodeType = function.__code__
    return wraps(function)(awaited if code.co_flags & _COROUTINE else entered)


def made_discreetly(kind: type[_T]) -> type[_T]:
    """Let an error leave the making of an object as `discreet` does; attrs makes what receives the values."""
    whole: Any = kind
    whole.__init__ = discreet(whole.__init__)
    return kind


def _discreetly(rows: Iterator[Any]) -> Iterator[Any]:
    try:
        yield from rows
    except BaseException as error:
        forget(error)
        raise


def forget(error: BaseException, libraries: Iterable[str] = ()) -> None:
    """Clear the local variables of daypass's frames in a traceback, and in those of all that it came from.

    Not of what the caller was handling already, which was caught in a frame that still runs.

    Args:
        error: what leaves.
        libraries: packages whose frames are cleared too, since they hold what daypass gave them.

    """
    packages = PACKAGES.union(libraries)
    running: set[FrameType] = set()
    above = sys._getframe(1).f_back  # noqa: SLF001 - the one way to the callers' frames
    while above is not None:
        running.add(above)
        above = above.f_back
    for frame in _frames(error, running):
        if _package(frame) in packages and not _is_suspended(frame):
            try:
                frame.clear()
            except RuntimeError:  # it still runs: whoever called, or catches the error
                continue


def _frames(error: BaseException, running: set[FrameType]) -> Iterator[FrameType]:
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        trace = one.__traceback__
        if trace is not None and trace.tb_frame in running:
            continue
        waiting += (one.__cause__, one.__context__)
        if isinstance(one, BaseExceptionGroup):
            waiting += one.exceptions
        while trace is not None:
            yield trace.tb_frame
            trace = trace.tb_next


def _package(frame: FrameType) -> str:
    # What attrs and cattrs make has no module; the file's name holds that of the class, its last word.
    name: str = frame.f_globals.get("__name__") or frame.f_code.co_filename.rpartition(" ")[2]
    return name.partition(".")[0]


def _is_suspended(frame: FrameType) -> bool:
    """Tell whether a generator will go on from a frame: before Python 3.13, clearing it would end the generator."""
    code = frame.f_code
    if not code.co_flags & _SUSPENDED or code.co_code[frame.f_lasti] != opmap["YIELD_VALUE"]:
        return False
    # It may also have ended there, by an error that was thrown into it: then it has let go of its frame.
    return any(type(one) in _GENERATORS for one in gc.get_referrers(frame))
