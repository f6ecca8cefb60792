"""A page of what lies in a folder of a store, listed by a link of whoever looks: the policy is asked for LIST, and the audit tells of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import accumulate
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, unquote_plus

import attrs

import daypass
from daypass.base.times import moment
from daypass.errors import StoreError
from daypass.toolkit.deadlines import Deadline
from daypass.toolkit.wire import network_errors, read_answer, send

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

__all__ = ["ROOM", "Entry", "Listing", "listed"]

#: How many entries a page has unless that is said; how long a store may take, in seconds.
_SHOWN, _PATIENCE = 100, 15.0
#: How much is read of an answer for each entry, in bytes, and for so many more, which is for what it says besides: a key has 1024 bytes at
#: most, each of which may be written as six.
_ENTRY, _BESIDES = 8 << 10, 8
#: How long the keys of a page for people may be together, in bytes: each is there several times, and escaped.
ROOM = 12_000
#: How long the link that lists lives, in seconds: it is used at once, and told to nobody.
_LIVES = 60
#: What the answers of S3 and Cloud Storage, and that of Azure, are called.
_OF_S3, _OF_AZURE = "ListBucketResult", "EnumerationResults"


@attrs.frozen(kw_only=True)
class Entry:
    """An object, or a folder: what keys have in common up to a slash."""

    #: Its key in the store, relative to the store's root; of a folder it ends in a slash.
    key: str
    #: What it is called in the folder that is listed.
    name: str
    is_folder: bool
    #: In bytes; None of a folder.
    size: int | None = None
    changed_at: datetime | None = None


@attrs.frozen
class Listing:
    """What is in a folder."""

    entries: tuple[Entry, ...]
    #: What the next page is asked with; None of the last one.
    next: str | None
    #: Whether the store has anything there, be it the mark of an empty folder alone.
    is_there: bool = attrs.field(default=True, kw_only=True)


def listed(
    store: daypass.Store,
    key: str,
    token: str | None,
    *,
    most: int = _SHOWN,
    room: int | None = None,
) -> Listing:
    """Return a page of what is in a folder, folders first.

    Args:
        store: whose caller looks.
        key: of the folder, relative to the store's root: empty, or with a slash at its end.
        token: what the page before says; None for the first page.
        most: how many entries it has, 1000 at most.
        room: how long their keys may be together, in bytes, and no less than one key; of longer ones the page has fewer, for which the
            store is asked once more.

    Raises:
        PolicyError: if the policy does not let the caller list it.
        UnsupportedOptionError: if nothing can be listed there by a link.
        StoreError: if the store cannot be reached, or refuses.
        DeadlineError: if it does not answer in time.

    """
    found = _page(store, key, token, most)
    if room is None:
        return found
    # As stores order them: so the first of a page are those that a shorter one has.
    keys = sorted(entry.key.encode() for entry in found.entries)
    fitting = sum(length <= room for length in accumulate(map(len, keys)))
    return found if fitting == len(keys) else _page(store, key, token, max(fitting, 1))


def _page(store: daypass.Store, key: str, token: str | None, most: int) -> Listing:
    link = store.create_signed_url(
        key,
        method="LIST",
        delimiter="/",
        max_keys=most,
        continuation_token=token,
        expires_in=_LIVES,
        strict=False,  # nobody else has the link, so that nothing has to hold it to the prefix
    )
    network = store.root.network

    def exchange() -> bytes:
        with (
            send(link, timeout=_PATIENCE, network=network) as answer,
            network_errors(link, _PATIENCE),
        ):
            return read_answer(answer, (most + _BESIDES) * _ENTRY)

    text = Deadline.after(_PATIENCE).run(exchange, f"the listing of {link.path}")
    root = _parsed(text)
    if root is None or _name(root) not in (_OF_S3, _OF_AZURE):
        msg = f"the store answered the listing of {link.path} with something else: see what stands between here and the store"
        raise StoreError(msg)
    base = store.location.key
    below = f"{base.removesuffix('/')}/" if base else ""
    named = [*_entries(root, below, key)]
    found = [entry for entry in named if entry.name.removesuffix("/")]
    further = _text(root, "NextContinuationToken") or _text(root, "NextMarker") or None
    return Listing(
        tuple(sorted(found, key=lambda entry: not entry.is_folder)),
        further,
        is_there=bool(named or further),
    )


def _entries(root: Element, below: str, folder: str) -> Iterator[Entry]:
    """Yield what an answer names that lies in the folder, and nothing else that it may name."""
    decoded = unquote_plus if _text(root, "EncodingType") == "url" else str
    for element in root.iter():
        kind = _name(element)
        if kind in ("Contents", "Blob"):
            said, is_folder = element, False
        elif kind in ("CommonPrefixes", "BlobPrefix"):
            said, is_folder = element, True
        else:
            continue
        key = _key(said, decoded)
        if key is None or not key.startswith(below + folder):
            continue
        facts = next((one for one in said if _name(one) == "Properties"), said)
        size = _text(facts, "Size") or _text(facts, "Content-Length") or ""
        yield Entry(
            key=key[len(below) :],
            name=key[len(below + folder) :],
            is_folder=is_folder,
            size=int(size) if size.isdecimal() and not is_folder else None,
            changed_at=None if is_folder else moment(_text(facts, "LastModified")),
        )


def _key(element: Element, decoded: Any) -> str | None:
    """Return the key of an entry: as Azure writes one that XML cannot hold, too."""
    for child in element:
        if _name(child) in ("Key", "Prefix"):
            return str(decoded(child.text or ""))
        if _name(child) == "Name":
            text = child.text or ""
            return unquote(text) if child.get("Encoded") == "true" else text
    return None


def _parsed(text: bytes) -> Element | None:
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import ParseError, fromstring

    try:
        root: Element = fromstring(text.strip(), forbid_dtd=True)
    except (DefusedXmlException, ParseError, ValueError, LookupError):
        return None
    return root


def _name(element: Element) -> str:
    """Return an element's name without its namespace."""
    return element.tag.rpartition("}")[2]


def _text(element: Element, name: str) -> str | None:
    return next((child.text for child in element if _name(child) == name), None)
