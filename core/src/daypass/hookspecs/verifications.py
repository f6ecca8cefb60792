"""What `verify` tells plugins and is told by them, of one very request, and what comes back from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any, Literal

import attrs

from daypass.base.urls import mask_url
from daypass.hookspecs.explanations import Explanation, plain_values, worst_first
from daypass.hookspecs.findings import OPAQUE, Finding
from daypass.hookspecs.found import decoded, field_of, first_of_each
from daypass.model.cards import html_card

__all__ = ["RequestCheck", "SentRequest", "Verification"]


@attrs.frozen(kw_only=True)
class SentRequest:
    """One very request, as a store receives it: what the hook `verify_url` judges."""

    #: The HTTP method.
    method: str
    #: ``"http"`` or ``"https"``.
    scheme: str
    #: The header ``Host``, in lower case.
    host: str
    #: The path, percent-encoded.
    path: str = attrs.field(repr=mask_url)
    #: Names and values of the query in order, percent-encoded, the signature among them.
    query: tuple[tuple[str, str], ...] = attrs.field(repr=lambda q: f"<{len(q)}>")
    #: By names in lower case.
    headers: dict[str, str] = attrs.field(factory=dict, repr=lambda headers: repr(list(headers)))
    #: None where the caller does not say.
    body: bytes | None = attrs.field(default=None, repr=False)
    #: What the caller gives to check with, in place of the credentials: a secret, or a key in PEM.
    key: str | None = attrs.field(default=None, repr=False)
    #: The clock (aware, UTC).
    now: datetime
    #: The fields of a form (a POST policy) in place of a query, and ``body`` is then the file; None for a URL.
    fields: Mapping[str, str] | None = attrs.field(
        default=None, repr=lambda fields: repr(fields and list(fields))
    )

    def get(self, name: str) -> str | None:
        """Return a parameter's (or a form field's) first value, decoded; None where there is none."""
        if self.fields is not None:
            return field_of(self.fields, name)
        raw = self._raw.get(name)
        return None if raw is None else decoded(raw)

    @cached_property
    def _raw(self) -> dict[str, str]:
        return first_of_each(self.query)

    @property
    def url(self) -> str:
        """The URL of the request."""
        query = "&".join(f"{name}={value}" for name, value in self.query)
        return f"{self.scheme}://{self.host}{self.path}" + (f"?{query}" if query else "")


def _findings(value: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(value)


def _names(value: Iterable[str]) -> tuple[str, ...]:
    return tuple(value)


@attrs.frozen(kw_only=True)
class RequestCheck:
    """What a backend can say of one very request; it answers the hook `verify_url`.

    Give `text` and `parameter`, with `right` where the key can make a signature and `signs` where it can only
    check one (a public key); and `unchecked` where there is no key at hand. With a key, daypass tries changes one at
    a time until one explains a signature that is wrong.
    """

    #: Where the request breaks the provider's own rules: what the store refuses though the
    #: signature is right. Method, signed headers and times are judged without it.
    findings: tuple[Finding, ...] = attrs.field(default=(), converter=_findings)
    #: The name of the query parameter that holds the signature; needed with `text`.
    parameter: str = ""
    #: Why the signature could not be checked, in some words after "the signature was not checked:"; how a key is given
    #: daypass says.
    unchecked: str = ""
    #: Hosts that the same object has, one of which may have been signed: each is tried where the
    #: signature is wrong.
    hosts: tuple[str, ...] = attrs.field(default=(), converter=_names)
    #: What the provider's own headers usually say, by their names in lower case: each is tried where the
    #: signature is wrong. Those of HTTP are known.
    usual: Mapping[str, Sequence[str]] = attrs.field(factory=dict)
    #: Returns all that goes into a request's signature, before it is hashed. It is called with other requests than
    #: yours, and must compute from its argument alone. None where no key is at hand.
    text: Callable[[SentRequest], bytes] | None = attrs.field(default=None, repr=False)
    #: Returns the right signature of such a text, as it stands decoded in `parameter`; None where no key can make
    #: one. It is called many times, with texts that daypass has changed.
    right: Callable[[bytes], str] | None = attrs.field(default=None, repr=False)
    #: Tells whether the signature that was sent is that of such a text; needed where `right` is missing, and where
    #: that is slower (RSA).
    signs: Callable[[bytes], bool] | None = attrs.field(default=None, repr=False)
    #: What one look at a signature costs, as the number of bytes that could be hashed meanwhile: 12 KiB for an elliptic
    #: curve's, and nothing to speak of for HMAC.
    cost: int = 0


@attrs.frozen(kw_only=True)
class Verification:
    """Whether a request would pass, and what speaks against it."""

    #: True if it would; False if not; None if nothing speaks against it, but the signature could
    #: not be checked for want of the key, or there is none, since a service decides at each use.
    ok: bool | None
    #: ``"right"``, ``"wrong"`` or ``"unchecked"``.
    signature: Literal["right", "wrong", "unchecked"]
    #: The worst first.
    findings: tuple[Finding, ...] = attrs.field(default=(), converter=worst_first)
    #: What the URL says of itself.
    explanation: Explanation

    def __str__(self) -> str:
        """Return all of it as text, masked."""
        return "\n".join(f"{name}: {line}" for name, lines in self.rows().items() for line in lines)

    def rows(self) -> dict[str, list[str]]:
        """Return names and lines to show."""
        verdict = {
            True: "this request would pass",
            False: "this request would be refused",
            None: self._open,
        }
        rows: dict[str, list[str]] = {
            "verdict": [verdict[self.ok]],
            "signature": [self.signature],
            "findings": [str(finding) for finding in self.findings],
        }
        return {name: lines for name, lines in rows.items() if lines}

    @property
    def _open(self) -> str:
        """Say why nobody knows here."""
        if any(finding.code == OPAQUE for finding in self.explanation.findings):
            return "the URL says nothing of it: the service that it leads to decides at each use"
        return "nothing speaks against it, but the signature was not checked"

    def to_dict(self, *, reveal: bool = False) -> dict[str, Any]:
        """Return plain values, those of the explanation among them."""
        return {**plain_values(self), "explanation": self.explanation.to_dict(reveal=reveal)}

    def _repr_html_(self) -> str:
        """Render a card for notebooks."""
        return html_card(self, self.rows())
