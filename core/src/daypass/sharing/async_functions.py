"""``ashare`` and ``arequest_upload`` for async code: each does in a thread what its twin without the ``a`` does."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Unpack

from daypass.base.tracebacks import discreet
from daypass.model.links import SignedURL
from daypass.model.paths import PathLike
from daypass.sharing.functions import share
from daypass.sharing.requests import request_upload
from daypass.store.keywords import RequestKeywords, ShareKeywords

if TYPE_CHECKING:
    from daypass.model.forms import UploadForm
    from daypass.model.inboxes import Inbox
    from daypass.model.prefixes import SignedPrefix

__all__ = ["arequest_upload", "ashare"]


@discreet
async def ashare(
    thing: object, path: PathLike | None = None, **options: Unpack[ShareKeywords]
) -> SignedURL | SignedPrefix:
    """Do what `share` does, in a thread; the object is not to be changed until it is written."""
    return await asyncio.to_thread(lambda: share(thing, path, **options))


@discreet
async def arequest_upload(
    path: PathLike, **options: Unpack[RequestKeywords]
) -> Inbox | SignedPrefix | UploadForm | SignedURL:
    """Do what `request_upload` does, in a thread."""
    return await asyncio.to_thread(lambda: request_upload(path, **options))
