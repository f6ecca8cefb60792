"""Errors leave without the local variables of our frames, which hold options, files and keys, and which reporters print."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from types import CodeType, FrameType, GeneratorType
from typing import Any, ParamSpec, TypeVar

__all__ = ["discreet", "forget"]

_P = ParamSpec("_P")
_R = TypeVar("_R")
_COROUTINE = 0x80  # inspect.CO_COROUTINE, without importing inspect


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


def _discreetly(rows: Iterator[Any]) -> Iterator[Any]:
    try:
        yield from rows
    except BaseException as error:
        forget(error)
        raise


def forget(error: BaseException) -> None:
    """Clear the local variables of daypass's frames in a traceback, and in those of all that it came from."""
    for frame in _frames(error):
        if _is_ours(frame):
            try:
                frame.clear()
            except RuntimeError:  # it still runs: whoever called, or catches the error
                continue


def _frames(error: BaseException) -> Iterator[FrameType]:
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        waiting += (one.__cause__, one.__context__)
        if isinstance(one, BaseExceptionGroup):
            waiting += one.exceptions
        trace = one.__traceback__
        while trace is not None:
            yield trace.tb_frame
            trace = trace.tb_next


def _is_ours(frame: FrameType) -> bool:
    # What attrs and cattrs make has no module; the file's name holds that of the class.
    name = frame.f_globals.get("__name__") or frame.f_code.co_filename
    return name.startswith("daypass") or (name.startswith("<") and " daypass" in name)
