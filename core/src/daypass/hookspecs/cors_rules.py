"""CORS: which web pages may use links and forms by script, as a rule that each provider writes its own way.

A browser asks the store first whether a page of another origin may send what it is about to send
(https://fetch.spec.whatwg.org/#http-cors-protocol). A plain ``<form>`` needs no rule.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import attrs

from daypass.base.messages import names_nearest, shown
from daypass.errors import InvalidRequestError
from daypass.model.headers import check_token

__all__ = ["CorsPlan", "CorsRule"]

_ORIGIN = re.compile(r"(https?)://(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::([1-9][0-9]{0,4}))?")
_METHODS = ("GET", "HEAD", "PUT", "POST", "DELETE")
_DEFAULT_PORTS = {"http": "80", "https": "443"}


def _origins(given: Iterable[str]) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(_words(given, "origins")))
    if "null" in found:  # of a page in a sandbox, of which any site makes one
        msg = "null is the origin of any page that follows a redirect or is in a sandbox, so that it is no limit: write *"
        raise InvalidRequestError(msg, option="origins")
    for origin in found:
        match = _ORIGIN.fullmatch(origin)
        if origin != "*" and (match is None or match[2] == _DEFAULT_PORTS[match[1]]):
            msg = (
                f"{shown(origin)} is no origin as browsers send it: write scheme://host, in lower "
                "case, with the port only where it is not the scheme's own, and no slash at the end"
            )
            raise InvalidRequestError(msg, option="origins")
    return found


def _methods(given: Iterable[str]) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(_words(given, "methods")))
    for method in found:
        if method not in _METHODS:
            msg = f"{shown(method)} is not one of {', '.join(_METHODS)}"
            raise InvalidRequestError(msg, option="methods")
    return found


def _headers(given: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(check_token(name, "headers") for name in _words(given, "headers")))


def _words(given: Iterable[str], option: str) -> list[str]:
    words = [] if isinstance(given, str) else list(given)
    if not all(isinstance(word, str) for word in words) or (not words and option != "headers"):
        msg = f"{option} must be a list of text that is not empty"
        raise InvalidRequestError(msg, option=option)
    return words


def _age(value: int) -> int:
    if type(value) is not int or not 0 <= value <= 86_400:  # noqa: PLR2004 - browsers cap it at a day
        msg = "max_age must be whole seconds from 0 to 86400 (a day)"
        raise InvalidRequestError(msg, option="max_age")
    return value


@names_nearest
@attrs.frozen(kw_only=True)
class CorsRule:
    """What pages of other origins may do, in no provider's words.

    >>> CorsRule(origins=["https://app.example"], methods=["PUT"]).origins
    ('https://app.example',)
    """

    #: Origins as browsers send them, such as ``https://app.example``; ``*`` for any.
    origins: tuple[str, ...] = attrs.field(converter=_origins)
    #: The HTTP methods that scripts may use.
    methods: tuple[str, ...] = attrs.field(converter=_methods)
    #: Headers that scripts may send, beside those that uploads by daypass need.
    headers: tuple[str, ...] = attrs.field(default=(), converter=_headers)
    #: How long a browser may remember the answer, in seconds.
    max_age: int = attrs.field(default=3600, converter=_age)


@attrs.frozen(kw_only=True)
class CorsPlan:
    """One rule in a provider's words, and the ways to the rules that are there."""

    #: The rule.
    rule: dict[str, Any]
    #: Whose rules they are, such as ``bucket maps`` or ``storage account contoso``.
    owner: str
    #: Puts rules into the document that the provider's own tool reads.
    document: Callable[[Sequence[dict[str, Any]]], Any]
    #: The command by which the provider's own tool sets the document.
    command: str
    #: Reads the present rules from the store.
    read: Callable[[], list[dict[str, Any]]]
    #: Replaces all rules.
    write: Callable[[Sequence[dict[str, Any]]], None]
    #: The most rules that the store keeps.
    most: int | None = None
