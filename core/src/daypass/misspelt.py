"""Classes of options that answer a misspelt argument with the nearest that exists."""

from __future__ import annotations

import functools
from typing import Any, TypeVar

import attrs

from daypass.requests import refuse_unknown

__all__ = ["names_nearest"]

Kind = TypeVar("Kind", bound=type)


def names_nearest(kind: Kind) -> Kind:
    """Let an attrs class raise `UnknownOptionError` where it is called with a name it does not have.

    Args:
        kind: the class; what it is called with otherwise is as before.

    """
    make: Any = kind.__init__  # type: ignore[misc] # of the class that attrs has made
    known = frozenset(field.alias for field in attrs.fields(kind) if field.init and field.alias)

    @functools.wraps(make)
    def checked(self: object, *args: object, **options: object) -> None:
        try:
            make(self, *args, **options)
        except TypeError:  # asked only then, so that who spells rightly does not wait
            refuse_unknown(options, known, what=f"argument of {kind.__name__}")
            raise

    kind.__init__ = checked  # type: ignore[misc]
    return kind
