"""A few bytes of what a link opens, or a page of the names below it: signed with the right of who made it, and asked for here."""

from __future__ import annotations

from typing import Any

import daypass
from daypass.errors import StoreError
from daypass.model.links import SignedURL
from daypass.toolkit.deadlines import Deadline
from daypass.toolkit.wire import network_errors, read_answer, send
from daypass_links.server.pages.holders import Held
from daypass_links.server.pages.looking import PATIENCE

__all__ = ["fetched", "part_of", "signed"]

#: How long what is asked for at once has to live, in seconds.
_SOON = 60
_PARTIAL = 206


def signed(held: Held, key: str, method: str, **options: Any) -> tuple[daypass.Store, SignedURL]:
    """Sign for a key below the store's root; it raises as `daypass.Store.create_signed_url` does."""
    store = held.ready.store
    assert store is not None  # noqa: S101 - or the link would be closed
    return store, store.create_signed_url(key, method=method, expires_in=_SOON, **options)


def part_of(held: Held, first: int, length: int) -> bytes:
    """Return bytes of the object of a link: as many, or fewer at its end.

    Raises:
        StoreError: if the store does not answer, or not with that part.
        DeadlineError: if it takes too long.
        DaypassError: if it cannot be signed, or not any more.

    """
    store, link = signed(held, held.ready.key, "GET", **held.ready.asked["GET"])
    headers = {"Range": f"bytes={first}-{first + length - 1}"}
    status, text = fetched(store, link, length, headers)
    if first and status != _PARTIAL:
        msg = "the store gives no parts of objects"
        raise StoreError(msg)
    return text


def fetched(
    store: daypass.Store, link: SignedURL, most: int, headers: dict[str, str] | None = None
) -> tuple[int, bytes]:
    """Return the status and the body that a signed URL leads to, of which no more is read than so many bytes; it raises as `part_of` does."""

    def ask() -> tuple[int, bytes]:
        with (
            send(link, headers=headers, timeout=PATIENCE, network=store.root.network) as response,
            network_errors(link, PATIENCE),
        ):
            return response.status, read_answer(response, most, PATIENCE)

    return Deadline.after(PATIENCE).run(ask, "reading from the store")
