"""A text without its escapes, as who reads it last sees it, and where each of its characters stood."""

from __future__ import annotations

import re
from bisect import bisect_right

__all__ = ["Layer", "layers"]

#: Percent-encoding (once, or several times), escapes of JSON and of printed text, and HTML's references.
_ESCAPE = re.compile(
    r"""(?ix)
    %(?:25)*(?P<percent>[0-9a-f]{2}) | %u00(?P<old>[0-9a-f]{2})
    | \\(?<!\\\\)\\*+(?:u00(?P<json>[0-9a-f]{2}) | x(?P<hex>[0-9a-f]{2}) | (?P<sign>["'/bfnrtv]))
    | &(?:amp;)*(?:\#x0{0,6}(?P<entity>[0-9a-f]{2});? | \#0{0,6}(?P<number>[0-9]{1,3});? | (?P<word>[a-z]{2,9});)
    """
)
_SIGNS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
#: HTML's words for what stands around names and values.
_WORDS = {
    "amp": "&", "apos": "'", "bsol": "\\", "colon": ":", "comma": ",", "commat": "@", "equals": "=", "gt": ">",
    "hyphen": "-", "lbrace": "{", "lbrack": "[", "lcub": "{", "lowbar": "_", "lpar": "(", "lsqb": "[", "lt": "<",
    "nbsp": " ", "newline": "\n", "num": "#", "percnt": "%", "period": ".", "plus": "+", "quest": "?", "quot": '"',
    "rbrace": "}", "rbrack": "]", "rcub": "}", "rpar": ")", "rsqb": "]", "semi": ";", "sol": "/", "tab": "\t",
}  # fmt: skip
#: Others say nothing of where a name or a value begins or ends, and stay as they are.
_TOLD = frozenset(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    "-._~+=/:&;?#\"'<>[](){},\\%@ \t\r\n\b\f\v"
)
#: How often ways to escape may alternate; one and the same may be repeated without end.
_DEEPEST = 8


class Layer:
    """A text from which one more way to escape was taken, over the one that it came from."""

    __slots__ = ("_begins", "_below", "_ends", "_places", "text")

    def __init__(self, text: str, below: Layer | None = None) -> None:
        self.text = text
        self._below = below
        #: Where a character stands that was escaped, and where the escape began and ended below.
        self._places: list[int] = []
        self._begins: list[int] = []
        self._ends: list[int] = []

    def origin(self, begin: int, end: int) -> tuple[int, int]:
        """Return where a piece of this text, which is not empty, stood in the first one."""
        layer = self
        while layer._below is not None:
            begin, end = layer._began(begin), layer._ended(end)
            layer = layer._below
        return begin, end

    def is_escaped(self, at: int) -> bool:
        """Tell whether a character was written as an escape."""
        begin, end = self.origin(at, at + 1)
        return end - begin > 1

    def _began(self, at: int) -> int:
        found = bisect_right(self._places, at) - 1
        if found < 0:
            return at
        past = at - self._places[found]
        return self._ends[found] + past - 1 if past else self._begins[found]

    def _ended(self, at: int) -> int:
        found = bisect_right(self._places, at - 1) - 1
        return at if found < 0 else self._ends[found] + at - 1 - self._places[found]

    def above(self) -> Layer | None:
        """Take one way to escape away; None where nothing is escaped."""
        pieces: list[str] = []
        begins: list[int] = []
        ends: list[int] = []
        done = 0
        for match in _ESCAPE.finditer(self.text):
            char = _char(match)
            if char is None:
                continue
            begin, end = match.span()
            pieces += (self.text[done:begin], char)
            begins.append(begin)
            ends.append(end)
            done = end
        if not begins:
            return None
        found = Layer("".join([*pieces, self.text[done:]]), self)
        found._begins, found._ends = begins, ends
        gone = 0  # characters that are not in the new text
        for begin, end in zip(begins, ends, strict=True):
            found._places.append(begin - gone)
            gone += end - begin - 1
        return found


def _char(match: re.Match[str]) -> str | None:
    kind, text = match.lastgroup, match[match.lastgroup or 0]
    if kind == "word":
        return _WORDS.get(text.lower())
    if kind == "sign":
        return _SIGNS.get(text.lower(), text)
    char = chr(int(text, 10 if kind == "number" else 16))
    return char if char in _TOLD else None


def layers(text: str) -> list[Layer]:
    r"""Return a text as it is, and without its escapes, one way after the other, until none is left.

    >>> [layer.text for layer in layers(r"\u0026amp;sig%253Dab")]
    ['\\u0026amp;sig%253Dab', '&amp;sig=ab', '&sig=ab']
    """
    found = [Layer(text)]
    while len(found) <= _DEEPEST and (above := found[-1].above()) is not None:
        found.append(above)
    return found
