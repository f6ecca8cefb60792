"""Resumable uploads as Cloud Storage documents them, in memory.

https://docs.cloud.google.com/storage/docs/performing-resumable-uploads and
https://docs.cloud.google.com/storage/docs/xml-api/post-object-resumable. Whoever has the address of a session
may bring bytes to it: nothing else of the request is looked at.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping

import attrs

#: A session keeps whole pieces of so many bytes of what comes, unless it is the end.
PIECE = 256 << 10


class RefusedRangeError(Exception):
    """A Content-Range that does not fit."""


@attrs.define
class Session:
    """One upload that has begun."""

    #: What the start said of the object.
    headers: dict[str, str]
    #: Makes the object of all bytes; returns its generation.
    finish: Callable[[bytes, Mapping[str, str]], int]
    body: bytes = b""
    generation: int | None = None


@attrs.frozen
class Said:
    """What a session answers."""

    status: int
    headers: dict[str, str] = attrs.field(factory=dict)
    code: str = ""


class Sessions:
    """The sessions of a front, by their ids."""

    def __init__(self) -> None:
        self.open: dict[str, Session] = {}
        #: Of the next requests with bytes: how many arrive before the connection breaks; None for all.
        self.breaks: list[int | None] = []
        #: Called where a connection breaks, before it does.
        self.when_broken: Callable[[], object] = lambda: None
        #: Statuses to answer the next requests with, whatever they ask.
        self.faults: list[int] = []
        #: What was asked: the Content-Range of each request, and how many bytes came.
        self.asked: list[tuple[str | None, int]] = []

    def start(
        self, headers: Mapping[str, str], finish: Callable[[bytes, Mapping[str, str]], int]
    ) -> str:
        """Begin a session and return its id."""
        name = secrets.token_urlsafe(24)
        own = {
            name: value
            for name, value in headers.items()
            if name not in ("x-goog-resumable", "content-length", "host")
        }
        self.open[name] = Session(own, finish)
        return name

    def put(self, name: str, headers: Mapping[str, str], body: bytes, *, broken: bool) -> Said:
        """Take bytes, or say how many there are."""
        place = headers.get("content-range")
        self.asked.append((place, len(body)))
        session = self.open.get(name)
        if session is None:
            return Said(404, code="NoSuchUpload")
        if session.headers.get("x-goog-encryption-key") != headers.get("x-goog-encryption-key"):
            return Said(400, code="CustomerEncryptionKeyIsIncorrect")
        if session.generation is None:
            self._take(session, place, body, broken=broken)
        if session.generation is None:
            have = len(session.body)
            return Said(308, {"Range": f"bytes=0-{have - 1}"} if have else {})
        generation = session.generation
        return Said(200, {"ETag": f'"{generation:x}"', "x-goog-generation": str(generation)})

    def _take(self, session: Session, place: str | None, body: bytes, *, broken: bool) -> None:
        """Keep what fits behind the bytes that are there, and make the object of all."""
        match = re.fullmatch(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)", place or f"bytes */{len(body)}")
        if match is None:
            raise RefusedRangeError
        begin = int(match[1] or (0 if place is None else len(session.body)))
        total = None if match[3] == "*" else int(match[3])
        announced = int(match[2]) - begin + 1 if match[2] else len(body) if place is None else 0
        have = session.body
        if begin > len(have) or (not broken and announced != len(body)):
            raise RefusedRangeError  # a hole, or another length than was said
        new = have + body[len(have) - begin :]
        if len(new) != total:
            new = new[: max(len(have), len(new) // PIECE * PIECE)]
        session.body = new
        if len(new) == total and not broken:
            session.generation = session.finish(new, session.headers)

    def delete(self, name: str) -> Said:
        """Forget a session."""
        return Said(404 if self.open.pop(name, None) is None else 499)
