"""``ObjectMetadata``: what a store says of one object."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import attrs

from daypass.base.times import rfc3339
from daypass.model.cards import html_card

__all__ = ["ObjectMetadata"]


def _checksums(value: Mapping[str, str] | Iterable[tuple[str, str]]) -> dict[str, str]:
    return dict(value)


@attrs.frozen(kw_only=True)
class ObjectMetadata:
    """What a store says of one object; ``None`` where it does not say."""

    #: The path it was asked for.
    path: str
    #: The key, exactly as stored.
    key: str
    #: Size in bytes.
    size: int | None = None
    #: Entity tag, without quotes. It is not an MD5.
    etag: str | None = None
    #: Time of the last change (aware, UTC).
    last_modified: datetime | None = None
    #: When this object (or this version of it) was made (aware, UTC).
    created: datetime | None = None
    #: Content-Type, as it was stored.
    content_type: str | None = None
    #: Content-Encoding, as it was stored.
    content_encoding: str | None = None
    #: Content-Language, as it was stored.
    content_language: str | None = None
    #: Content-Disposition, as it was stored.
    content_disposition: str | None = None
    #: Cache-Control, as it was stored.
    cache_control: str | None = None
    #: MD5 in base64, from the store or from the metadata ``md5chksum``; never from an ETag.
    content_md5: str | None = None
    #: Checksums by algorithm (``"sha256"``, ``"crc32c"``, ...), in base64 as the store keeps them.
    checksums: dict[str, str] = attrs.field(factory=dict, converter=_checksums)
    #: Which version of the object this is, as ``version=`` takes it.
    version: str | None = None
    #: Which change of its metadata this version is at, where the store counts them.
    metageneration: str | None = None
    #: The storage class or access tier, in the store's own word.
    storage_class: str | None = None
    #: How the store encrypts it, in its own word: an algorithm, or the name of a key or scope.
    encryption: str | None = None
    #: ``"available"``, ``"leased"``, ...: whether somebody holds the object, where a store has leases.
    lease_state: str | None = None
    #: ``"success"``, ``"pending"``, ...: how the copy went that made the object, where one did.
    copy_status: str | None = None
    #: When the store will remove the object by itself (aware, UTC).
    expires_at: datetime | None = None
    #: User metadata, names in lower case.
    metadata: dict[str, str] = attrs.field(factory=dict, converter=_checksums)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values: text, numbers and dicts; moments as ISO 8601 in UTC."""
        return attrs.asdict(
            self,
            value_serializer=lambda _self, _field, value: (
                rfc3339(value) if isinstance(value, datetime) else value
            ),
        )

    def _repr_html_(self) -> str:
        """Render a card for notebooks, of what the store says."""
        rows: dict[str, list[str]] = {}
        for name, value in self.to_dict().items():
            if isinstance(value, dict):
                rows[name] = [f"{key}: {text}" for key, text in value.items()]
            elif value is not None:
                rows[name] = [str(value)]
        return html_card(self, {name: lines for name, lines in rows.items() if lines})
