"""Many cases in one test, where pytest would take longer to make a test of each than the test takes."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable

import pytest

_CASE = type(pytest.param())


def each(names: str, cases: Iterable) -> Callable:
    """Try all cases in one test, which says in which of them it failed; else as ``pytest.mark.parametrize``.

    What a fixture gives is the same for all cases, so this is for tests that change nothing of it.
    """
    wanted = [name.strip() for name in names.split(",")]

    cases = list(cases)
    assert cases, "there is no case"

    def decorate(test: Callable) -> Callable:
        @functools.wraps(test)
        def every(**given: object) -> None:
            for case in cases:
                said = case
                if isinstance(case, _CASE):
                    assert not case.marks, "one test has one mark for all its cases"
                    values, said = case.values, case.id
                else:
                    values = case if len(wanted) > 1 else (case,)
                try:
                    test(**given, **dict(zip(wanted, values, strict=True)))
                except BaseException as error:
                    error.add_note(f"with {names} = {said!r}")
                    raise

        signature = inspect.signature(test)
        left = [one for name, one in signature.parameters.items() if name not in wanted]
        every.__signature__ = signature.replace(parameters=left)
        return every

    return decorate
