"""What people search for, in whatever capitals it is written: SQLite's own ``lower`` knows those of ASCII alone."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Text, func, or_
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction

__all__ = ["has", "prepare"]

_NAME = "daypass_lower"


class _Lower(GenericFunction[str]):
    """A text in small letters."""

    type = Text()
    name = _NAME
    inherit_cache = True


@compiles(_Lower)
def _by_itself(element: _Lower, compiler: Any, **more: Any) -> str:
    return f"lower{compiler.process(element.clause_expr, **more)}"


@compiles(_Lower, "sqlite")
def _by_python(element: _Lower, compiler: Any, **more: Any) -> str:
    # Python is asked where there is more than ASCII, since to ask it of a hundred thousand takes long.
    text = compiler.process(element.clause_expr, **more)
    beyond = f"{text} GLOB '*[^' || char(1) || '-' || char(127) || ']*'"
    return f"CASE WHEN {beyond} THEN {_NAME}{text} ELSE lower{text} END"


def prepare(connection: Any) -> None:
    """Have a connection to SQLite know all small letters."""
    connection.create_function(_NAME, 1, _lower, deterministic=True)


def has(column: ColumnElement[Any], text: str) -> ColumnElement[bool]:
    """Return the condition that a column holds a text, in whatever capitals.

    Args:
        column: one that is null holds none.
        text: what is sought, and no pattern.

    """
    small = text.lower()
    if text.isascii():
        return func.lower(column).contains(small, autoescape=True)
    # Which letters PostgreSQL knows, its locale says: as it is written, it is found anyhow.
    as_written = column.contains(text, autoescape=True)
    return or_(_Lower(column).contains(small, autoescape=True), as_written)


def _lower(text: str | None) -> str | None:
    return None if text is None else text.lower()
