"""``Link``: what the service knows of one, and what becomes of it with time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
from sqlalchemy import RowMapping

from daypass_links.server.database.tables import link as table
from daypass_links.server.moments import told

__all__ = ["COLUMNS", "Link", "link_of", "permits"]

#: Columns that a link is made of.
COLUMNS = [column for column in table.c if column.name not in ("n", "hash", "sealed")]


@attrs.frozen(kw_only=True)
class Link:
    """One link, as its row says; moments are seconds since the epoch."""

    id: str
    owner: str
    path: str
    prefix: bool
    methods: tuple[str, ...]
    options: Mapping[str, Any] = attrs.field(repr=False)
    starts_at: int | None
    ends_at: int
    max_uses: int | None
    ip_range: str | None
    https_only: bool
    referrers: tuple[str, ...] | None
    label: str | None
    note: str | None
    headers: Mapping[str, str] = attrs.field(repr=False)
    unenforced: tuple[str, ...]
    created_at: int
    revoked_at: int | None = None
    revoked_by: str | None = None
    #: For whoever gets it.
    message: str | None = None
    #: Whether its page shows the beginning of what it opens.
    preview: bool = False
    #: What Argon2 makes of its password; None where it has none.
    password: str | None = attrs.field(default=None, repr=False)
    #: What may be sent to it, where it is an inbox.
    inbox: Mapping[str, Any] | None = None

    def state(self, now: float, uses: int, *, is_suspended: bool) -> str:
        """Return what it is at a moment: a word of `daypass_links.wire.STATES`."""
        if self.revoked_at is not None:
            return "revoked"
        if now >= self.ends_at:
            return "ended"
        if is_suspended:
            return "suspended"
        if self.max_uses is not None and uses >= self.max_uses:
            return "used_up"
        return "not_yet" if self.starts_at is not None and now < self.starts_at else "alive"

    def told(self, now: float, uses: int, *, is_suspended: bool = False) -> dict[str, Any]:
        """Return what the API tells of it."""
        return {
            "link_id": self.id,
            "path": self.path,
            "prefix": self.prefix,
            "methods": list(self.methods),
            "headers": dict(self.headers),
            "starts_at": told(self.starts_at),
            "expires_at": told(self.ends_at),
            "expires_because": "requested",
            "permits": permits(self.methods),
            "unenforced": list(self.unenforced),
            "uses": uses,
            "max_uses": self.max_uses,
            "ip_range": self.ip_range,
            "https_only": self.https_only,
            "referrers": None if self.referrers is None else list(self.referrers),
            "label": self.label,
            "note": self.note,
            "message": self.message,
            "preview": self.preview,
            "has_password": self.password is not None,
            "inbox": None if self.inbox is None else dict(self.inbox),
            "created_at": told(self.created_at),
            "owner": self.owner,
            "state": self.state(now, uses, is_suspended=is_suspended),
        }


def link_of(row: RowMapping) -> Link:
    """Make a link of its row."""
    said = {field.name: row[field.name] for field in attrs.fields(Link)}
    for name in ("methods", "unenforced", "referrers"):
        said[name] = None if said[name] is None else tuple(said[name])
    return Link(**said)


def permits(methods: tuple[str, ...]) -> list[str]:
    """Return what a link for some methods answers: of GET also HEAD."""
    return sorted({*methods, *(("HEAD",) if "GET" in methods else ())})
