"""Masking: what makes a signed URL work is taken out of a text, by the names that it goes by.

Linear in the text's length: no part of the pattern can give back what it took.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["MASK", "mask", "pattern_of"]

#: Masked whatever is installed: a link of a store whose backend is not here is a secret too.
_ALWAYS = "signature|security-token"
#: Where a name that may be part of another word begins: no word before it but an encoded & or ?.
_BEGINS = "(?:(?<![a-z0-9])|(?<=26)|(?<=3F))"
#: How an equals sign, and what ends a value, look in a URL, in one that is a parameter of another
#: (once, or several times), and in JSON.
_EQUALS = r"=|%(?:25){0,4}3D|\\{1,4}u003d"
_AMPERSAND = r"%(?:25){0,4}(?:26|3B|22|27|20|0A|0D|5C)"
#: In JSON and in Python's dicts: a name in quotes, and a value in quotes.
_QUOTED = r"\\{0,4}[\"']\s{0,9}[:,]\s{0,9}b?\\{0,4}[\"']"
_VALUE = rf"(?:(?!{_AMPERSAND})[A-Za-z0-9%+/=_~.:-])+"
MASK = "****"
#: A login in front of a URL's host.
_LOGIN = re.compile(r"(?<=://)[^\s/?#@\"'<>]{1,512}@")


def pattern_of(names: Iterable[str]) -> re.Pattern[str]:
    """Return what finds the values of parameters of these names, and of those that are always secret."""
    words = "|".join(sorted({"sig", *map(re.escape, names)}))
    return re.compile(
        rf"(?i)(?P<name>{_ALWAYS}|{_BEGINS}(?:{words}))(?P<sign>{_EQUALS}|{_QUOTED}){_VALUE}"
    )


#: What is masked without asking any backend.
_USUAL = pattern_of(())


def mask(text: str, secrets: re.Pattern[str] = _USUAL) -> str:
    """Return a text in which the values that a pattern finds are masked, and logins in front of a URL's host.

    >>> mask("https://me:pw@b.example/k?X-Amz-Signature=ab12&x=1")
    'https://****@b.example/k?X-Amz-Signature=****&x=1'
    """
    return _LOGIN.sub(MASK + "@", secrets.sub(_masked, text))


def _masked(match: re.Match[str]) -> str:
    return match["name"] + match["sign"] + MASK
