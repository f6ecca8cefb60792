"""``Transfer``: a file that has gone up or come down, and what of it was compared."""

from __future__ import annotations

import attrs

__all__ = ["Transfer"]


@attrs.frozen(kw_only=True)
class Transfer:
    """A file that has gone up or come down. It holds no secret: a URL is shown without its query."""

    #: The path of the object; of a bare URL, the URL with its query masked.
    path: str
    #: Size in bytes.
    size: int
    #: The media type that the upload declared; None where it declared none, and for a download.
    content_type: str | None = None
    #: MD5 in base64 that was compared: of an upload by the store, of a download here; None where
    #: none was.
    content_md5: str | None = None
    #: The object's ETag, without quotes; None where the store gave none.
    etag: str | None = None
    #: How many parts it went up in.
    parts: int = 1
    #: What was compared in the end: ``"size"``, ``"md5"`` and ``"etag"``; ``"part"`` where a link's Range brought a part
    #: of the object, of which the length is all that was compared.
    checked: tuple[str, ...] = ()
    #: Options that were asked for, and that the store does not enforce.
    unenforced: frozenset[str] = frozenset()
    #: What was not done as asked, and why: a sentence for each.
    notes: tuple[str, ...] = ()
