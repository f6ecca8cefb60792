"""The text that a signature is made over, with gaps where one piece stands: a guess fills the gaps, no more.

Where the gaps are is found out by a probe, a value whose every encoding is another one. Nothing depends on it being
right: what seems to fit is held against the whole request again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import attrs

from daypass.base.urls import encode, encode_key
from daypass.hookspecs.verifications import SentRequest

__all__ = ["UNSIGNED", "Signing", "Text", "text_around"]

#: A path, and anything else; and what a number or a moment in seconds must be to be taken for one.
_PROBES = ("/q/Z~ +=%&é9", "1031970542")
#: Another that is legal where only small numbers are.
_SMALL = "1"
#: So many segments of a path are looked at.
_DEEPEST = 32
_is_bare = re.compile(r"[A-Za-z0-9_.~-]*", re.ASCII).fullmatch


def _plain(value: str) -> bytes:
    return value.encode(errors="replace")


def _encoded(value: str) -> bytes:
    return (value if _is_bare(value) else encode(value)).encode()


def _encoded_key(value: str) -> bytes:
    return encode_key(value).encode()


def _nothing(_: str) -> bytes:
    return b""


_Encoding = Callable[[str], bytes]


def _first(depth: int) -> _Encoding:
    """Return the encoding of a path of which so many segments are signed, as a grant's are."""
    return lambda value: _plain("/".join(value.split("/")[: depth + 1]))


_ENCODINGS: tuple[_Encoding, ...] = (_plain, _encoded, _encoded_key)


@attrs.frozen
class Signing:
    """How a backend signs, with the key at hand."""

    #: Returns what a request's signature is made over.
    text: Callable[[SentRequest], bytes]
    #: Tells whether the signature that was sent is that of such a text.
    signs: Callable[[bytes], bool]

    def fits(self, request: SentRequest) -> bool:
        """Tell whether the signature that was sent is that of a request."""
        return self.signs(self.text(request))


class Text:
    """A text with gaps, and in each gap how the value is encoded there."""

    __slots__ = ("_around", "_encodings")

    def __init__(self, around: Sequence[bytes], encodings: Sequence[_Encoding]) -> None:
        self._around = around
        alike = len(set(encodings)) == 1
        self._encodings = (*encodings[:1],) if alike else (*encodings, _nothing)

    def filled(self, value: str) -> bytes:
        """Return the text with a value in its gaps."""
        encodings = self._encodings
        if len(encodings) == 1:
            return encodings[0](value).join(self._around)
        return b"".join(
            [
                part
                for around, encoding in zip(self._around, encodings, strict=True)
                for part in (around, encoding(value))
            ]
        )


#: In the place of a text that is the same whatever the value.
UNSIGNED = Text((), ())


def text_around(
    text: Callable[[SentRequest], bytes], request: Callable[[str], SentRequest], given: str | None
) -> Text | None:
    """Return the text with gaps for a value; None where the value decides on more than itself.

    Args:
        text: returns what a request's signature is made over.
        request: returns the request with another value.
        given: the value that is sent; None for none.

    """
    sample = "/a" if given is None else given
    real = text(request(sample))
    probed = [(probe, text(request(probe))) for probe in _PROBES]
    encodings = [_ENCODINGS]
    encodings += [(_first(depth),) for depth in range(1, min(sample.count("/"), _DEEPEST))]
    for some in encodings:
        for probe, found in probed:
            forms = {encoding(probe): encoding for encoding in reversed(some)}
            parts = re.split(b"(" + b"|".join(map(re.escape, forms)) + b")", found)
            gaps = Text(parts[::2], [forms[part] for part in parts[1::2]])
            if len(parts) > 1 and gaps.filled(sample) == real:
                return gaps
    same = {real, text(request(_SMALL)), *(found for _, found in probed)}
    return UNSIGNED if len(same) == 1 else None
