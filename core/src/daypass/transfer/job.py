"""What is asked of an upload in parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from daypass.errors import ObjectNotFoundError
from daypass.gate import doors
from daypass.model.metadata import ObjectMetadata
from daypass.model.requests import for_reading, make_reading
from daypass.store.root import Root
from daypass.transfer.meter import Meter
from daypass.transfer.streams import Source

__all__ = ["Job", "has_parts"]


@attrs.frozen
class Job:
    """What is asked."""

    source: Source
    #: Where it goes, as it was given: by it an earlier run is known.
    path: str
    root: Root
    #: Below the root.
    key: str
    #: What describes the object and its links, as keywords.
    asked: Mapping[str, Any]
    #: The names of those that the caller gave.
    explicit: frozenset[str]
    part_size: int | None
    jobs: int
    resume: bool
    meter: Meter
    #: What is to be said in the end.
    notes: list[str]

    @property
    def changed(self) -> int:
        """When the file was changed last, in nanoseconds; 0 for a stream, whose file is new each time."""
        return 0 if self.source.name is None else self.source.file.stat().st_mtime_ns

    @property
    def _read_with(self) -> dict[str, Any]:
        """The keywords by which the object is read, but for headers: those are of an upload."""
        return {n: value for n, value in for_reading(self.asked).items() if n != "headers"}

    def head(self, *, missing_ok: bool = False) -> ObjectMetadata | None:
        """Return what the store says of the object."""
        try:
            dots = self.asked.get("allow_dot_segments", False)
            request = make_reading(self._read_with, allow_dot_segments=dots)
            return doors.head_metadata(*self.root.reading(self.key, request))
        except ObjectNotFoundError:
            if missing_ok:
                return None
            raise


def has_parts(job: Job, size: int) -> bool:
    """Tell whether the job's store takes a file of this size in parts."""
    info = job.root.backend.info
    lacks = "create_multipart_upload" in job.root.location.lacks
    return info.multipart is not None and size > 0 and not lacks
