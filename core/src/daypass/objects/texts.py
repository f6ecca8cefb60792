"""Paths in text: in XML and HTML, in GDAL's VRT, and in Markdown."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Collection, Sequence
from typing import Any

__all__ = ["sign_text"]

#: Whose files GDAL calls so.
_VSI = {"/vsis3/": "s3", "/vsigs/": "gs", "/vsiaz/": "az"}


def sign_text(
    text: str, protocols: Collection[str], urls: Callable[[Sequence[Any]], list[Any]]
) -> str:
    """Return a text with URLs in the place of its paths: where a value stands, and not in what is told of them.

    In XML and HTML that is the whole value of an attribute or an element, and in Markdown the target of a link. In a
    VRT, GDAL's own names of stores (``/vsis3/``) are paths as well, and URLs are written as GDAL reads them.

    >>> sign_text("see [map](s3://maps/a.tif)", ["s3"], lambda paths: ["https://e.example/"] * len(paths))
    'see [map](https://e.example/)'

    Args:
        text: the text.
        protocols: what paths begin with.
        urls: signs many paths.

    """
    names = "|".join(map(re.escape, sorted(protocols)))
    is_markup = text.lstrip().startswith("<")
    is_vrt = is_markup and "<VRTDataset" in text
    if is_markup:
        begin = f"(?:{names})://" + ("|" + "|".join(_VSI) if is_vrt else "")
        # A value in quotes or between tags, without the spaces around it.
        pattern = rf"(?:[>\"']\s*)((?:{begin})[^<>\"'\n]*?)(?=\s*[<\"'])"
    else:
        pattern = (
            rf"(?:(?<=\]\()|(?<=\]\(<)|(?<=\]: )|(?<=<))((?:{names})://[^\s<>)]+)(?=[\s<>)]|$)"
        )
    found = list(re.finditer(pattern, text))
    paths = [_path(html.unescape(match[1]) if is_markup else match[1]) for match in found]
    signed, end = [], 0
    for match, url in zip(found, urls(paths), strict=True):
        value = f"/vsicurl/{url}" if is_vrt else url
        signed += [text[end : match.start(1)], html.escape(value) if is_markup else value]
        end = match.end()
    return "".join([*signed, text[end:]])


def _path(value: str) -> str:
    for begin, protocol in _VSI.items():
        if value.startswith(begin):
            return f"{protocol}://{value.removeprefix(begin)}"
    return value
