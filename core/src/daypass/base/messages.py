"""How an error speaks: what is shown of a wrong value, and the nearest name that exists."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from types import MappingProxyType, TracebackType
from typing import Any, TypeVar

import attrs

from daypass.errors import UnknownOptionError, without_login

__all__ = [
    "CHAINED",
    "brief",
    "escaped",
    "module_of",
    "names_nearest",
    "nearest",
    "partly",
    "place_of",
    "refuse_unknown",
    "shown",
    "shown_bucket",
    "shown_count",
]

#: What a message says in place of the text of another's error, which may hold anything.
CHAINED = "(its cause is chained)"
#: Of a name that is shown in a message.
_LONGEST_NAME = 60


def shown(value: object) -> str:
    """Show a wrong value in a message: text cut short, anything else by its type alone."""
    if not isinstance(value, str):
        return f"of type {type(value).__name__}"
    from daypass.base.masking import mask  # which no link needs

    return ascii(mask(without_login(str.__str__(value))))[:40]


def escaped(text: str, most: int | None = None) -> str:
    r"""Put a stranger's text into a sentence, without quotes: what does not print is shown as its escape.

    >>> escaped("eu-west-1"), escaped("eu\x00west")
    ('eu-west-1', 'eu\\x00west')

    Args:
        text: the text.
        most: where it is cut, in characters.

    """
    return ascii(text)[1:-1][:most]


def brief(name: str) -> str:
    """Cut a name short that is legal and endless.

    >>> brief("x-" + "a" * 100)
    'x-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...'
    """
    return name if len(name) <= _LONGEST_NAME else name[:_LONGEST_NAME] + "..."


def nearest(name: str, known: Iterable[str], cutoff: float = 0.5) -> str | None:
    """Return the name that was probably meant, in whatever case it was written, or None.

    >>> nearest("put", ["GET", "PUT"])
    'PUT'
    """
    from difflib import get_close_matches

    folded = {word.lower(): word for word in known}
    found = get_close_matches(name[:_LONGEST_NAME].lower(), folded, n=1, cutoff=cutoff)
    return folded[found[0]] if found else None


def refuse_unknown(
    names: Iterable[str],
    known: Iterable[str],
    *,
    what: str = "option",
    meant: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Raise `UnknownOptionError` for the first of ``names`` that is not ``known``.

    Args:
        names: what was given.
        known: what there is.
        what: what they are called in the message.
        meant: names that others have, in small letters, with what is meant.

    """
    known = sorted(known)
    for name in names:
        if not isinstance(name, str):
            msg = f"the name of a {what} is text, not {shown(name)}"
            raise UnknownOptionError(msg)
        if name in known:
            continue
        near = meant.get(name.lower()) or nearest(name, known)
        hint = f"did you mean {near}?" if near else f"there are {', '.join(known) or 'none'}"
        msg = f"no {what} is named {shown(name)}: {hint}"
        raise UnknownOptionError(msg, option=name)


def shown_bucket(name: str) -> str:
    """Show a wrong name of a bucket or container: what follows a colon may be a password.

    >>> shown_bucket("me:secret")
    "'me:****'"
    """
    from daypass.base.masking import mask

    user, colon, _ = mask(name).partition(":")
    return ascii(user + colon + "****" if colon else user)[:80]


def shown_count(value: object) -> str:
    """Show a wrong number in a message; another object's own repr is not asked."""
    if type(value) is int and abs(value) > 10**18:
        return "a huge negative number" if value < 0 else "a huge number"
    return ascii(value)[:40] if isinstance(value, (int, float)) else shown(value)


def place_of(error: Exception) -> str:
    """Name the line that raised; never the error's text, which may hold anything."""
    trace = _raised(error)
    return "from nowhere" if trace is None else f"in {module_of(error)}, line {trace.tb_lineno}"


def module_of(error: Exception) -> str:
    """Name the module that raised; empty where none has."""
    trace = _raised(error)
    return "" if trace is None else str(trace.tb_frame.f_globals.get("__name__", "?"))


def _raised(error: Exception) -> TracebackType | None:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace


#: Identifiers as long as this are shown by their ends alone.
_LONG = 12


def partly(identifier: str | None) -> str | None:
    """Show an identifier so that its owner recognises it: an e-mail address whole.

    >>> partly("AKIAIOSFODNN7EXAMPLE")
    'AKIA...MPLE'
    """
    if identifier is None or "@" in identifier or len(identifier) < _LONG:
        return identifier
    return f"{identifier[:4]}...{identifier[-4:]}"


Kind = TypeVar("Kind", bound=type)


def names_nearest(kind: Kind) -> Kind:
    """Let an attrs class raise `UnknownOptionError` where it is called with a name it does not have.

    Args:
        kind: the class; what it is called with otherwise is as before.

    """
    make: Any = kind.__init__  # type: ignore[misc] # of the class that attrs has made
    known = frozenset(field.alias for field in attrs.fields(kind) if field.init and field.alias)

    @functools.wraps(make)
    def checked(self: object, *args: object, **options: object) -> None:
        try:
            make(self, *args, **options)
        except TypeError:  # asked only then, so that who spells rightly does not wait
            refuse_unknown(options, known, what=f"argument of {kind.__name__}")
            raise

    kind.__init__ = checked  # type: ignore[misc]
    return kind
