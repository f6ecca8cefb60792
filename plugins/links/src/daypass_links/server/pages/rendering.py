"""From a template to an answer: escaped, in the reader's language, and under a policy that lets nothing of a stranger's run."""

from __future__ import annotations

import re
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from litestar import MediaType, Request, Response

from daypass_links.server.languages.words import words_for
from daypass_links.server.moments import away, left, shown, told
from daypass_links.server.pages.sizes import counted, sized

__all__ = ["FILES", "HEADERS", "Asked", "page", "rendered"]

Asked = Request[Any, Any, Any]

#: Nothing comes from elsewhere, nothing is inline, nobody frames the page, and no address of ours is told to others.
HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
    "x-robots-tag": "noindex",
}

#: What pages load besides themselves, by the name it has there.
FILES = {file.name: file.read_bytes() for file in Path(__file__).with_name("static").iterdir()}
#: Changes with them, so that a browser may keep them.
_VERSION = sha256(b"".join(FILES[name] for name in sorted(FILES))).hexdigest()[:12]


def _moment(text: str) -> int:
    """Return a moment that the API tells, in seconds since the epoch."""
    return int(datetime.fromisoformat(text).timestamp())


class _Exact(str):
    """A text that is not only for people to read: it is sent, or copied."""

    __slots__ = ()


def _plain(value: object) -> object:
    """Return what is shown: of a text, without what could turn the text around it, or hide a part of it.

    So it is for all that a template says, whosever words they are, but for what is `_Exact`.
    """
    if not isinstance(value, str) or isinstance(value, _Exact) or hasattr(value, "__html__"):
        return value
    return _HIDDEN.sub("\N{REPLACEMENT CHARACTER}", value)


#: What is not seen, and what turns the order of what is: controls, bidirectional marks, spaces without a width, tags, and halves of a pair, which are no text.
_HIDDEN = re.compile(
    "[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
#: So many characters of a path are shown where many are.
_LONG = 160


def _cut(text: str) -> str:
    """Return a path as a list shows it: of a long one the beginning and the end, by which people know it."""
    return text if len(text) <= _LONG else f"{text[: _LONG // 2]}…{text[1 - _LONG // 2 :]}"


_TEMPLATES = Environment(
    loader=PackageLoader("daypass_links.server.pages"),
    autoescape=True,
    undefined=StrictUndefined,
    finalize=_plain,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.filters.update(
    away=away,
    shown=shown,
    machine=told,
    moment=_moment,
    left=left,
    cut=_cut,
    exact=_Exact,
    sized=sized,
    counted=counted,
)
_TEMPLATES.globals.update(version=_VERSION)


def page(
    request: Asked, template: str, *, status: int = 200, visitor: Any = None, **values: Any
) -> Response[str]:
    """Return a page.

    Args:
        request: whose reader's language it is in.
        template: its file.
        status: of HTTP.
        visitor: who has signed in, if anybody.
        values: what the template names.

    """
    text, headers = rendered(
        request.headers.get("accept-language", ""), template, visitor=visitor, **values
    )
    return Response(text, status_code=status, media_type=MediaType.HTML, headers=headers)


def rendered(language: str, template: str, **values: Any) -> tuple[str, dict[str, str]]:
    """Return the text of a page, and its headers.

    Args:
        language: the header ``Accept-Language``.
        template: its file.
        values: what the template names.

    """
    words = words_for(language)
    text = _TEMPLATES.get_template(template).render(say=words, **values)
    said = {"content-language": words.language, "vary": "accept-language, cookie"}
    return text, {**HEADERS, **said}
