"""Words for people: the spelling of options, text that is safe on a terminal."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterable

from daypass.base.messages import CHAINED, module_of
from daypass.errors import DaypassError

#: Keywords of the library that are spelled otherwise on the command line.
_OTHERWISE = {
    "columns": "--column",
    "headers": "--header",
    "referrers": "--referrer",
    "storage_options": "--storage-option",
    "signer_options": "--signer-option",
    "source_format": "--from-format",
    "target_format": "--to-format",
    "strict=False": "--no-strict",
}
# A keyword: a word with an underscore, or one with its value, that is no part of a path.
_KEYWORD = re.compile(
    r"(?<![\w/.:'\"=-])(?:(?P<name>[a-z]+)=(?P<word>'\w+'|True|False)?"
    r"|(?P<long>[a-z]+(?:_[a-z0-9]+)+)(?:=(?P<value>'\w+'|True)?)?)(?![\w/.'\"=-])"
)


def spelled(message: str, names: Iterable[str] | None = None) -> str:
    """Spell the library's keywords in a message as options of the command line.

    >>> spelled("content_type goes with method='PUT', or pass strict=False", ["content_type", "method"])
    '--content-type goes with --method PUT, or pass --no-strict'

    Args:
        message: an error's or a warning's text.
        names: the keywords to look for; by default all that a request knows.

    """
    if names is None:
        from daypass.model.form_options import FormOptions
        from daypass.model.requests import SignOptions

        names = {
            *SignOptions.__annotations__,
            *FormOptions.__annotations__,
            "public_endpoint",
            "signer",
            "version",
            "multipart_threshold",
            "part_size",
            "resume",
            "with_head",
        }
    known = {*names, *_OTHERWISE}

    def spell(match: re.Match[str]) -> str:
        whole = match[0]
        name = match["name"] or match["long"]
        if whole in _OTHERWISE:
            return _OTHERWISE[whole]
        if name not in known:
            return whole
        value = (match["word"] or match["value"] or "").strip("'")
        option = _OTHERWISE.get(name, "--" + name.replace("_", "-"))
        return f"{option} {value}" if value not in ("", "True", "False") else option

    return _KEYWORD.sub(spell, re.sub(r"^headers(?=:)", "--header", message))


def listed(names: Iterable[str]) -> str:
    """List keywords of a request as options of the command line."""
    return ", ".join(_OTHERWISE.get(name, "--" + name.replace("_", "-")) for name in sorted(names))


def shown(text: str) -> str:
    r"""Make text harmless on a terminal: what does not print is shown as its escape.

    >>> shown("a\x1b[2Jb")
    'a\\x1b[2Jb'
    """
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def one_line(text: str) -> str:
    """Fold text into one line that is harmless on a terminal."""
    return shown(" ".join(text.split()))


def said(error: Exception) -> str:
    """Say an error in one line; only what daypass itself says is spelled as options of the command line.

    A plugin's words are its own: what looks like a keyword of ours there may be one of its options, or its store's.
    """
    text = str(error)
    module = getattr(error, "raised_in", None) or module_of(error)
    if module.partition(".")[0] == "daypass":
        text = spelled(text)
    return one_line(_with_cause(text, error) if CHAINED in text else text)


def _with_cause(text: str, error: Exception) -> str:
    """Say why, where that is known of an error's cause, in place of a word on a chain that a command does not show.

    The cause's own words may hold anything, so none of them is said: the system's stand for its errors.
    """
    from daypass.toolkit.failures import unreachable

    cause = error.__cause__
    while isinstance(cause, DaypassError):
        cause = cause.__cause__
    why = None if cause is None else unreachable(cause)
    # A library may have put anything in the place of the number.
    number: object = cause.errno if isinstance(cause, OSError) else None
    if why is None and isinstance(number, int) and number in errno.errorcode:
        why = os.strerror(number)
    return text.replace(f" {CHAINED}", f": {why}" if why else "")
