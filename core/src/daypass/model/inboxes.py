"""``Inbox``: a page of a service by which people send files into a folder."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import attrs

from daypass.base.times import in_utc, rfc3339
from daypass.base.urls import mask_url, masked_repr
from daypass.model.cards import link_card

__all__ = ["Inbox"]


@attrs.frozen
class Inbox:
    """A page for people who send files, without a key. ``str()`` and ``url`` give the secret.

    Its repr masks the address, so that a notebook or a log does not hand out access.
    """

    #: The address of the page.
    url: str = attrs.field(repr=masked_repr)
    #: The largest file that it takes, in bytes; None for any that the store takes.
    max_bytes: int | None
    #: When it really ends (aware, UTC).
    expires_at: datetime
    #: ``"requested"``, or a sentence on why it ends or may end earlier.
    expires_because: str
    #: Options that were asked for, and that nobody enforces.
    unenforced: frozenset[str]
    #: The path of the folder.
    path: str
    #: The backend that made it.
    backend: str
    #: The media types that it takes, such as ``image/*``; empty for any.
    content_types: tuple[str, ...] = ()
    #: How many files it takes; None for any number.
    max_uses: int | None = None
    #: By which its service knows, extends and revokes it, as ``daypass_links.Client.revoke`` does; it opens nothing. None where there is none.
    link_id: str | None = None

    def __str__(self) -> str:
        """Return the address of the page."""
        return self.url

    @property
    def method(self) -> str:
        """The HTTP method by which the page sends files to the store."""
        return "PUT"

    @property
    def permits(self) -> frozenset[str]:
        """The methods that its holder can have done: files are put, and none is read."""
        return frozenset({"PUT"})

    def to_dict(self, *, reveal: bool = False) -> dict[str, Any]:
        """Return plain values for JSON: sets as sorted lists, moments as ISO 8601 in UTC.

        Args:
            reveal: give the address whole; without it, what opens the page is masked.

        """
        return {
            "url": self.url if reveal else mask_url(self.url),
            "max_bytes": self.max_bytes,
            "expires_at": rfc3339(self.expires_at),
            "expires_because": self.expires_because,
            "unenforced": sorted(self.unenforced),
            "path": self.path,
            "backend": self.backend,
            "content_types": list(self.content_types),
            "max_uses": self.max_uses,
            "link_id": self.link_id,
        }

    def _repr_html_(self) -> str:
        """Render a card for notebooks, address masked."""
        rows = {
            "inbox": mask_url(self.url),
            "largest file": "any" if self.max_bytes is None else f"{self.max_bytes:,} bytes",
            "types": ", ".join(self.content_types) or "any",
            "files": "any number" if self.max_uses is None else f"at most {self.max_uses:,}",
            "ends": f"{in_utc(self.expires_at)} ({self.expires_because})",
        }
        if self.link_id is not None:
            rows["link"] = self.link_id
        return link_card(self, rows, self.unenforced)
