"""The lines of an audit: JSON, each with the hash of the line before it. docs/reference/audit.md has the format."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from json.encoder import encode_basestring_ascii as _quote
from operator import itemgetter
from typing import Any, NamedTuple

import attrs

from daypass.base.times import rfc3339
from daypass.hookspecs.events import ALIKE, SigningEvent

__all__ = [
    "FIRST",
    "LONGEST_LINE",
    "Head",
    "Line",
    "event_text",
    "lost_text",
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


@attrs.define
class Head:
    """The newest line of a chain: its number and its hash."""

    seq: int = 0
    hash: str = FIRST


@lru_cache(maxsize=4)
def _second(value: int) -> str:
    return datetime.fromtimestamp(value, UTC).isoformat()[:19]


def instant(now: float) -> str:
    """Write seconds since the epoch as ISO 8601 in UTC, always to the microsecond.

    >>> instant(1764158400.25)
    '2025-11-26T12:00:00.250000Z'
    """
    second = int(now)
    micros = str(int((now - second) * 1_000_000) + 1_000_000)  # in half the time of "%06d"
    return f"{_second(second)}.{micros[1:]}Z"


def _names(names: frozenset[str]) -> str:
    return _encode(sorted(names))


def _maybe(text: str | None) -> str:
    return "null" if text is None else _quote(text)


def _hex(digest: str | None) -> str:
    return "null" if digest is None else f'"{digest}"'  # in which there is nothing to escape


#: What most links of a moment have in common, in the order in which `_common` writes it.
_shared = itemgetter(
    *("decision", "action", "caller", "backend"),
    *("version", "method", "conditions", "headers", "acl", "copy_source", "signing_time"),
    *("expires_at", "expires_because", "unenforced", "rule", "reason"),
)


@lru_cache(maxsize=256)
def _common(shared: tuple[Any, ...]) -> tuple[str, str, str]:
    """Write what is shared: the part before the path, the part behind it, and the end."""
    decision, action, caller, backend = map(_maybe, shared[:4])
    version, method, conditions, headers, acl, copy_source, signing_time = shared[4:11]
    expires_at, because, unenforced, rule, reason = shared[11:]
    start = f'"decision":{decision},"action":{action},"caller":{caller},"backend":{backend},"path":'
    middle = (
        f',"version":{_maybe(version)},"method":{_quote(method)},"conditions":{_names(conditions)},'
        f'"headers":{_names(headers)},"acl":{_maybe(acl)},"copy_source":{_maybe(copy_source)},'
        f'"signing_time":"{rfc3339(signing_time)}","expires_at":"{rfc3339(expires_at)}",'
        f'"expires_because":{_maybe(because)},"unenforced":{_names(unenforced)},"count":'
    )
    return start, middle, f',"rule":{_maybe(rule)},"reason":{_maybe(reason)}'


def event_text(event: SigningEvent, now: float) -> str:
    """Return what is recorded of an event, as the inside of a JSON object.

    It is put together by hand, and of parts that most links of a moment have in common, since a link
    waits for it.

    Args:
        event: what happened.
        now: what the clock says, in seconds since the epoch.

    """
    told = event.__dict__
    kept = getattr(event, ALIKE, None)
    if kept:
        start, middle, end = kept[0]
    else:
        parts = start, middle, end = _common(_shared(told))
        if kept is not None:
            kept.append(parts)
    url, root = told["url_sha256"], told["merkle_root"]
    return (
        f'"time":"{instant(now)}",{start}{_quote(told["path"])}{middle}{told["count"]},'
        f'"url_sha256":{_hex(url)},"merkle_root":{_hex(root)}{end}'
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


def lost_text(known: Head, now: float, *, moved: bool) -> str:
    """Return what is recorded where the newest line that this process knows of is no longer there.

    Args:
        known: that line.
        now: what the clock says, in seconds since the epoch.
        moved: whether this is another file, which may follow one that this process has not seen.

    """
    reason = (
        f"the process that writes this had written another file before, up to its line {known.seq}"
        if moved
        else f"line {known.seq} was here when the process that writes this last looked, and is here no longer"
    )
    fields = {
        "time": instant(now),
        "decision": "moved" if moved else "cut",
        "reason": reason,
        "known_seq": known.seq,
        "known_hash": known.hash,
    }
    return _encode(fields)[1:-1]


def write_line(head: Head, text: str) -> tuple[bytes, Head]:
    """Write the line that follows a head; return it and the new head."""
    seq = head.seq + 1
    body = f'{{"seq":{seq},"prev":"{head.hash}",{text}'
    digest = sha256(body.encode()).hexdigest()
    # Written as text once more: to format bytes takes longer than to encode twice.
    return f'{body},"hash":"{digest}"}}\n'.encode(), Head(seq, digest)


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
