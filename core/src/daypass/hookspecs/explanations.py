"""What comes back from `explain` and `verify`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

import attrs

from daypass.base.masking import mask
from daypass.base.messages import partly
from daypass.base.times import rfc3339, until
from daypass.base.urls import mask_url
from daypass.errors import without_login
from daypass.hookspecs.findings import Finding
from daypass.hookspecs.found import SentRequest
from daypass.model.cards import html_card

__all__ = ["Explanation", "RequestCheck", "Verification"]

_ORDER = {"error": 0, "warning": 1, "note": 2}


def _sorted(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    kept = dict.fromkeys(findings)  # each once
    return tuple(sorted(kept, key=lambda finding: _ORDER[finding.severity]))


def _dict(value: Mapping[str, str]) -> dict[str, str]:
    return dict(value)


def _masked(url: str) -> str:
    masked = mask(mask_url(url))
    return without_login(masked) if "@" in masked else masked


def _shown(url: str) -> str:
    return repr(_masked(url))


@attrs.frozen(kw_only=True)
class Explanation:
    """What a signed URL says of itself. Nothing of it is proven: `verify` checks the signature.

    Its repr and ``str()`` mask signatures and tokens; ``url`` gives the URL.
    """

    #: The URL, or the one that a form is posted to; whoever holds it can use it until it ends.
    url: str = attrs.field(repr=_shown)
    #: The backend that knows it; None for what is no signed URL that an installed one knows.
    backend: str | None
    #: How it is signed, such as ``"AWS Signature Version 4"``.
    scheme: str | None = None
    #: The fsspec-style path that it opens, where the URL tells the bucket.
    path: str | None = None
    #: The bucket or container; None where the URL does not tell it from a host name.
    bucket: str | None = None
    #: The object's key, decoded; of a listing or a whole bucket it is empty.
    key: str | None = None
    #: The methods that it allows; None where the URL does not say.
    permits: frozenset[str] | None = None
    #: Why it allows those methods, or why nobody can tell.
    permits_because: str | None = None
    #: Who signed: an access key's ID, a service account, a key pair's ID.
    credential_id: str | None = attrs.field(default=None, repr=lambda value: repr(partly(value)))
    #: When it was signed (aware, UTC), where it says.
    signed_at: datetime | None = None
    #: When it begins to work (aware, UTC), where it says.
    starts_at: datetime | None = None
    #: When it ends by its own word (aware, UTC); with temporary credentials it may end before.
    expires_at: datetime | None = None
    #: Names of the request headers that are signed, so that they must be sent with the signed value
    #: (lower case, ``host`` left out); None where the URL does not say.
    headers: tuple[str, ...] | None = None
    #: What else is bound, by name: region, account, address range, response headers...
    conditions: dict[str, str] = attrs.field(factory=dict, converter=_dict)
    #: The worst first.
    findings: tuple[Finding, ...] = attrs.field(default=(), converter=_sorted)
    #: The clock reading that it was judged by (aware, UTC).
    now: datetime

    def __str__(self) -> str:
        """Return all of it as text, masked."""
        return "\n".join(f"{name}: {line}" for name, lines in self.rows().items() for line in lines)

    @property
    def ok(self) -> bool:
        """True where nothing was found that the store would refuse, as far as a URL tells."""
        return self.backend is not None and all(f.severity != "error" for f in self.findings)

    def rows(self, *, reveal: bool = False) -> dict[str, list[str]]:
        """Return names and lines to show.

        Args:
            reveal: show the URL and identifiers whole.

        """
        if self.backend is None:
            return {"findings": [str(finding) for finding in self.findings]}
        rows: dict[str, str | list[str] | None] = {
            "url": (self.url if reveal else _masked(self.url)) or None,
            "provider": f"{self.backend}, {self.scheme}",
            "path": self.path,
            "bucket": self.bucket,
            "key": self.key,
            "permits": self._methods(),
            "signed by": self.credential_id if reveal else partly(self.credential_id),
            "signed": _moment(self.signed_at, self.now),
            "starts": _moment(self.starts_at, self.now),
            "ends": _moment(self.expires_at, self.now) or "not in the URL",
            "headers to send": self._headers(),
            "conditions": [f"{name}: {value}" for name, value in self.conditions.items()] or None,
            "findings": [str(finding) for finding in self.findings] or None,
        }
        return {
            name: [value] if isinstance(value, str) else value
            for name, value in rows.items()
            if value is not None
        }

    def _methods(self) -> str:
        said = "not in the URL" if self.permits is None else ", ".join(sorted(self.permits))
        return f"{said or 'nothing'} ({self.permits_because})" if self.permits_because else said

    def _headers(self) -> str:
        if self.headers is None:
            return "not in the URL"
        return ", ".join(self.headers) or "none"

    def to_dict(self, *, reveal: bool = False) -> dict[str, Any]:
        """Return plain values; moments as ISO 8601 in UTC, and the URL masked unless ``reveal``."""
        return {
            **_plain(self),
            "url": self.url if reveal else _masked(self.url),
            "credential_id": self.credential_id if reveal else partly(self.credential_id),
            "ok": self.ok,
        }

    def _repr_html_(self) -> str:
        """Render a card for notebooks, signature masked."""
        return html_card(self.rows())


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
    #: Why the signature could not be checked, in some words after "the signature was not checked:".
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
    #: not be checked for want of the key.
    ok: bool | None
    #: ``"right"``, ``"wrong"`` or ``"unchecked"``.
    signature: Literal["right", "wrong", "unchecked"]
    #: The worst first.
    findings: tuple[Finding, ...] = attrs.field(default=(), converter=_sorted)
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
            None: "nothing speaks against it, but the signature was not checked",
        }
        rows: dict[str, list[str]] = {
            "verdict": [verdict[self.ok]],
            "signature": [self.signature],
            "findings": [str(finding) for finding in self.findings],
        }
        return {name: lines for name, lines in rows.items() if lines}

    def to_dict(self, *, reveal: bool = False) -> dict[str, Any]:
        """Return plain values, those of the explanation among them."""
        return {**_plain(self), "explanation": self.explanation.to_dict(reveal=reveal)}

    def _repr_html_(self) -> str:
        """Render a card for notebooks."""
        return html_card(self.rows())


def _plain(value: Any) -> dict[str, Any]:
    def serialise(_instance: Any, _field: Any, item: Any) -> Any:
        if isinstance(item, datetime):
            return rfc3339(item)
        return sorted(item) if isinstance(item, frozenset) else item

    return attrs.asdict(value, value_serializer=serialise)


def _moment(moment: datetime | None, now: datetime) -> str | None:
    return None if moment is None else until(moment, now)
