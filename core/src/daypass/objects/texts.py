"""Paths in text: in XML and HTML, in GDAL's VRT, and in Markdown."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

__all__ = ["sign_text"]

#: Whose files GDAL calls so.
_VSI = {"/vsis3/": "s3", "/vsigs/": "gs", "/vsiaz/": "az"}
#: Tags and their attributes (HTML 13.1.2), by the characters that an attribute's name may have; CommonMark 0.31, 6.6 has fewer.
_HTML_NAME, _MARKDOWN_NAME = r"""[^\s"'<>/=]++""", r"[A-Za-z_:][\w.:-]*+"
_VALUE = r"""\s*+=\s*+(?P<value>"[^"]*+"|'[^']*+'|[^\s"'<>][^\s<>]*+)"""
_ATTRIBUTE = re.compile(f"(?P<name>{_HTML_NAME}){_VALUE}")
_TAG = r"<(?P<tag>/?[A-Za-z][A-Za-z0-9:.-]*+)(?P<attributes>(?:[\s/]++|{name}(?:{value})?+)*+)>"
_COMMENT = r"<!--.*?(?:-->|\Z)|<!\[CDATA\[.*?(?:\]\]>|\Z)|<[!?](?:[^<>]|<(?![!?]))*+>"
_MARKUP = re.compile(f"{_COMMENT}|{_TAG.format(name=_HTML_NAME, value=_VALUE)}", re.DOTALL)
#: Elements in which a tag is none, and a path a word of a program.
_RAW = ("script", "style")
#: Attributes with several addresses, each before what it is for.
_LISTS = ("srcset", "imagesrcset")
#: Characters that have a backslash before them in Markdown, so that they mean nothing.
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
#: Code in Markdown: a block between fences, and a span that ends within its paragraph.
_CODE = (
    r"^[ \t>]*(?P<fence>`{3,}|~{3,})[^\n]*+(?:\n.*?)??(?:^[ \t>]*(?P=fence)[`~]*[ \t]*$|\Z)"
    r"|(?<!`)(?P<tick>`++)(?:[^`\n]|\n(?![ \t]*(?:\n|\Z))|(?!(?P=tick)(?!`))`++)++(?P=tick)(?!`)"
)
#: From where to where something stands in a text.
_Span = tuple[int, int]


class _Place(NamedTuple):
    """Where a path stands in a text, which one it is, and how a URL is written there."""

    start: int
    end: int
    path: str
    write: Callable[[str], str]


def sign_text(
    text: str, protocols: Collection[str], urls: Callable[[Sequence[Any]], list[Any]]
) -> str:
    """Return a text with URLs in the place of its paths: where a value stands, and not in what is told of them.

    In XML and HTML that is the whole value of an attribute or an element, and in Markdown the target of a link, and the value
    of an attribute in the HTML that stands there. Programs, style sheets, comments and code are told. In a
    VRT, GDAL's own names of stores (``/vsis3/``) are paths as well, and URLs are written as GDAL reads them.

    >>> sign_text("see [map](s3://maps/a.tif)", ["s3"], lambda paths: ["https://e.example/"] * len(paths))
    'see [map](https://e.example/)'

    Args:
        text: the text.
        protocols: what paths begin with.
        urls: signs many paths.

    """
    begin = f"(?:{'|'.join(map(re.escape, sorted(protocols)))})://"
    whole = text.strip()
    if not (whole.startswith("<") and whole.endswith(">")) or re.match(f"<{begin}", whole):
        places = [*_in_markdown(text, begin)]
    elif "<VRTDataset" in text:
        begin = f"(?:{begin}|{'|'.join(_VSI)})"
        places = [*_written(text, _in_markup(text, begin), _vsicurl)]
    else:
        places = [*_written(text, _in_markup(text, begin))]
    signed, end = [], 0
    for place, url in zip(places, urls([place.path for place in places]), strict=True):
        signed += [text[end : place.start], place.write(url)]
        end = place.end
    return "".join([*signed, text[end:]])


def _written(
    text: str, spans: Iterable[_Span], write: Callable[[str], str] = html.escape
) -> Iterator[_Place]:
    """Give the places of paths that are written as HTML writes them."""
    for start, end in spans:
        yield _Place(start, end, _path(html.unescape(text[start:end])), write)


def _in_markup(text: str, begin: str) -> Iterator[_Span]:
    """Give where the paths are that are the values of attributes and elements."""
    for before, tag in _found(_MARKUP, text):
        yield from _whole(text, (before, tag.start()), begin)
        yield from _in_attributes(tag, begin)


def _found(pattern: re.Pattern[str], text: str) -> Iterator[tuple[int, re.Match[str]]]:
    """Give what a pattern finds, each after the end of what stood before it: nothing in programs and style sheets."""
    at = 0
    while found := pattern.search(text, at):
        yield at, found
        at = found.end()
        if (found["tag"] or "").lower() in _RAW:
            closed = re.compile(f"</{found['tag']}", re.IGNORECASE).search(text, at)
            at = closed.start() if closed else len(text)


def _in_attributes(tag: re.Match[str], begin: str) -> Iterator[_Span]:
    """Give where the paths are in a tag; what is none has no attributes, and their span is empty."""
    for found in _ATTRIBUTE.finditer(tag.string, *tag.span("attributes")):
        start, end = found.span("value")
        if found["value"][0] in "\"'":
            start, end = start + 1, end - 1
        if found["name"].lower() in _LISTS:
            each = re.compile(rf"(?<![^\s,\"'=]){begin}\S*[^\s,]")
            yield from (one.span() for one in each.finditer(tag.string, start, end))
        else:
            yield from _whole(tag.string, (start, end), begin)


def _whole(text: str, span: _Span, begin: str) -> Iterator[_Span]:
    """Give where a path is that is all of a value, but for the spaces around it."""
    if found := re.compile(rf"\s*+({begin}[^\n]*\S)\s*").fullmatch(text, *span):
        yield found.span(1)


def _in_markdown(text: str, begin: str) -> Iterator[_Place]:
    """Give the paths that links lead to, and those in attributes; code is none of either."""
    bare = rf"{begin}(?:[^\s()\\]|\\\S|\((?:[^\s()\\]|\\\S|\([^\s()]*\))*\))*"
    inline, defined = r"\]\(\s*", r"^[ \t>]*\[[^\]\n]*\]:[ \t]*"
    pattern = re.compile(
        rf"{_ESCAPED.pattern}|{_CODE}|{_COMMENT}"
        rf"|{inline}(?P<inline>{bare})(?=[\s)])|{defined}(?P<defined>{begin}[^\s<>]+)"
        rf"|(?:{inline}|{defined})<(?P<angled>{begin}[^<>\n]*)>|<(?P<auto>{begin}[^\s<>]*)>"
        rf"|{_TAG.format(name=_MARKDOWN_NAME, value=_VALUE)}",
        re.DOTALL | re.MULTILINE,
    )
    for _, found in _found(pattern, text):
        yield from _written(text, _in_attributes(found, begin))
        kind = found.lastgroup
        if kind in ("inline", "defined"):
            yield _Place(*found.span(kind), _ESCAPED.sub(r"\1", found[kind]), _target)
        elif kind == "angled":
            yield _Place(*found.span(kind), _ESCAPED.sub(r"\1", found[kind]), str)
        elif kind == "auto":
            yield _Place(*found.span(kind), found[kind], str)


def _target(url: str) -> str:
    """Write a URL as the target of a link in Markdown, which a parenthesis would end."""
    return f"<{url}>" if set("()").intersection(url) else url


def _vsicurl(url: str) -> str:
    return html.escape(f"/vsicurl/{url}")


def _path(value: str) -> str:
    for begin, protocol in _VSI.items():
        if value.startswith(begin):
            return f"{protocol}://{value.removeprefix(begin)}"
    return value
