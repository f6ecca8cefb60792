"""A text without its escapes and its styling, as who reads it last sees it, and where each of its characters stood."""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import pairwise

__all__ = ["Layer", "layers", "unstyled"]

#: Percent-encoding (once, or several times), escapes of JSON, of printed text, of shells, Markdown and LaTeX, and HTML's references.
_ESCAPE = re.compile(
    r"""(?ix)
    %(?:25)*(?P<percent>[0-9a-f]{2}) | %u00(?P<old>[0-9a-f]{2})
    | \\(?<!\\\\)\\*+(?:u00(?P<json>[0-9a-f]{2}) | x(?P<hex>[0-9a-f]{2}) | (?P<sign>["'/bfnrtv%&_\#=?.*+-]))
    | \\PYZ(?P<latex>[a-z]{2})\{\}
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
#: What Pygments writes for signs that LaTeX takes for its own.
_LATEX = {
    "am": "&", "bs": "\\", "ca": "^", "cb": "}", "dl": "$", "dq": '"', "gt": ">", "hy": "-", "lt": "<", "ob": "{",
    "pc": "%", "sh": "#", "sq": "'", "ti": "~", "us": "_",
}  # fmt: skip
#: Others say nothing of where a name or a value begins or ends, and stay as they are.
_TOLD = frozenset(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    "-._~+=/:&;?#\"'<>[](){},\\%@ \t\r\n\b\f\v\x1b"
)
#: What changes how a text looks and none of its letters, so that it may stand in the midst of a name or a value: the
#: colours of a terminal, tags of HTML within a line, comments, signs without a width, and from one token of Pygments' LaTeX to the next.
_STYLE = re.compile(
    r"""(?ix)
    \x1b\[[0-9:;?]{0,40}[a-z]
    | </?(?:abbr|a|b|code|del|em|font|ins|i|kbd|mark|samp|small|span|strong|sub|sup|s|tt|u|var|wbr)(?:\s[^<>]{0,999})?/?>
    | <!--[^<>]{0,99}-->
    | [\u00ad\u200b-\u200d\u2060\ufeff] | \\(?<!\\\\)\\*+u(?:00ad|200[bcd]|2060|feff)
    | &(?:shy|zwj|zwnj|zerowidthspace|\#173|\#820[345]|\#xad|\#x200[bcd]);
    | \}\\PY\{[a-z0-9+]{1,20}\}\{
    """
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

    def pieces(self, begin: int, end: int) -> list[tuple[int, int]]:
        """Return where a piece of this text stood in the first one, without what was taken out of its midst."""
        return [self.origin(begin, end)]

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


class _Unstyled(Layer):
    """A text out of which styling was taken."""

    __slots__ = ()

    def __init__(self, below: Layer, cuts: list[tuple[int, int]]) -> None:
        edges = [0, *(edge for cut in cuts for edge in cut), len(below.text)]
        super().__init__(
            "".join(below.text[edges[at] : edges[at + 1]] for at in range(0, len(edges), 2)), below
        )
        gone = 0
        for begin, end in cuts:
            self._places.append(begin - gone)
            self._ends.append(end)
            gone += end - begin

    def pieces(self, begin: int, end: int) -> list[tuple[int, int]]:
        places = self._places
        within = places[bisect_right(places, begin) : bisect_right(places, end - 1)]
        edges = [begin, *dict.fromkeys(within), end]
        return [self.origin(*piece) for piece in pairwise(edges)]

    def _began(self, at: int) -> int:
        found = bisect_right(self._places, at) - 1
        return at if found < 0 else self._ends[found] + at - self._places[found]

    def _ended(self, at: int) -> int:
        return self._began(at - 1) + 1


def unstyled(layer: Layer) -> Layer | None:
    r"""Return a text without what only changes how it looks; None where nothing does.

    >>> unstyled(Layer("sig=\x1b[1ma<b>b</b>")).text
    'sig=ab'
    """
    cuts = [match.span() for match in _STYLE.finditer(layer.text)]
    return _Unstyled(layer, cuts) if cuts else None


def _char(match: re.Match[str]) -> str | None:
    kind, text = match.lastgroup, match[match.lastgroup or 0]
    if kind == "word":
        return _WORDS.get(text.lower())
    if kind == "latex":
        return _LATEX.get(text)
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
