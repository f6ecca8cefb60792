"""Errors without secrets: an SDK's texts quote URLs, headers and options, and tracebacks print every error of a chain."""

from __future__ import annotations

import json
import os
import re
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from html import escape
from traceback import TracebackException
from typing import Any, TypeVar
from urllib.parse import quote, quote_plus

import attrs

from daypass.base.masking import mask
from daypass.base.process import environment_number
from daypass.base.secrets import MASK, is_secret

__all__ = ["scrubbed", "secrets_of"]

_Error = TypeVar("_Error", bound=BaseException)
#: Shorter ones are words of any text.
_SHORTEST = 6
#: Lines of a key in PEM are 64 or 76 characters long, but for the last.
_LINE = 24
#: What is masked besides a URL's signature: members of key files and of connection strings, and what is in requests for tokens.
_NAMES = frozenset(
    {
        "AccountKey",
        "SharedAccessSignature",
        "access_token",
        "assertion",
        "client_secret",
        "private_key",
        "refresh_token",
    }
)
#: A key in PEM, with its line feeds as such, in JSON, in a repr and in a URL.
_PEM = re.compile(
    r"-----BEGIN(?:[ +]|%20)[A-Z0-9 +%]{1,60}-----(?:(?!-----END)[A-Za-z0-9+/=%\\\s]){0,20000}(?:-----END[A-Z0-9 +%]{1,60}-----)?"
)
#: A secret in a connection string.
_PART = re.compile(r"(?:AccountKey|SharedAccessSignature)=([^;\s]+)", re.IGNORECASE)
#: How long a chain of errors is followed.
_MOST = 100


def scrubbed(
    error: _Error,
    *options: object,
    names: frozenset[str] = frozenset(),
    own: frozenset[str] = frozenset(),
) -> _Error:
    """Mask an error's message, and replace what it came from where its text holds a secret.

    In place of such an error stands one of the same class and with the same traceback, that has the masked
    text and nothing else. Of the rest of the chain nothing changes.

    Args:
        error: one of ours, which is not raised just now: Python would chain what was handled meanwhile.
        options: what may hold secrets, such as storage options.
        names: of parameters of signed URLs that are secret.
        own: names of options that a backend declares secret.

    """
    found = {*_of_environment(environment_number()), *secrets_of(*options, own=own)}
    secrets = sorted(found, key=len)
    hide = _hiding(tuple(reversed(secrets)), names)
    error.args = tuple(hide(one) if isinstance(one, str) else one for one in error.args)
    if notes := getattr(error, "__notes__", None):
        error.__notes__ = [hide(str(note)) for note in notes]
    _chain(error, hide, [error])
    return error


def secrets_of(*options: object, own: frozenset[str] = frozenset()) -> Iterator[str]:
    """Yield the secrets in nested options: those whose name, or whose look, says so, and a backend's own.

    >>> list(secrets_of({"secret": "sw0rdfish", "client_kwargs": {"region_name": "eu-west-1"}}))
    ['sw0rdfish']
    """
    for one in options:
        yield from _within(one, "", own)


def _within(value: object, name: str, own: frozenset[str] = frozenset()) -> Iterator[str]:
    if isinstance(value, Mapping):
        for inner, item in value.items():
            yield from _within(item, name if name in own else str(inner), own)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _within(item, name, own)
    elif attrs.has(type(value)):
        for field in getattr(type(value), "__attrs_attrs__", ()):
            yield from _within(getattr(value, field.name, None), field.name, own)
    elif type(value) is int and name in own:
        yield from _within(str(value), name, own)
    elif isinstance(value, (str, bytes)):
        text = value.decode(errors="replace") if isinstance(value, bytes) else value
        if len(text) >= _SHORTEST and is_secret(name, text, own):
            yield text
            yield from (part[1] for part in _PART.finditer(text))
            yield from (line for line in text.splitlines()[1:-1] if len(line) >= _LINE)  # of a PEM


@lru_cache(maxsize=1)
def _of_environment(_: int) -> tuple[str, ...]:
    """Return the secrets that an SDK may have found in the environment."""
    return tuple(_within(dict(os.environ), ""))


def _spellings(secret: str) -> Iterator[str]:
    """Yield a secret as SDKs and servers quote it: as it is, in Python, JSON, URLs, HTML and base64."""
    raw = secret.encode(errors="replace")
    in_json = json.dumps(secret)[1:-1]
    yield from (secret, repr(secret)[1:-1], ascii(secret)[1:-1], repr(raw)[2:-1])
    yield from (in_json, in_json.replace("/", "\\/"), escape(secret), escape(secret, quote=False))
    for encoded in (quote(raw, safe=""), quote(raw), quote_plus(raw)):
        yield from (encoded, re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), encoded))
    yield b64encode(raw).decode()


@lru_cache(maxsize=64)
def _hiding(secrets: tuple[str, ...], names: frozenset[str]) -> Callable[[str], str]:
    """Return what masks secrets in a text, in every spelling in which SDKs quote them."""
    secret = names | _NAMES
    spelt = {way: None for secret in secrets for way in _spellings(secret)}
    found = re.compile("|".join(map(re.escape, spelt))) if spelt else None

    def hide(text: str) -> str:
        text = text if found is None else found.sub(MASK, text)
        return mask(_PEM.sub(MASK, text) if "-----BEGIN" in text else text, secret)

    return hide


def _chain(error: BaseException, hide: Callable[[str], str], seen: list[BaseException]) -> None:
    """Replace what an error came from, as far as a traceback follows it."""
    suppressed = error.__suppress_context__
    for link in ("__cause__", "__context__"):
        behind = getattr(error, link)
        if behind is None or any(behind is one for one in seen):
            continue
        if len(seen) > _MOST:
            setattr(error, link, None)
            continue
        other = _masked(behind, hide)
        seen += [behind, other]
        _chain(other, hide, seen)
        for twin in ("__cause__", "__context__"):
            if getattr(error, twin) is behind:
                setattr(error, twin, other)
    error.__suppress_context__ = suppressed


def _masked(error: BaseException, hide: Callable[[str], str]) -> BaseException:
    """Return the error itself, or where its text holds a secret one that does not."""
    text, shown = str(error), _shown(error)
    if hide(shown) == shown and not isinstance(error, BaseExceptionGroup):
        return error
    twin = _like(error, hide(text))
    twin.__cause__, twin.__context__ = error.__cause__, error.__context__
    twin.__suppress_context__ = error.__suppress_context__
    return twin.with_traceback(error.__traceback__)


def _shown(error: BaseException) -> str:
    """Return all that a traceback prints of one error: notes, and the line that a `SyntaxError` holds, too."""
    lines = TracebackException(type(error), error, None, compact=True).format_exception_only()
    return "\n".join([str(error), repr(error), *lines])


def _like(error: BaseException, text: str) -> BaseException:
    """Return an error of the same class for an ``except``, that holds a text and no more."""
    kind = type(error)
    told = {"__str__": lambda _: text, "__repr__": lambda _: f"{kind.__name__}({text!r})"}
    names: dict[str, Any] = {"__module__": kind.__module__, "__qualname__": kind.__qualname__}
    twin: BaseException
    if not isinstance(error, BaseExceptionGroup):
        try:
            made: type[BaseException] = type(kind.__name__, (kind,), {**told, **names})
            twin = BaseException.__new__(made)
        except TypeError:  # of a class that cannot be derived from
            pass
        else:
            twin.args = (text,)
            if isinstance(twin, SyntaxError):
                twin.msg = text  # which a traceback prints in place of it
            return twin
    twin = type(kind.__name__, (Exception,), {**told, **names})(text)
    return twin
