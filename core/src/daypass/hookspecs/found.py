"""What plugins are told of a stranger: a URL that was found, and a store's error."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Literal
from urllib.parse import unquote

import attrs

from daypass.base.times import http_date, moment
from daypass.base.urls import mask_url
from daypass.hookspecs.findings import Finding

__all__ = ["ErrorBody", "FoundURL", "decoded", "first_of_each"]


@attrs.frozen(kw_only=True)
class ErrorBody:
    """What was answered, whatever the store, or a proxy in front of it."""

    #: Such as ``"AccessDenied"``; empty where the answer names none.
    code: str
    message: str = attrs.field(repr=False)
    #: What else XML or JSON says, by the names of its elements, the first of each name.
    details: dict[str, str] = attrs.field(factory=dict, repr=lambda details: repr(list(details)))
    #: The HTTP status, where the caller has it.
    status: int | None = None
    #: The headers, by their names in lower case; empty where the caller does not have them.
    headers: dict[str, str] = attrs.field(factory=dict, repr=lambda headers: repr(list(headers)))
    #: What the body is: a store's error is ``"xml"`` or ``"json"``, and ``"empty"`` of a HEAD.
    kind: Literal["xml", "json", "html", "text", "empty"] = "xml"

    @property
    def answered_at(self) -> datetime | None:
        """When it was answered by the clock of who did (aware, UTC): its element ``ServerTime`` or its header ``Date``."""
        return moment(self.details.get("ServerTime")) or http_date(self.headers.get("date"))


@attrs.frozen(kw_only=True)
class FoundURL:
    """What the hooks `explain_url` and `verify_url` are given: a URL's parts as they were sent."""

    #: The URL, cleaned of what surrounded it.
    url: str = attrs.field(repr=mask_url)
    #: ``"http"`` or ``"https"``.
    scheme: str
    #: What a client sends as ``Host``: lower case, without the scheme's own port.
    host: str
    #: The path as it stands, percent-encoded.
    path: str
    #: Names and values of the query in order, percent-encoded.
    query: tuple[tuple[str, str], ...] = attrs.field(default=(), repr=lambda q: f"<{len(q)}>")
    #: The fields of a form (a POST policy) in place of a query; None for a URL.
    fields: Mapping[str, str] | None = attrs.field(
        default=None, repr=lambda fields: repr(fields and list(fields))
    )
    #: The clock (aware, UTC): the only one.
    now: datetime
    #: What a store answered to it, where the caller has the answer.
    error: ErrorBody | None = None
    #: What was wrong with the text itself.
    findings: tuple[Finding, ...] = ()

    def get(self, name: str) -> str | None:
        """Return a parameter's (or a form field's) first value, decoded; None where there is none."""
        if self.fields is not None:
            return field_of(self.fields, name)
        raw = self._raw.get(name)
        return None if raw is None else decoded(raw)

    @cached_property
    def _raw(self) -> dict[str, str]:
        return first_of_each(self.query)

    def names(self) -> list[str]:
        """Return the names of all parameters or fields, decoded."""
        if self.fields is not None:
            return list(self.fields)
        return [decoded(name) for name, _ in self.query]

    @property
    def key(self) -> str:
        """The path without its first slash, decoded."""
        return decoded(self.path.removeprefix("/"))

    @property
    def hostname(self) -> str:
        """The host without its port."""
        return self.host.rsplit(":", 1)[0] if self.host[-1:] != "]" else self.host


def field_of(fields: Mapping[str, str], name: str) -> str | None:
    """Return the first value of a form's field, whose name is of any case; None where there is none."""
    return next((value for own, value in fields.items() if own.lower() == name.lower()), None)


def first_of_each(query: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """Return the first value of each name: backends ask for twenty of them, and a stranger sends thousands."""
    return {decoded(name): value for name, value in reversed(query)}


def decoded(text: str) -> str:
    """Decode percent-escapes; what is no UTF-8 becomes a mark and never an error.

    >>> decoded("a%20b+c")
    'a b+c'
    """
    return _unquoted(text) if "%" in text else text


@lru_cache(maxsize=256)  # verify asks for the same parts again and again
def _unquoted(text: str) -> str:
    return unquote(text, errors="replace")
