"""Which media types a browser runs in the name of the host that it got them from."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from daypass.policy.patterns import Pattern, text_pattern

__all__ = ["allows", "is_run", "kind_of"]

_WORD = r"[A-Za-z0-9!#$&^_.+-]+"
#: RFC 9110, without what browsers read in ways of their own: a comma, of several types the last counts
#: (https://fetch.spec.whatwg.org/#concept-header-extract-mime-type); and ``*/*``, which they take for none.
_MEDIA_TYPE = re.compile(rf'({_WORD}/{_WORD})(?: ?; ?{_WORD}=(?:{_WORD}|"[^",;\\]*"))*')
#: HTML, XML of any kind, since an element of XHTML or SVG holds scripts (RFC 7303, and text/rdf, which Gecko loads as XML), and
#: what is made of several documents; and
#: https://mimesniff.spec.whatwg.org/#mime-type-sniffing-algorithm, for which a browser looks into the text.
_RUN = re.compile(
    r"text/(?:html|x-html|xsl|rdf|vnd\.wap\.wml)|application/(?:xslt|hta|unknown|x-view-source)|unknown/unknown"
    r"|(?:text|application)/(?:x-www-)?xml(?:-.*)?|[^/]+/[^/]+\+xml|multipart/.*|message/rfc822"
)
#: Patterns that stand for every type, also one that is not known.
_EVERY = ("*/*", "**")


def kind_of(text: str) -> str | None:
    """Return a media type in lower case without parameters; None for what a browser would not read as one.

    >>> kind_of("Text/HTML; charset=utf-8"), kind_of("text/plain, text/html")
    ('text/html', None)
    """
    found = _MEDIA_TYPE.fullmatch(text)
    return None if found is None else found[1].lower()


def is_run(text: str | None) -> bool:
    """Tell whether a browser runs what has the type, or may, since the type is not known.

    >>> is_run("image/svg+xml"), is_run("image/png"), is_run(None)
    (True, False, True)
    """
    kind = None if text is None else kind_of(text)
    return kind is None or _RUN.fullmatch(kind) is not None


def allows(patterns: Iterable[str], text: str | None, *, whole: bool) -> bool:
    """Tell whether one of the patterns is for a media type: no wildcard stands for one that browsers run.

    >>> allows(["image/*"], "image/png", whole=True), allows(["image/*"], "image/svg+xml", whole=True)
    (True, False)

    Args:
        patterns: such as ``image/*``; ``*/*`` alone is for every type, also one that is not known.
        text: the type; None where it is not known.
        whole: whether the parameters must match too.

    """
    kind = None if text is None else kind_of(text)
    compared = text if whole else kind
    data = not is_run(text)
    for pattern in map(_pattern, patterns):
        if pattern.text in _EVERY:
            return True
        if not compared or not pattern.matches(compared):
            continue
        if data or pattern.start.lower().startswith(kind or compared.lower()):
            return True
    return False


@lru_cache(maxsize=256)
def _pattern(text: str) -> Pattern:
    return text_pattern(text, "content_types")
