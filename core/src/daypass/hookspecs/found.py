"""``FoundURL``: what plugins are told of a stranger's URL, as it was sent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING
from urllib.parse import unquote

import attrs

from daypass.base.urls import mask_url
from daypass.hookspecs.findings import Finding

if TYPE_CHECKING:
    from daypass.hookspecs.error_body import ErrorBody

__all__ = ["FoundURL", "decoded", "first_of_each"]


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
    path: str = attrs.field(repr=mask_url)
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
