"""Docstrings of Google's style, taken apart and as Markdown."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator

_SECTION = re.compile(r"(Args|Raises|Returns|Yields|Example)::?")
_ENTRY = re.compile(r"(\*{0,2}[\w.]+): (.*)", re.DOTALL)
_TITLES = {"Args": "Arguments"}


def markdown(doc: str, *, without: str | None = None) -> str:
    """Return a docstring as Markdown, perhaps without one of its sections."""
    return "\n\n".join(
        part for title, body in _sections(doc) if title != without for part in _section(title, body)
    )


def arguments(doc: str) -> dict[str, str]:
    """Return what a docstring says of each argument."""
    return {
        name: said
        for title, body in _sections(doc)
        if title == "Args"
        for name, said in _entries(body)
    }


def in_a_line(text: str) -> str:
    """Return a text without its line breaks, and with code as Markdown has it."""
    return _code(" ".join(text.split()))


def _code(text: str) -> str:
    return re.sub(r"``(.+?)``", r"`\1`", text)


def _sections(doc: str) -> Iterator[tuple[str, str]]:
    """Yield the sections that say something; what stands before and between them has no title."""
    title, body = "", list[str]()
    for line in [*doc.splitlines(), "Returns:"]:
        begins = _SECTION.fullmatch(line)
        if begins or (title and line and line[0] != " "):
            if text := textwrap.dedent("\n".join(body)).strip():
                yield title, text
            title, body = (begins[1], []) if begins else ("", [line])
        else:
            body.append(line)


def _section(title: str, body: str) -> Iterator[str]:
    if not title:
        yield from _paragraphs(body)
    elif title == "Example":
        yield f"```py\n{body}\n```"
    elif title == "Returns":
        yield f"Returns: {in_a_line(body)}"
    else:
        lines = [f"* `{name}`: {in_a_line(said)}" for name, said in _entries(body)]
        yield "\n".join([f"{_TITLES.get(title, title)}:", "", *lines])


def _entries(body: str) -> Iterator[tuple[str, str]]:
    """Yield the entries of a section: a name, and what is said of it."""
    for entry in re.split(r"\n+(?! )", body):
        found = _ENTRY.fullmatch(entry)
        if found is None:
            msg = f"an entry of a docstring's section must be a name, a colon and words, not {entry!r}"
            raise ValueError(msg)
        yield found[1], found[2]


def _paragraphs(text: str) -> Iterator[str]:
    """Yield paragraphs, with sessions and literal blocks in fences that the tests of pages do not run again."""
    literal = False
    for block in re.split(r"\n\n(?! )|(?<=::)\n\n", text):
        if literal:
            yield f"```text\n{_code(textwrap.dedent(block))}\n```"
        elif block.startswith(">>>"):
            yield f"```pycon\n{block}\n```"
        elif block != "::":
            yield _code(block.removesuffix(":") if block.endswith("::") else block)
        literal = block.endswith("::")
