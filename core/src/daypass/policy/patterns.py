"""The one glob syntax of the policy: matched against exact text, in time that no text can blow up."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum
from itertools import takewhile

import attrs

from daypass.errors import InvalidRequestError

__all__ = ["Pattern", "odd_segments", "path_pattern", "text_pattern"]


class _Wild(Enum):
    """What stands for other characters."""

    ONE = "?"
    SEGMENT = "*"
    ALL = "**"


#: Segments that lead elsewhere.
_DOTS = (".", "..")
_Token = str | _Wild
_PROTOCOL = re.compile(r"([a-z][a-z0-9+._-]*|\*)://")


def odd_segments(text: str) -> int:
    """Count the segments of a path that clients or stores take out: ``.``, ``..`` and empty ones in the middle.

    >>> odd_segments("maps/a/../b"), odd_segments("maps//b/"), odd_segments("maps/.a/b/")
    (1, 1, 0)
    """
    if "//" not in text and "/." not in text and not text.startswith("."):
        return 0
    first, *middle = text.split("/")
    last = middle.pop() if middle else ""
    return sum(part in ("", ".", "..") for part in middle) + (first in _DOTS) + (last in _DOTS)


def _tokens(text: str, option: str) -> list[_Token]:
    """Read a pattern: single characters, and what stands for others."""
    found: list[_Token] = []
    place = 0
    while place < len(text):
        match = re.compile(r"\\(.?)|\*+|.", re.DOTALL).match(text, place)
        assert match is not None  # noqa: S101 - the last alternative matches anything
        part = match[0]
        place = match.end()
        if part == "\\":
            msg = f"{option} {text[:60]!r} ends in a backslash, which takes the next character as it is: write two for one"
            raise InvalidRequestError(msg, option=option)
        if part.startswith("\\"):
            found.append(match[1])
        elif part in ("*", "**", "?"):
            found.append(_Wild(part))
        elif part.startswith("*"):
            msg = f"{option} {text[:60]!r} holds {part}: * stands for characters other than /, ** for any"
            raise InvalidRequestError(msg, option=option)
        else:
            found.append(part)
    return found


def _split(tokens: list[_Token], at: _Wild) -> list[list[_Token]]:
    pieces: list[list[_Token]] = [[]]
    for token in tokens:
        if token is at:
            pieces.append([])
        else:
            pieces[-1].append(token)
    return pieces


def _fixed(tokens: list[_Token]) -> str:
    """Return the regular expression of characters and ``?``."""
    return "".join("[^/]" if token is _Wild.ONE else re.escape(str(token)) for token in tokens)


def _somewhere(first: list[_Token], chunks: list[list[_Token]]) -> str:
    """Return what looks for the beginning of a block: anywhere, or once in a segment where more has to follow in it."""
    return f"(?:[^/]*+/)*?(?>[^/]*?{_fixed(first)})" if chunks else f".*?{_fixed(first)}"


def _regex(tokens: list[_Token]) -> str:
    """Return the regular expression of a pattern.

    What follows a wildcard is taken at the first place where it fits, and never looked for again
    (atomic groups): where a later place would do, the first one does. Only what follows the last
    wildcard is bound to the end. And as ``*`` stays in its segment, of all the places in one segment where a block
    may begin the first one does too: the next is looked for in the next segment. So the time grows
    as the text does.
    """
    *blocks, last = [_split(block, _Wild.SEGMENT) for block in _split(tokens, _Wild.ALL)]
    whole = ""
    for number, (first, *chunks) in enumerate(blocks):
        block = "".join(f"(?>[^/]*?{_fixed(chunk)})" for chunk in chunks)
        whole += f"(?>{_somewhere(first, chunks)}{block})" if number else _fixed(first) + block
    first, *chunks = last
    if blocks:
        whole += _somewhere(first, chunks) if chunks else f".*{_fixed(first)}"
    else:
        whole += _fixed(first)
    whole += "".join(f"(?>[^/]*?{_fixed(chunk)})" for chunk in chunks[:-1])
    return whole + (f"[^/]*{_fixed(chunks[-1])}" if chunks else "")


@attrs.frozen
class Pattern:
    r"""A glob: ``*`` is any characters but ``/``, ``**`` any characters, ``?`` one character but ``/``.

    A backslash takes the next character as it is. Every other character stands for itself: nothing
    is decoded, folded or made shorter, neither here nor in the text. In a rule that allows, no
    wildcard stands for a ``.``, a ``..`` or an empty segment of a path.

    >>> pattern = text_pattern("maps/*/**", "paths")
    >>> pattern.matches("maps/2026/a/b"), pattern.matches("maps/2026")
    (True, False)
    """

    #: The pattern as it was written.
    text: str
    #: The protocol that a path must have; None for any.
    protocol: str | None
    #: What the text after the protocol must match, as a regular expression.
    regex: str
    _tokens: tuple[_Token, ...] = attrs.field(repr=False)
    #: With what every text begins that matches.
    start: str = attrs.field(init=False, repr=False, eq=False)
    #: How many segments it spells out that clients or stores take out.
    odd: int = attrs.field(init=False, repr=False, eq=False)
    _match: Callable[[str], object] = attrs.field(init=False, repr=False, eq=False)

    @start.default
    def _fixed_start(self) -> str:
        return "".join(takewhile(lambda token: isinstance(token, str), self._tokens))  # type: ignore[arg-type]

    @odd.default
    def _count_odd(self) -> int:
        # A wildcard makes a segment none of these, whatever it is written beside.
        return odd_segments("".join(t if isinstance(t, str) else "*" for t in self._tokens))

    @_match.default
    def _compile(self) -> Callable[[str], object]:
        return re.compile(self.regex, re.DOTALL).fullmatch

    def matches(self, text: str) -> bool:
        """Tell whether the pattern matches the whole text."""
        return self._match(text) is not None

    def spells(self, text: str) -> bool:
        """Tell whether the pattern matches, and no wildcard stands for a segment that is taken out.

        Clients take out ``.`` and ``..``, MinIO a slash too many, so that the link would reach another key.
        """
        return self.matches(text) and odd_segments(text) == self.odd

    def covers(self, prefix: str) -> bool:
        """Tell whether the pattern matches every text that begins with ``prefix``."""
        return bool(self._tokens) and self._tokens[-1] is _Wild.ALL and self.matches(prefix)

    def touches(self, prefix: str) -> bool:
        """Tell whether the pattern matches any text that begins with ``prefix``."""
        states = self._skip({0})
        for char in prefix:
            moved = set()
            for state in states:
                token = self._tokens[state] if state < len(self._tokens) else ""
                if token is _Wild.ALL or (token is _Wild.SEGMENT and char != "/"):
                    moved.add(state)
                elif token == char or (token is _Wild.ONE and char != "/"):
                    moved.add(state + 1)
            states = self._skip(moved)
            if not states:
                return False
        return True  # what is left of the pattern can always be met

    def _skip(self, states: set[int]) -> set[int]:
        """Add the places behind wildcards that stand for nothing."""
        found = set(states)
        for state in states:
            place = state
            while place < len(self._tokens) and self._tokens[place] in (_Wild.SEGMENT, _Wild.ALL):
                place += 1
                found.add(place)
        return found


def text_pattern(text: str, option: str) -> Pattern:
    """Read a pattern for a text that has no protocol, such as a caller's name.

    Raises:
        InvalidRequestError: for what is no pattern.

    """
    if not isinstance(text, str) or not text:
        msg = f"{option} holds patterns, each a text that is not empty"
        raise InvalidRequestError(msg, option=option)
    tokens = _tokens(text, option)
    return Pattern(text, None, _regex(tokens), tuple(tokens))


def path_pattern(text: str, option: str) -> Pattern:
    """Read a pattern for paths: ``protocol://...``, ``*://...`` for any protocol, or ``**``.

    >>> path_pattern("s3://maps/**", "paths").protocol
    's3'

    Raises:
        InvalidRequestError: for what is no pattern, or names no protocol.

    """
    pattern = text_pattern(text, option)
    if text == "**":
        return pattern
    match = _PROTOCOL.match(text)
    if match is None or match.end() == len(text):
        msg = f"{option} {text[:60]!r} names no path: write protocol://bucket/key, *://... for any protocol, or ** for every path"
        raise InvalidRequestError(msg, option=option)
    rest = text_pattern(text[match.end() :], option)
    return attrs.evolve(rest, text=text, protocol=None if match[1] == "*" else match[1])
