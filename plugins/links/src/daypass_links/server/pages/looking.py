"""What the store says of the object behind a link, to whoever has the link: asked with the right of who made it, and not for long."""

from __future__ import annotations

from base64 import b64decode

import attrs

import daypass
from daypass.errors import DaypassError, ObjectNotFoundError
from daypass.model.options import OF_READING
from daypass.toolkit.deadlines import Deadline
from daypass_links.server.logs import log
from daypass_links.server.pages.friendly import ClosedError
from daypass_links.server.pages.holders import Held
from daypass_links.server.service import Service

__all__ = ["PATIENCE", "Looked", "look"]

#: So long a page waits for a store, in seconds.
PATIENCE = 5.0
#: Checksums as people know them, with their length in bytes: of an object that came in parts a store has others under the same names.
_CHECKSUMS = {"sha256": ("SHA-256", 32), "sha1": ("SHA-1", 20), "md5": ("MD5", 16)}


@attrs.frozen(kw_only=True)
class Looked:
    """What is known of an object; None where the store does not say."""

    size: int | None = None
    content_type: str | None = None
    content_encoding: str | None = None
    #: Its name and the digits, as commands print them.
    checksum: tuple[str, str] | None = None


def look(service: Service, held: Held) -> Looked | None:
    """Return what the store says of a link's object; None where it does not say, or the maker may not ask.

    Raises:
        ClosedError: if there is no such object.

    """
    store, options = held.ready.store, held.ready.asked.get("GET", {})
    assert store is not None  # noqa: S101 - or the link would be closed
    reading = {name: value for name, value in options.items() if name in OF_READING}
    try:
        allowed = daypass.rehearse(held.link.path, method="HEAD", caller=store.caller)
        if not allowed.allowed:
            return None
        found = Deadline.after(PATIENCE).run(
            lambda: store.head_metadata(held.ready.key, **reading), "asking the store"
        )
    except ObjectNotFoundError:
        raise ClosedError(404, "not-found") from None
    except DaypassError as error:
        log.warning("a store says nothing of an object", link_id=held.link.id, code=error.code)
        return None
    service.events.note("head", link_id=held.link.id, method="HEAD", address=held.address)
    checksums = {**found.checksums, **({"md5": found.content_md5} if found.content_md5 else {})}
    return Looked(
        size=found.size,
        content_type=found.content_type,
        content_encoding=found.content_encoding,
        checksum=_checksum(checksums),
    )


def _checksum(said: dict[str, str]) -> tuple[str, str] | None:
    for name, (shown, length) in _CHECKSUMS.items():
        try:
            digest = b64decode(said.get(name, ""), validate=True)
        except ValueError:
            continue
        if len(digest) == length:
            return shown, digest.hex()
    return None
