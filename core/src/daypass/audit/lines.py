"""The lines of an audit: JSON, each with the hash of the line before it. docs/reference/audit.md has the format."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, NamedTuple

from daypass.hookspecs import SigningEvent

__all__ = ["FIRST", "Head", "event_fields", "moment", "read_line", "write_line"]

#: What the first line of a new chain names as the hash before it.
FIRST = "0" * 64
#: Longer than any line, so that one without an end is not read for ever.
LONGEST_LINE = 1_048_576

_encode = json.JSONEncoder(separators=(",", ":")).encode
_LINE = re.compile(rb'(\{"seq":(\d{1,18}),"prev":"([0-9a-f]{64})",.*),"hash":"([0-9a-f]{64})"\}\n')


class Head(NamedTuple):
    """The newest line of a chain: its number and its hash."""

    seq: int = 0
    hash: str = FIRST


def moment(value: datetime | None) -> str | None:
    """Write a moment in UTC as ISO 8601, to the microsecond where it has any.

    >>> moment(datetime(2026, 11, 23, 12, tzinfo=UTC))
    '2026-11-23T12:00:00Z'
    """
    return None if value is None else value.isoformat().replace("+00:00", "Z")


def event_fields(event: SigningEvent, now: float) -> dict[str, Any]:
    """Return what is recorded of an event, in order.

    Args:
        event: what happened.
        now: what the clock says, in seconds since the epoch.

    """
    return {
        "time": moment(datetime.fromtimestamp(now, UTC)),
        "decision": event.decision,
        "action": event.action,
        "caller": event.caller,
        "backend": event.backend,
        "path": event.path,
        "version": event.version,
        "method": event.method,
        "conditions": sorted(event.conditions),
        "signing_time": moment(event.signing_time),
        "expires_at": moment(event.expires_at),
        "expires_because": event.expires_because,
        "unenforced": sorted(event.unenforced),
        "count": event.count,
        "url_sha256": event.url_sha256,
        "rule": event.rule,
        "reason": event.reason,
    }


def write_line(head: Head, fields: Mapping[str, Any]) -> tuple[bytes, Head]:
    """Write the line that follows a head; return it and the new head."""
    seq = head.seq + 1
    body = _encode({"seq": seq, "prev": head.hash, **fields})[:-1].encode()
    digest = sha256(body).hexdigest()
    return b'%b,"hash":"%b"}\n' % (body, digest.encode()), Head(seq, digest)


class Line(NamedTuple):
    """One line that was read."""

    seq: int
    prev: str
    hash: str
    #: Whether the hash is that of the line.
    sound: bool
    body: bytes


def read_line(raw: bytes) -> Line | None:
    """Read a line with its end; None where it is none of an audit."""
    match = _LINE.fullmatch(raw)
    if match is None:
        return None
    body, seq, prev, digest = match.groups()
    return Line(
        int(seq), prev.decode(), digest.decode(), sha256(body).hexdigest() == digest.decode(), body
    )
