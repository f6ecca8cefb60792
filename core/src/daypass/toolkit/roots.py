"""Which element a body of XML or HTML is, told by its beginning: whatever answers in a store's place is none that was asked for."""

from __future__ import annotations

import re

__all__ = ["root_of"]

#: An element's name (https://www.w3.org/TR/xml/#NT-Name, of ASCII), behind its prefix.
_ROOT = re.compile(rb"<(?:[A-Za-z][\w.-]*:)?([A-Za-z][\w.-]*)", re.ASCII)
#: Bytes in which a document's own element begins.
_BEGINNING = 4096


def root_of(body: bytes) -> str | None:
    """Return the name of the element that a body is, without reading the rest; None for any other.

    >>> root_of(b'<?xml version="1.0"?><!DOCTYPE html><html lang="en">log in</html>')
    'html'
    """
    rest = body[:_BEGINNING].removeprefix(b"\xef\xbb\xbf").lstrip()
    while rest.startswith((b"<?", b"<!")):
        rest = rest.partition(b"-->" if rest.startswith(b"<!--") else b">")[2].lstrip()
    found = _ROOT.match(rest)
    return None if found is None else found[1].decode()
