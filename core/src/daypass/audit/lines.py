"""The lines of an audit: JSON, each with the hash of the line before it. docs/reference/audit.md has the format."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from json.encoder import encode_basestring_ascii as _quote
from typing import NamedTuple

from daypass.hookspecs import SigningEvent

__all__ = [
    "FIRST",
    "LONGEST_LINE",
    "Head",
    "Line",
    "event_text",
    "read_line",
    "repair_text",
    "write_line",
]

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


@lru_cache(maxsize=256)
def moment(value: datetime) -> str:
    """Write a moment in UTC as ISO 8601.

    >>> moment(datetime(2026, 11, 23, 12, tzinfo=UTC))
    '2026-11-23T12:00:00Z'
    """
    return value.isoformat().replace("+00:00", "Z")


@lru_cache(maxsize=4)
def _second(value: int) -> str:
    return datetime.fromtimestamp(value, UTC).isoformat()[:19]


def instant(now: float) -> str:
    """Write seconds since the epoch as ISO 8601 in UTC, always to the microsecond.

    >>> instant(1764158400.25)
    '2025-11-26T12:00:00.250000Z'
    """
    second = int(now // 1)
    return f"{_second(second)}.{int((now - second) * 1_000_000):06d}Z"


@lru_cache(maxsize=256)
def _names(names: frozenset[str]) -> str:
    return _encode(sorted(names))


def _maybe(text: str | None) -> str:
    return "null" if text is None else _quote(text)


def event_text(event: SigningEvent, now: float) -> str:
    """Return what is recorded of an event, as the inside of a JSON object.

    It is put together by hand, which takes a third of the time: a link waits for it.

    Args:
        event: what happened.
        now: what the clock says, in seconds since the epoch.

    """
    return (
        f'"time":"{instant(now)}","decision":{_quote(event.decision)},"action":{_quote(event.action)},'
        f'"caller":{_maybe(event.caller)},"backend":{_quote(event.backend)},"path":{_quote(event.path)},'
        f'"version":{_maybe(event.version)},"method":{_quote(event.method)},'
        f'"conditions":{_names(event.conditions)},"signing_time":"{moment(event.signing_time)}",'
        f'"expires_at":"{moment(event.expires_at)}","expires_because":{_maybe(event.expires_because)},'
        f'"unenforced":{_names(event.unenforced)},"count":{event.count},'
        f'"url_sha256":{_maybe(event.url_sha256)},"rule":{_maybe(event.rule)},"reason":{_maybe(event.reason)}'
    )


def repair_text(removed: bytes, now: float) -> str:
    """Return what is recorded where an unfinished line is removed."""
    fields = {
        "time": instant(now),
        "decision": "repaired",
        "reason": f"{len(removed)} bytes of an unfinished line were removed, with which no link had left",
        "removed_bytes": len(removed),
        "removed_sha256": sha256(removed).hexdigest(),
    }
    return _encode(fields)[1:-1]


def write_line(head: Head, text: str) -> tuple[bytes, Head]:
    """Write the line that follows a head; return it and the new head."""
    seq = head.seq + 1
    body = f'{{"seq":{seq},"prev":"{head.hash}",{text}'.encode()
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
