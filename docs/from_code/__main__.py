"""Write what the reference says of the code into its pages, from the code itself: ``python docs/from_code``.

Between ``<!-- from the code: NAMES -->`` and ``<!-- end -->`` a page holds what is made here of each name. Whatever else it
says is left alone. A name is that of a function, a class or a module; or a member that a page leaves out, behind a minus
sign; or the module here that makes tables. What belongs to the tests is shown whole. The pages read the same in the
repository and built: Sphinx only sets them.
"""

from __future__ import annotations

import importlib
import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import capabilities
import docstrings
import options_table
import settings_table
import source

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT))  # for what pages show of the tests
PAGES = sorted((ROOT / "docs").glob("*/*.md"))

_REGION = re.compile(r"(<!-- from the code:([^>]*?)-->\n).*?(<!-- end -->)", re.DOTALL)
#: A page that says more than this at once begins with an overview, and so does a class with so many more methods.
_FEW, _FEW_METHODS = 2, 5
_TABLES = {
    "capabilities": capabilities.tables,
    "options_table": options_table.tables,
    "settings_table": settings_table.tables,
}


def current(page: str) -> str:
    """Return the text of a page as the code is now."""
    return _REGION.sub(lambda found: f"{found[1]}{_region(found[2].split())}{found[3]}", page)


def _region(names: list[str]) -> str:
    without = {name[1:] for name in names if name[0] == "-"}
    told = [name for name in names if name[0] != "-"]
    overview = ["\n".join(map(_in_a_line, told))] if len(told) > _FEW else []
    said = "\n\n".join([*overview, *(_told(name, without) for name in told)])
    # Examples stay as the docstrings have them, whose code no formatter touches.
    return f"<!-- fmt: off -->\n\n{said}\n\n<!-- fmt: on -->\n"


def _in_a_line(name: str) -> str:
    """Say in a line what there is below, and link it."""
    thing, title = _found(name), name.removeprefix("daypass.")
    return _linked(title, _heading(title, thing), inspect.getdoc(thing) or "")


def _linked(title: str, heading: str, doc: str) -> str:
    anchor = re.sub(r"[`.]", "", heading).replace(" ", "-").lower()
    first = docstrings.in_a_line(doc.partition("\n\n")[0])
    return f"* [`{title}`](#{anchor}): {first}"


def _heading(title: str, thing: Any) -> str:
    """Return a heading of its own: a page on policies has a heading of that name already."""
    return f"class `{title}`" if inspect.isclass(thing) else f"`{title}`"


def _told(name: str, without: set[str]) -> str:
    """Say all of one name."""
    if name in _TABLES:
        return _TABLES[name]()
    thing = _found(name)
    if name.startswith("tests."):
        return f"```py\n{inspect.getsource(thing)}```"
    if isinstance(thing, ModuleType):
        parts = [
            docstrings.markdown(inspect.getdoc(thing) or ""),
            f"All of it stands in {_file(thing)}.",
        ]
        given = [getattr(thing, each) for each in thing.__all__]
        given.sort(key=lambda each: source.node_of(each).lineno)
        return "\n\n".join([*parts, *(_section(each.__name__, each, without) for each in given)])
    if hasattr(thing, "daypass_spec"):  # the page has its heading
        return f"{_function(thing)}\n\nFrom {_file(thing)}."
    return f"{_section(name.removeprefix('daypass.'), thing, without)}\n\nFrom {_file(thing)}."


def _found(name: str) -> Any:
    """Return what a dotted name means."""
    home, _, last = name.rpartition(".")
    if home and hasattr(found := _found(home), last):
        return getattr(found, last)
    return importlib.import_module(name)


def _file(thing: Any) -> str:
    """Link the file that holds it."""
    path = Path(thing.__file__ or "") if isinstance(thing, ModuleType) else source.path_of(thing)
    inside = path.relative_to(ROOT).as_posix()
    return f"[{inside}](../../{inside})"


def _section(name: str, thing: Any, without: set[str]) -> str:
    said = "\n\n".join(_class(thing, without)) if inspect.isclass(thing) else _function(thing)
    return f"### {_heading(name, thing)}\n\n{said}"


def _function(function: Any) -> str:
    head = source.signature(source.node_of(function), source.path_of(function))
    return f"```py\n{head}\n```\n\n{docstrings.markdown(inspect.getdoc(function) or '')}"


def _class(kind: type, without: set[str]) -> Iterator[str]:
    """Yield what a class is, what it holds and what it does."""
    error = issubclass(kind, BaseException)
    bases = [base for base in kind.__bases__ if base is not object]
    if named := [f"`{base.__name__}`" for base in bases if error or not _is_ours(base)]:
        yield f"A kind of {' and '.join(named)}."
    if (init := source.constructor(kind)) and not error:
        yield f"```py\n{source.construction(kind, init)}\n```"
    doc = inspect.getdoc(kind) or ""
    explained = docstrings.arguments(doc)
    fields = _fields(kind, without)
    in_table = explained.keys() <= fields.keys()
    yield docstrings.markdown(doc, without="Args" if in_table else None)
    if fields:
        rows = [
            f"| `{name}` | {_cell(f'`{each.type}`' if each.type else '')} | {_cell(each.said or explained.get(name, ''))} |"
            for name, each in fields.items()
        ]
        yield "\n".join(["| holds | type | |", "|---|---|---|", *rows])
    methods = {
        f"{kind.__name__}.{method.name}": (method, inspect.getdoc(getattr(kind, method.name)) or "")
        for method in source.methods(kind)
        if method.name not in without
    }
    if len(methods) > _FEW_METHODS:
        yield "\n".join(_linked(name, name, doc) for name, (_, doc) in methods.items())
    for name, (method, doc) in methods.items():
        head = source.signature(method, source.path_of(kind))
        yield f"#### `{name}`\n\n```py\n{head}\n```\n\n{docstrings.markdown(doc)}"


def _fields(kind: type, without: set[str]) -> dict[str, source.Field]:
    """Return what a class holds, its own first. What every error has is said once, of the root of their tree."""
    error = issubclass(kind, BaseException)
    holders = [kind] if error else [base for base in kind.__mro__ if _is_ours(base)]
    held: dict[str, source.Field] = {}
    for field in (each for holder in holders for each in source.fields(holder)):
        if field.name[0] != "_" and field.name not in without:
            held.setdefault(field.name, field)
    return held


def _is_ours(kind: type) -> bool:
    return kind.__module__.startswith("daypass")


def _cell(text: str) -> str:
    return docstrings.in_a_line(text).replace("|", "\\|")


def main() -> None:
    """Write the pages that are not current."""
    for page in PAGES:
        old = page.read_text(encoding="utf-8")
        if (new := current(old)) != old:
            page.write_text(new, encoding="utf-8")
            sys.stdout.write(f"{page.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
