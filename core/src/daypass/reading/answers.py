"""What a store, or something in front of it, answered: read without trusting it, whatever it is."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any, Literal

from daypass.errors import InvalidRequestError
from daypass.hookspecs.error_body import ErrorBody

__all__ = ["parse_error"]

#: Bytes. Stores answer with a few hundred.
_LONGEST_BODY = 1 << 20
_LONGEST_TEXT = 10_000
#: Nested JSON is searched so deep: errors are two or three deep.
_DEEPEST = 4
#: A status line and headers, as ``curl -i`` writes them in front of the body.
_STATUS = re.compile(r"HTTP/[0-9.]{1,5} ([0-9]{3})(?: [^\r\n]*)?\r?\n")
_HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,200}):[ \t]*([^\r\n]{0,9999})\r?\n")
_END_OF_HEAD = re.compile(r"\r?\n|$")
_HTML = re.compile(r"(?i)\s*(?:<!doctype html|<html[\s>])")
_TITLE = re.compile(r"(?is)<title[^>]{0,200}>(.{0,2000}?)</title>")
_TAG = re.compile(r"(?s)<(?:script|style)\b.{0,20000}?</(?:script|style)>|<[^<>]{0,2000}>")


def parse_error(answer: str | bytes) -> ErrorBody:
    """Read an answer: its body, with status line and headers in front where the caller has them.

    Raises:
        InvalidRequestError: for what is no text or bytes, and for more bytes than an error has.

    """
    if not isinstance(answer, (str, bytes)):
        msg = f"error must be the text or bytes of a store's answer, not {type(answer).__name__}"
        raise InvalidRequestError(msg, option="error")
    if len(answer) > _LONGEST_BODY:
        msg = f"error has more than {_LONGEST_BODY} bytes, which no store's error has: is it the object itself?"
        raise InvalidRequestError(msg, option="error")
    head = answer if isinstance(answer, str) else answer.decode("utf-8", "replace")
    status, headers, begin = _head(head)
    if begin:
        answer = head[begin:]
    kind, details = _body(answer)
    return ErrorBody(
        code=details.pop("Code", ""),
        message=details.pop("Message", ""),
        details=details,
        status=status,
        headers=headers,
        kind=kind,
    )


def _head(text: str) -> tuple[int | None, dict[str, str], int]:
    """Return status, headers and where the body begins; of several heads (a proxy's first) the last."""
    status, headers, begin = None, dict[str, str](), 0
    while match := _STATUS.match(text, begin):
        status, headers = int(match[1]), {}
        begin = match.end()
        while line := _HEADER.match(text, begin):
            headers.setdefault(line[1].lower(), line[2].strip())
            begin = line.end()
        if (end := _END_OF_HEAD.match(text, begin)) is None:
            break
        begin = end.end()
    return status, headers, begin


_Kind = Literal["xml", "json", "html", "text", "empty"]


def _body(answer: str | bytes) -> tuple[_Kind, dict[str, str]]:
    """Tell what a body is, and return what it says by name."""
    body = answer.lstrip("\ufeff \t\r\n") if isinstance(answer, str) else answer.lstrip(b" \t\r\n")
    if not body:
        return "empty", {}
    text = body if isinstance(body, str) else body.decode("utf-8", "replace")
    text = text.lstrip("\ufeff")
    if _HTML.match(text):
        return "html", {"Message": _words(text)}
    if text.startswith(("{", "[")) and (found := _json(text)) is not None:
        return "json", found
    if (found := _xml(body)) is not None:
        return "xml", found
    return "text", {"Message": _cut(text)}


def _cut(text: str) -> str:
    return " ".join(text[:_LONGEST_TEXT].split())


def _words(text: str) -> str:
    """Return what a page says: its title, or else its text."""
    title = _TITLE.search(text)
    return _cut(unescape(title[1] if title and title[1].strip() else _TAG.sub(" ", text)))


def _xml(body: str | bytes) -> dict[str, str] | None:
    """Return all elements that hold text, the first of each name; None for what is no XML."""
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import ParseError, fromstring

    try:
        root = fromstring(body, forbid_dtd=True)
    except DefusedXmlException:
        return {"Message": "it holds a document type, where entities may hide, and is not read"}
    except (ParseError, ValueError, LookupError):
        return None
    details: dict[str, str] = {}
    for element in root.iter():
        name = str(element.tag).rpartition("}")[2]  # without a namespace
        if element.text and element.text.strip():
            details.setdefault(name, element.text.strip()[:_LONGEST_TEXT])
    return details


def _json(text: str) -> dict[str, str] | None:
    """Return code and message of an error in JSON, wherever they stand in it; None for what is no JSON."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    details: dict[str, str] = {}
    _gather(found, details, _DEEPEST)
    for name, others in (
        ("Code", ("reason", "code", "error", "__type")),
        ("Message", ("message",)),
    ):
        said = [details[other] for other in others if other in details]
        # A number is the status again.
        if word := next((one for one in said if not one.isdecimal()), None):
            details[name] = word
    return details


def _gather(value: Any, details: dict[str, str], deep: int) -> None:
    if isinstance(value, dict):
        for name, item in value.items():
            if isinstance(item, (str, int)):
                details.setdefault(str(name)[:200], str(item)[:_LONGEST_TEXT])
        inner = list(value.values())
    else:
        inner = value if isinstance(value, list) else []
    if deep:
        for item in inner[:100]:
            _gather(item, details, deep - 1)
