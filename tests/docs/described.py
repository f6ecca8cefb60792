"""What the ``pyproject.toml`` of a page in the documentation describes, as if pip had installed it."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterable
from importlib.metadata import Distribution, EntryPoint
from types import ModuleType
from typing import Any

from sybil import Example

__all__ = ["install"]


class _Described(Distribution):
    """A distribution that is nowhere but on the page."""

    def __init__(self, project: dict[str, Any]) -> None:
        fields = [
            ("Name", project["name"]),
            ("Version", project["version"]),
            ("Summary", project.get("description", "")),
            *(("Requires-Dist", needed) for needed in project["dependencies"]),
        ]
        lines = []
        for group, named in project["entry-points"].items():
            lines += [f"[{group}]", *(f"{name} = {value}" for name, value in named.items())]
        self._texts = {
            "METADATA": "\n".join(f"{name}: {text}" for name, text in fields),
            "entry_points.txt": "\n".join(lines),
        }

    def read_text(self, filename: str) -> str | None:
        return self._texts.get(filename)

    def locate_file(self, path: Any) -> Any:
        return path


def install(example: Example) -> None:
    """Let daypass find the entry points that a page names; a module named first here holds what the page has defined so far.

    What a page says in several places is of one project.
    """
    from daypass.backends import Registry, registry

    said = tomllib.loads(example.parsed).get("project", {})
    if "entry-points" not in said:
        return  # a configuration of daypass, say
    project = example.namespace.setdefault("its_project", {"entry-points": {}})
    known = project["entry-points"]
    for named in said["entry-points"].values():
        for value in set(named.values()).difference(*(group.values() for group in known.values())):
            sys.modules[value] = module = ModuleType(value)
            vars(module).update(example.namespace)
    project |= said | {"entry-points": known | said["entry-points"]}
    described = _Described(project)
    installed = Registry()._find

    def find(*, group: str) -> Iterable[EntryPoint]:
        return [*installed(group=group), *described.entry_points.select(group=group)]

    vars(registry).update(vars(Registry(find)))
