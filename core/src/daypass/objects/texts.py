"""Paths in text: in XML and HTML, in GDAL's VRT, and in Markdown."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, NamedTuple

__all__ = ["sign_text"]

#: Whose files GDAL calls so.
_VSI = {"/vsis3/": "s3", "/vsigs/": "gs", "/vsiaz/": "az"}
#: An attribute of a tag, by the characters that its name may have (HTML 13.1.2.3, and CommonMark 0.31, 6.6).
_VALUE = r"""\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s"'<>][^\s<>]*+)"""
_HTML_NAME, _MARKDOWN_NAME = r"""[^\s"'<>/=]++""", r"[A-Za-z_:][\w.:-]*+"
_TAG = r"<(?P<tag>/?[A-Za-z][A-Za-z0-9:.-]*+)(?P<attributes>(?:[\s/]++|{name}(?:{value})?+)*+)>"
_COMMENT = r"<!--.*?(?:-->|\Z)|<!\[CDATA\[.*?(?:\]\]>|\Z)|<[!?][^>]*+>"
_ATTRIBUTE = re.compile(
    rf"""(?P<name>{_HTML_NAME})\s*+=\s*+(?:"(?P<double>[^"]*+)"|'(?P<single>[^']*+)'|(?P<bare>[^\s"'<>][^\s<>]*+))"""
)
_MARKUP = re.compile(
    rf"{_COMMENT}|{_TAG.format(name=_HTML_NAME, value=_VALUE)}", re.DOTALL | re.IGNORECASE
)
#: Elements in which a tag is none, and a path a word of a program.
_RAW = ("script", "style")
#: Attributes with several addresses, each before what it is for.
_LISTS = ("srcset", "imagesrcset")
#: Code in Markdown: a block between fences, and a span that ends within its paragraph.
_CODE = (
    r"^[ \t>]*(?P<fence>`{3,}|~{3,})[^\n]*+(?:\n.*?)??(?:^[ \t>]*(?P=fence)[`~]*[ \t]*$|\Z)"
    r"|(?<!`)(?P<tick>`++)(?:[^`\n]|\n(?![ \t]*(?:\n|\Z))|(?!(?P=tick)(?!`))`++)++(?P=tick)(?!`)"
)
#: What a target of Markdown has a backslash before that is not its own.
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")


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
    is_markup = whole.startswith("<") and whole.endswith(">") and not re.match(rf"<{begin}", whole)
    if is_markup and "<VRTDataset" in text:
        places = [*_in_markup(text, f"(?:{begin}|{'|'.join(_VSI)})", _vsicurl)]
    else:
        places = [*(_in_markup if is_markup else _in_markdown)(text, begin)]
    signed, end = [], 0
    for place, url in zip(places, urls([place.path for place in places]), strict=True):
        signed += [text[end : place.start], place.write(url)]
        end = place.end
    return "".join([*signed, text[end:]])


def _in_markup(
    text: str, begin: str, write: Callable[[str], str] = html.escape
) -> Iterator[_Place]:
    """Give the paths in the values of attributes and elements."""
    content = re.compile(rf"\s*+(?P<path>{begin}[^\n]*[^\s])\s*")
    at = 0
    while found := _MARKUP.search(text, at):
        if at and (value := content.fullmatch(text, at, found.start())):
            yield _Place(*value.span("path"), _path(html.unescape(value["path"])), write)
        yield from _in_attributes(text, found, begin, write)
        at = found.end()
        if (found["tag"] or "").lower() in _RAW:
            closed = re.compile(rf"</{found['tag']}", re.IGNORECASE).search(text, at)
            at = closed.start() if closed else len(text)


def _in_attributes(
    text: str, tag: re.Match[str], begin: str, write: Callable[[str], str] = html.escape
) -> Iterator[_Place]:
    one = re.compile(rf"\s*+(?P<path>{begin}[^\n]*\S)\s*")
    each = re.compile(rf"(?<![^\s,\"'=]){begin}\S*[^\s,]")
    for found in _ATTRIBUTE.finditer(text, *tag.span("attributes")) if tag["tag"] else ():
        start, end = found.span(found.lastgroup or 0)
        if found["name"].lower() in _LISTS:
            spans = [value.span() for value in each.finditer(text, start, end)]
        else:
            value = one.fullmatch(text, start, end)
            spans = [value.span("path")] if value else []
        for first, last in spans:
            yield _Place(first, last, _path(html.unescape(text[first:last])), write)


def _in_markdown(text: str, begin: str) -> Iterator[_Place]:
    """Give the paths that links lead to, and those in attributes; code is none of either."""
    bare = rf"{begin}(?:[^\s()\\]|\\\S|\((?:[^\s()\\]|\\\S|\([^\s()]*\))*\))*"
    angled = rf"<(?P<{{}}>{begin}[^<>\n]*)>"
    pattern = re.compile(
        rf"{_CODE}|{_COMMENT}"
        rf"|\]\(\s*(?:{angled.format('inline_angled')}|(?P<inline>{bare})(?=[\s)]))"
        rf"|^[ \t>]*\[[^\]\n]*\]:[ \t]*(?:{angled.format('defined_angled')}|(?P<defined>{begin}[^\s<>]+))"
        rf"|<(?P<auto>{begin}[^\s<>]*)>"
        rf"|{_TAG.format(name=_MARKDOWN_NAME, value=_VALUE)}",
        re.DOTALL | re.MULTILINE,
    )
    for found in pattern.finditer(text):
        for name in ("inline", "defined", "inline_angled", "defined_angled", "auto"):
            if (value := found[name]) is not None:
                path = value if name == "auto" else _ESCAPED.sub(r"\1", value)
                write = str if name in ("inline_angled", "defined_angled", "auto") else _target
                yield _Place(*found.span(name), path, write)
        yield from _in_attributes(text, found, begin)


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
