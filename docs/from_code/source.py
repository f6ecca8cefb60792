"""Functions and classes as their source has them: signatures, fields with types, and the comments that describe them."""

from __future__ import annotations

import ast
import functools
import inspect
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs

Function = ast.FunctionDef | ast.AsyncFunctionDef


@attrs.frozen
class Field:
    """One field, property or attribute of a class."""

    name: str
    #: The type as it is written, with the default where one can be seen.
    type: str
    #: What the comment above it says, or the docstring of a property.
    said: str


def path_of(thing: Any) -> Path:
    """Return the file that a class or a function stands in."""
    return Path(inspect.getsourcefile(inspect.unwrap(thing)) or "")


def node_of(thing: Any) -> Any:
    """Return the place where a class or a function is written; of overloads the last, which does the work."""
    found: Any = _read(path_of(thing))[1]
    for name in inspect.unwrap(thing).__qualname__.split("."):
        found = [node for node in found.body if getattr(node, "name", None) == name][-1]
    return found


def signature(node: Function, path: Path) -> str:
    """Return the head of a function, line by line as it is written, without comments."""
    lines = _read(path)[0][node.lineno - 1 : node.body[0].lineno - 1]
    code = "\n".join(re.sub(r"\s+# .*$", "", line) for line in lines)
    kinds = [f"@{kind}\n" for kind in ("classmethod", "staticmethod") if _is(node, kind)]
    return "".join(kinds) + textwrap.dedent(code).strip().removesuffix(":")


def construction(kind: type, init: Function) -> str:
    """Return how a class is called."""
    found = signature(init, path_of(kind)).removesuffix(" -> None")
    return kind.__name__ + re.sub(r"^def __init__\((\n?)\s*self,[ \n]", r"(\1", found)


def methods(kind: type) -> Iterator[Function]:
    """Yield the methods of a class that are for users, in the order of the source."""
    for node in node_of(kind).body:
        named = isinstance(node, Function) and (node.name[0] != "_" or node.name == "__call__")
        if named and not _is(node, "property") and ast.get_docstring(node):
            yield node


def constructor(kind: type) -> Function | None:
    """Return the constructor that a class writes itself, if it does."""
    nodes = [node for node in node_of(kind).body if isinstance(node, Function)]
    return next((node for node in nodes if node.name == "__init__"), None)


def fields(kind: type) -> Iterator[Field]:
    """Yield what a class itself holds, in the order of the source."""
    lines = _read(path_of(kind))[0]
    for node in node_of(kind).body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield Field(node.target.id, _type(node), _comment(lines, node.lineno))
        elif isinstance(node, Function) and _is(node, "property"):
            first = (ast.get_docstring(node) or "").partition("\n\n")[0]
            yield Field(node.name, ast.unparse(node.returns) if node.returns else "", first)
        elif isinstance(node, Function) and node.name == "__init__":
            yield from _set_in(node, lines)


@functools.cache
def _read(path: Path) -> tuple[list[str], ast.Module]:
    text = path.read_text(encoding="utf-8")
    return text.splitlines(), ast.parse(text)


def _is(node: Function, kind: str) -> bool:
    """Tell a property, also a cached one, and a method of the class from other methods."""
    return any(ast.unparse(each).endswith(kind) for each in node.decorator_list)


def _type(node: ast.AnnAssign) -> str:
    """Return the type of a field, with its default where that is a plain value."""
    written = re.sub(r"^ClassVar\[(.*)\]$", r"\1", ast.unparse(node.annotation))
    given: ast.expr | None = node.value
    if isinstance(given, ast.Call):  # attrs.field(default=...)
        given = next((each.value for each in given.keywords if each.arg == "default"), None)
    default = f" = {given.value!r}" if isinstance(given, ast.Constant) else ""
    return f"{written}{default}".replace("'", '"')


def _set_in(init: Function, lines: list[str]) -> Iterator[Field]:
    """Yield the attributes that a constructor sets and a comment describes."""
    types = {
        each.arg: ast.unparse(each.annotation)
        for each in [*init.args.args, *init.args.kwonlyargs]
        if each.annotation
    }
    for node in init.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute):
            name = node.targets[0].attr
            if said := _comment(lines, node.lineno):
                yield Field(name, types.get(name, ""), said)


def _comment(lines: list[str], line: int) -> str:
    """Return what the comments of the kind ``#:`` above a line say."""
    found: list[str] = []
    for above in reversed(lines[: line - 1]):
        if not above.lstrip().startswith("#:"):
            break
        found.insert(0, above.lstrip()[2:].strip())
    return " ".join(found)
