"""What Cloud Storage keeps: buckets, objects and their generations, in memory, with the conditions of an upload.

Rules: https://docs.cloud.google.com/storage/docs/xml-api/reference-headers.
"""

from __future__ import annotations

import base64
import hashlib
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import attrs

from tests.servers.gcs_refusals import RefusedError


@attrs.frozen
class Stored:
    """One generation of an object."""

    body: bytes
    headers: dict[str, str]
    generation: int
    moment: datetime
    #: True of an object that was uploaded in parts: it has no MD5.
    in_parts: bool = False


@attrs.define
class Upload:
    """An upload in parts."""

    key: str
    headers: dict[str, str]
    parts: dict[int, bytes] = attrs.field(factory=dict)


class Bucket:
    """Objects and their generations, with the conditions of an upload."""

    def __init__(self) -> None:
        self.objects: dict[str, list[Stored]] = {}
        self.requester_pays = False
        #: Uploads in parts that are neither completed nor aborted, by their ids.
        self.uploads: dict[str, Upload] = {}
        #: How many parts a list holds at most.
        self.page = 1000
        self.cors: list[dict[str, Any]] = []
        self._generation = 1_700_000_000_000_000
        self._lock = threading.Lock()

    def get(self, key: str, generation: str | None) -> Stored:
        versions = self.objects.get(key, [])
        for stored in reversed(versions):
            if generation in (None, str(stored.generation)):
                return stored
        raise RefusedError(404, "NoSuchKey")

    def put(
        self, key: str, body: bytes, headers: Mapping[str, str], *, in_parts: bool = False
    ) -> Stored:
        with self._lock:
            present = self.objects.get(key)
            wanted = headers.get("x-goog-if-generation-match")
            if wanted is not None and wanted != str(present[-1].generation if present else 0):
                raise RefusedError(412, "PreconditionFailed")
            _check_range(headers.get("x-goog-content-length-range"), len(body))
            check_md5(headers.get("content-md5"), body)
            self._generation += 1
            kept = {
                name: value
                for name, value in headers.items()
                if name.startswith(("x-goog-", "content-", "cache-"))
            }
            stored = Stored(body, kept, self._generation, datetime.now(UTC), in_parts)
            self.objects.setdefault(key, []).append(stored)
            return stored

    def delete(self, key: str, generation: str | None) -> None:
        stored = self.get(key, generation)
        versions = self.objects[key]
        versions.remove(stored)
        if not versions:
            del self.objects[key]


def _check_range(text: str | None, size: int) -> None:
    if text is None:
        return
    smallest, _, largest = text.partition(",")
    if not smallest.isdigit() or not largest.isdigit():
        raise RefusedError(400, "InvalidArgument")
    if size < int(smallest):
        raise RefusedError(400, "EntityTooSmall")
    if size > int(largest):
        raise RefusedError(400, "EntityTooLarge")


def check_md5(text: str | None, body: bytes) -> None:
    if text is not None and text != md5_of(body):
        raise RefusedError(400, "BadDigest")


def md5_of(body: bytes) -> str:
    return base64.b64encode(hashlib.md5(body).digest()).decode()
