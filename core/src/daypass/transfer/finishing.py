"""The end of an upload in parts: the object is made of them, and held against the file."""

from __future__ import annotations

import hashlib
from base64 import b64decode
from collections.abc import Mapping

from daypass.errors import (
    AccessDeniedError,
    CredentialsError,
    DeadlineError,
    ObjectNotFoundError,
    StoreError,
)
from daypass.hookspecs.parts import UploadedPart
from daypass.store.multipart import MultipartUpload
from daypass.transfer.job import Job
from daypass.transfer.journal import Upload
from daypass.transfer.outcome import Transfer
from daypass.transfer.retries import insist

__all__ = ["checked", "complete", "completed"]


def complete(
    job: Job, upload: MultipartUpload, known: Upload, parts: Mapping[int, UploadedPart]
) -> str | None:
    """Make the object, and return its ETag; asked again where the answer was lost."""
    whole = parts.values() if all(part.etag for part in parts.values()) else None
    asked = 0

    def once() -> str | None:
        nonlocal asked
        asked += 1
        try:
            return upload.complete(whole).etag
        except ObjectNotFoundError:
            done = completed(job, upload.unenforced, known) if asked > 1 else None
            if done is None:
                raise
            return done.etag

    return insist(once)


def completed(job: Job, unenforced: frozenset[str], known: Upload) -> Transfer | None:
    """Return the object that an upload has become, where that can be told."""
    head = job.head(missing_ok=True)
    if head is None or (head.size, head.content_md5) != (known.size, known.content_md5):
        return None
    return _done(job, known, unenforced, head.etag, checked=("size",))


def checked(
    job: Job, known: Upload, unenforced: frozenset[str], etag: str | None, *, md5_checked: bool
) -> Transfer:
    """Hold the object that is there against the file.

    Raises:
        StoreError: if it is another.
        DaypassError: if it cannot be looked at: the same error as of that request, which says that the object is there.

    """
    compared: list[str] = []
    try:
        head = job.head()
    except (AccessDeniedError, CredentialsError, StoreError, DeadlineError) as error:
        error.args = (
            f"the store has taken the upload of {known.path}, and it could not be checked: {error}",
            *error.args[1:],
        )
        raise
    if head is not None and head.size is not None:
        if head.size != known.size:
            msg = f"{known.path} should have {known.size} bytes, and has {head.size}"
            raise StoreError(msg)
        compared.append("size")
    # Of an object that came to a session the store makes an MD5 of its own; of one in parts it has none.
    own = None if head is None or known.session is None else head.checksums.get("md5")
    if own is not None:
        if own != known.content_md5:
            msg = f"{known.path} should have the MD5 {known.content_md5}, and has {own}: the file was changed meanwhile, or something else was uploaded"
            raise StoreError(msg)
        compared.append("md5")
    etag = etag or (None if head is None else head.etag)
    # Of an object in parts S3 makes a tag of its parts' MD5s, unless it encrypts it with a key of its own.
    digests = b"".join(b64decode(md5) for md5 in known.part_md5s)
    tag = hashlib.md5(digests, usedforsecurity=False).hexdigest()
    if etag == f"{tag}-{len(known.part_md5s)}":
        compared.append("etag")
    return _done(
        job,
        known,
        unenforced,
        etag,
        checked=tuple(compared),
        content_md5=known.content_md5 if md5_checked or own is not None else None,
    )


def _done(
    job: Job,
    known: Upload,
    unenforced: frozenset[str],
    etag: str | None,
    *,
    checked: tuple[str, ...],
    content_md5: str | None = None,
) -> Transfer:
    return Transfer(
        path=known.path,
        size=known.size,
        content_type=known.options.get("content_type"),
        content_md5=content_md5,
        etag=etag,
        parts=len(known.part_md5s) or 1,
        checked=checked,
        unenforced=unenforced,
        notes=tuple(job.notes),
    )
