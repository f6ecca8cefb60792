"""The filesystem of a location, for those who call it from a hook: one with a loop of its own."""

from __future__ import annotations

from typing import Any

from daypass.model.locations import Location
from daypass.toolkit.engine import prepared

__all__ = ["sync_filesystem"]


def sync_filesystem(location: Location, **changed: Any) -> Any:
    """Return the filesystem, or a twin of it where it was made for its owner's event loop.

    A hook may be called from any thread, and must not wait for a loop that waits for it.

    Args:
        location: whose filesystem; one twin serves all below its store.
        changed: storage options that the twin shall have in place of the filesystem's own.

    """
    fs: Any = location.fs
    if not fs.asynchronous:
        return fs

    def twin(_: Location) -> Any:
        options = {**fs.storage_options, "asynchronous": False, "loop": None, **changed}
        return type(fs)(**{**options, "skip_instance_cache": True})

    return prepared(location, "sync filesystem", twin)
