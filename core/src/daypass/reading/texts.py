"""The text that a signature is made over, with gaps where one piece stands: a guess fills the gaps, no more.

Where the gaps are is found out by a probe, a value whose every encoding is another one. Nothing depends on it being
right: what seems to fit is held against the whole request again.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import attrs

from daypass.base.urls import encode, encode_key
from daypass.hookspecs.found import SentRequest

__all__ = ["UNSIGNED", "Text", "text_around"]

#: A path, and anything else; and what a number or a moment in seconds must be to be taken for one.
_PROBES = ("/q/Z~ +=%&é9", "1031970542")
#: Another that is legal where only small numbers are.
_SMALL = "1"
_is_bare = re.compile(r"[A-Za-z0-9_.~-]*", re.ASCII).fullmatch


def _plain(value: str) -> bytes:
    return value.encode(errors="replace")


def _encoded(value: str) -> bytes:
    return (value if _is_bare(value) else encode(value)).encode()


def _encoded_key(value: str) -> bytes:
    return encode_key(value).encode()


_ENCODINGS = (_plain, _encoded, _encoded_key)


@attrs.frozen
class Text:
    """A text with gaps: bytes, and in each gap how the value is encoded there."""

    _parts: tuple[bytes | Callable[[str], bytes], ...]

    def filled(self, value: str) -> bytes:
        """Return the text with a value in its gaps."""
        return b"".join([part if isinstance(part, bytes) else part(value) for part in self._parts])


#: In the place of a text that is the same whatever the value.
UNSIGNED = Text(())


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
    for probe, found in probed:
        forms = {encoding(probe): encoding for encoding in reversed(_ENCODINGS)}
        parts = re.split(b"(" + b"|".join(map(re.escape, forms)) + b")", found)
        gaps = Text(tuple(forms.get(part, part) for part in parts))
        if len(parts) > 1 and gaps.filled(sample) == real:
            return gaps
    same = {real, text(request(_SMALL)), *(found for _, found in probed)}
    return UNSIGNED if len(same) == 1 else None
