"""What comes back from `explain`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import attrs

from daypass.base.messages import partly
from daypass.base.times import rfc3339, until
from daypass.base.urls import mask_tokens, mask_url
from daypass.errors import without_login
from daypass.hookspecs.findings import Finding
from daypass.model.cards import html_card

__all__ = ["Explanation", "plain_values", "worst_first"]

_ORDER = {"error": 0, "warning": 1, "note": 2}


def worst_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings, each once and the worst first."""
    kept = dict.fromkeys(findings)  # each once
    return tuple(sorted(kept, key=lambda finding: _ORDER[finding.severity]))


def _dict(value: Mapping[str, str]) -> dict[str, str]:
    return dict(value)


def _masked(url: str) -> str:
    from daypass.base.masking import mask  # which a link of our own does not need

    masked = mask(mask_url(url))
    return without_login(masked) if "@" in masked else masked


def _shown(url: str) -> str:
    return repr(_masked(url))


def _masked_key(key: str | None) -> str | None:
    """Mask a token in what was taken for a key, or for a path with one."""
    return None if key is None else mask_tokens(f"/{key}")[1:]


def _shown_key(key: str | None) -> str:
    return repr(_masked_key(key))


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
    path: str | None = attrs.field(default=None, repr=_shown_key)
    #: The bucket or container; None where the URL does not tell it from a host name.
    bucket: str | None = None
    #: The object's key, decoded; of a listing or a whole bucket it is empty.
    key: str | None = attrs.field(default=None, repr=_shown_key)
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
    findings: tuple[Finding, ...] = attrs.field(default=(), converter=worst_first)
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
            "path": self.path if reveal else _masked_key(self.path),
            "bucket": self.bucket,
            "key": self.key if reveal else _masked_key(self.key),
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
            **plain_values(self),
            "url": self.url if reveal else _masked(self.url),
            "path": self.path if reveal else _masked_key(self.path),
            "key": self.key if reveal else _masked_key(self.key),
            "credential_id": self.credential_id if reveal else partly(self.credential_id),
            "ok": self.ok,
        }

    def _repr_html_(self) -> str:
        """Render a card for notebooks, signature masked."""
        return html_card(self, self.rows())


def plain_values(value: Any) -> dict[str, Any]:
    """Return the fields of an answer as JSON has them; moments as ISO 8601 in UTC."""

    def serialise(_instance: Any, _field: Any, item: Any) -> Any:
        if isinstance(item, datetime):
            return rfc3339(item)
        return sorted(item) if isinstance(item, frozenset) else item

    return attrs.asdict(value, value_serializer=serialise)


def _moment(moment: datetime | None, now: datetime) -> str | None:
    return None if moment is None else until(moment, now)
