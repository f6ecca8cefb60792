"""Import what a package imports, to the last function, and print in JSON what is missing and for whom.

    python imports.py PACKAGE

It needs nothing but Python, and a process of its own: what SDKs do when they are imported, they do to all of it.
"""

from __future__ import annotations

import ast
import importlib
import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from importlib.util import find_spec, resolve_name
from pathlib import Path


def modules(package: str) -> Iterator[tuple[str, Path]]:
    """Find all modules of a package, those too that nothing imports."""
    root = Path(find_spec(package).origin).parent
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root.parent).with_suffix("").parts
        yield ".".join(part for part in parts if part != "__init__"), path


def imports(path: Path, package: str) -> Iterator[tuple[str, list[str]]]:
    """Read what a module imports and from where: in functions, and for type checkers, too."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, []) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            name = resolve_name("." * node.level + (node.module or ""), package)
            yield name, [alias.name for alias in node.names]


def take(name: str, attributes: list[str]) -> None:
    """Do what an import statement does."""
    module = importlib.import_module(name)
    for attribute in attributes:
        if not hasattr(module, attribute):
            importlib.import_module(f"{name}.{attribute}")


def missing(package: str) -> dict[str, list[str]]:
    """Return who wants what is not there: the modules by the name of what is missing."""
    found = defaultdict(set)
    for module, path in modules(package):
        # Those are programs: one of their own, and one of alembic's.
        itself = [] if path.name in ("__main__.py", "env.py") else [(module, [])]
        for name, attributes in [*itself, *imports(path, module.rpartition(".")[0])]:
            try:
                take(name, attributes)
            except ImportError as error:
                found[error.name or name].add(module)
    return {name: sorted(wanting) for name, wanting in found.items()}


if __name__ == "__main__":
    json.dump(missing(sys.argv[1]), sys.stdout)
