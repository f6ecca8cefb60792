"""The columns that signing adds to rows, as plain lists: what Arrow and manifests are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

import attrs

from daypass.errors import DaypassError
from daypass.model.batches import SignedURLBatch
from daypass.model.metadata import ObjectMetadata
from daypass.model.requests import for_reading
from daypass.store.bulk import blamed
from daypass.store.functions import create_signed_urls, head_metadata_many
from daypass.store.store import Store

__all__ = ["SignedRows", "sign_rows"]


@attrs.frozen(repr=False, kw_only=True)
class SignedRows:
    """One value for each row in every column; None where there is none."""

    urls: Sequence[str | None]
    ends: Sequence[datetime | None]
    #: The twin links for HEAD and the sizes; empty where they were not asked for.
    head_urls: Sequence[str | None] = ()
    sizes: Sequence[int | None] = ()
    #: Why a row has no URL, or no size.
    errors: Mapping[int, DaypassError]
    #: The options that the store does not enforce.
    unenforced: frozenset[str]
    #: The names of the headers that users of the links must send.
    headers: frozenset[str]


def sign_rows(
    paths: Sequence[str | None],
    columns: Mapping[str, Sequence[Any]],
    options: Mapping[str, Any],
    *,
    with_head: bool = False,
    errors: Literal["raise", "collect"] = "raise",
    first: int = 0,
    store: Store | None = None,
) -> SignedRows:
    """Sign rows; a row without a path stays without a URL, and is no error.

    Args:
        paths: whole paths, or keys where there is a store.
        columns: values of the options in `PER_ROW`, one for each path.
        options: the keywords of `daypass.create_signed_urls`, or of the store's.
        with_head: also sign for HEAD and read the size.
        errors: raise the first row's error, or collect them.
        first: the number of the first row, for the error's message.
        store: below whose root the keys lie.

    Raises:
        DaypassError: of the first row that cannot be signed or read, unless they are collected.

    """
    paths = list(paths)
    batch = _batch(store, paths, columns, options)
    faults = dict(batch.errors)
    heads: dict[str, Any] = {}
    if with_head:
        twins = _batch(store, paths, columns, {**options, "method": "HEAD"})
        found = _heads(store, paths, columns, options)
        heads = {
            "head_urls": twins.lazy_urls,
            "sizes": [head.size if isinstance(head, ObjectMetadata) else None for head in found],
        }
        for row, head in enumerate(found):
            if isinstance(head, DaypassError):
                faults.setdefault(row, head)
    faults = {row: faults[row] for row in sorted(faults) if paths[row] is not None}
    if faults and errors == "raise":
        row = next(iter(faults))
        raise blamed(faults[row], first + row, paths[row])
    patterns, _ = batch.patterns()
    return SignedRows(
        urls=batch.lazy_urls,
        ends=_ends(batch),
        errors=faults,
        unenforced=frozenset().union(*(like.unenforced for like in patterns)),
        headers=frozenset().union(*(like.headers for like in patterns)),
        **heads,
    )


def _batch(
    store: Store | None,
    paths: Sequence[Any],
    columns: Mapping[str, Sequence[Any]],
    options: Mapping[str, Any],
) -> SignedURLBatch:
    given: dict[str, Any] = {**options, **columns}
    if store is not None:
        return store.create_signed_urls(paths, **given, errors="collect")
    return create_signed_urls(paths, **given, errors="collect")


def _heads(
    store: Store | None,
    paths: Sequence[Any],
    columns: Mapping[str, Sequence[Any]],
    options: Mapping[str, Any],
) -> list[Any]:
    read: dict[str, Any] = {"version": columns.get("version"), **for_reading(options)}
    if store is not None:
        return list(store.head_metadata_many(paths, **read))
    # Of another signer they say nothing to whom the paths belong, who reads.
    own = () if options.get("signer") else ("signer_options",)
    places = {n: options[n] for n in ("storage_options", "fs", *own) if n in options}
    return list(head_metadata_many(paths, **places, **read))


def _ends(batch: SignedURLBatch) -> list[datetime | None]:
    patterns, which = batch.patterns()
    if len(patterns) == 1 and not batch.errors:
        return [patterns[0].expires_at] * len(batch)
    return [
        None if url is None else patterns[pattern].expires_at
        for url, pattern in zip(batch.urls, which, strict=True)
    ]
