"""`daypass put` of a large file: in parts, resumed after a kill, and nothing left behind in silence."""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

import click

from daypass.cli.checksums import checksums
from daypass.cli.jobs import Done, Job
from daypass.cli.journal import Journal, Upload, open_journal
from daypass.cli.output import warn
from daypass.cli.progress import progress
from daypass.cli.transfer import ChangedError, Sent, is_temporary, send_parts
from daypass.cli.words import listed
from daypass.errors import (
    AccessDeniedError,
    CredentialsError,
    DaypassError,
    DeadlineError,
    ObjectNotFoundError,
    StoreError,
    UnsupportedOptionError,
)
from daypass.hookspecs.parts import UploadedPart, plan_parts
from daypass.model.metadata import ObjectMetadata
from daypass.store.multipart import MultipartUpload
from daypass.store.store import Store

__all__ = ["abort", "has_parts", "put"]

#: Where `daypass get` looks for the MD5 of an object whose store keeps none.
_MD5 = "md5chksum"
#: How often the end of an upload is asked for.
_TRIES = 3


def has_parts(job: Job, size: int) -> bool:
    """Tell whether the job's store takes a file of this size in parts.

    Raises:
        InvalidRequestError: for a part size that it does not take.

    """
    store, _ = job.store
    limits = store.backend.info.multipart
    if limits is None or size == 0 or "create_multipart_upload" in store.location.lacks:
        return False
    plan_parts(size, job.part_size, limits, store.backend.info.name)
    return True


def put(job: Job) -> Done | None:
    """Upload a file in parts; return None where the store takes what was asked only in one piece.

    Raises:
        click.UsageError: if there is an upload to be resumed or aborted first, or the file is another
            than the one whose upload began.
        DaypassError: one of the tree in `daypass.errors`.

    """
    with open_journal(job.file, job.path) as journal:
        if journal.upload is not None and not job.resume:
            msg = (
                f"an earlier upload of {job.file} to this path is not complete: go on with it by "
                f"`{job.command('--resume')}`, or remove it by `{job.command('--abort')}`"
            )
            raise click.UsageError(msg)
        return _go_on(job, journal) if journal.upload is not None else _begin(job, journal)


def abort(job: Job) -> str:
    """Remove what an earlier run has uploaded; return what became of it.

    Raises:
        click.UsageError: if no earlier run is known.
        DaypassError: if the store cannot be asked.

    """
    with open_journal(job.file, job.path) as journal:
        known = journal.upload
        if known is None:
            msg = f"no upload of {job.file} to this path is known that is not complete"
            raise click.UsageError(msg)
        _resumed(job, known).abort()
        journal.remove()
        return _aborted(known, job.store[0].backend.info.name)


def _aborted(known: Upload, backend: str) -> str:
    if backend == "azure":
        return f"the upload to {known.path} is forgotten: azure drops its parts a week after the last of them, or with the next upload to that path"
    return f"the upload to {known.path} is aborted, and its parts are removed"


def _begin(job: Job, journal: Journal) -> Done | None:
    store, key = job.store
    limits = store.backend.info.multipart
    assert limits is not None  # noqa: S101 - has_parts has asked
    if job.asked.get("if_absent"):
        _check_absent(store, key)
    before = job.file.stat()
    plan = plan_parts(before.st_size, job.part_size, limits, store.backend.info.name)
    md5, md5s = checksums(job.file, plan.size, plan.part_size)
    if len(md5s) != plan.count:
        msg = f"{job.file} changed while it was read"
        raise ChangedError(msg)
    asked: dict[str, Any] = dict(job.asked)
    headers = asked.pop("headers", None)
    metadata = dict(asked.get("metadata") or {})
    metadata.setdefault(_MD5, md5)
    asked["metadata"] = metadata
    try:
        upload = store.create_multipart_upload(
            key, size=plan.size, part_size=plan.part_size, headers=headers, **asked
        )
    except UnsupportedOptionError as error:
        if error.option not in {*job.asked, "signature_version"}:
            raise
        warn(f"uploading in one piece: {error}")
        return None
    if upload.unenforced:
        warn(f"the store does not enforce {listed(upload.unenforced)}")
    known = Upload(
        file=str(job.file.absolute()),
        path=upload.path,
        size=plan.size,
        part_size=plan.part_size,
        changed=before.st_mtime_ns,
        upload_id=upload.upload_id,
        content_md5=md5,
        part_md5s=md5s,
        options=asked,
        headers=_digest(headers),
    )
    try:
        journal.begin(known)
    except OSError:
        upload.abort()
        raise
    return _send(job, journal, upload, known, {})


def _check_absent(store: Store, key: str) -> None:
    """Raise where the object exists: the store would say so only when all is sent."""
    try:
        head = store.head_metadata(key, missing_ok=True)
    except (AccessDeniedError, CredentialsError):
        return  # it may write and not look, and is told in the end
    if head is not None:
        msg = f"{head.path} exists, and the upload was asked to create it (if_absent)"
        raise StoreError(msg)


def _go_on(job: Job, journal: Journal) -> Done:
    known = journal.upload
    assert known is not None  # noqa: S101 - its caller has looked
    _check_options(job, known)
    now = job.file.stat()
    md5, md5s = checksums(job.file, now.st_size, known.part_size)
    if (now.st_size, now.st_mtime_ns, md5, md5s) != (
        known.size,
        known.changed,
        known.content_md5,
        known.part_md5s,
    ):
        msg = (
            f"{job.file} is not what it was when its upload began: remove that upload by "
            f"`{job.command('--abort')}`, and begin again"
        )
        raise click.UsageError(msg)
    upload = _resumed(job, known)
    try:
        found = upload.list_parts()
    except ObjectNotFoundError:
        done = _completed(job, upload, known)
        journal.remove()
        if done is None:
            msg = f"the store no longer knows the upload to {known.path}, which was completed by somebody else or aborted: begin again without --resume"
            raise StoreError(msg) from None
        return done
    there = {}
    for part in found:
        if part.number <= upload.part_count and part.size == upload.size_of(part.number):
            own = b64decode(known.part_md5s[part.number - 1]).hex()
            # The tag is the MD5, or what the store answered then (it has encrypted the part), or
            # there is none: then the part's name is this upload's own.
            if part.etag in (None, own, journal.etags.get(part.number)):
                there[part.number] = part
                if part.etag == own:
                    journal.bound.add(part.number)
    return _send(job, journal, upload, known, there)


def _check_options(job: Job, known: Upload) -> None:
    given: dict[str, Any] = {
        name: value for name, value in job.asked.items() if name in job.explicit
    }
    headers = given.pop("headers", None)
    metadata = given.get("metadata")
    if isinstance(metadata, Mapping):
        given["metadata"] = {_MD5: known.content_md5, **metadata}
    links = ("expires_in",)  # each link is made anew
    differ = [
        name for name in given if name not in links and known.options.get(name) != given[name]
    ]
    if known.headers != _digest(headers):
        differ.append("headers")
    if differ:
        msg = f"--resume: {differ[0]} is not what the upload was begun with: give the same, or nothing"
        raise click.UsageError(msg)


def _resumed(job: Job, known: Upload) -> MultipartUpload:
    store, key = job.store
    options = {**known.options, "headers": job.asked.get("headers")}
    if "expires_in" in job.explicit:
        options["expires_in"] = job.asked.get("expires_in")
    return store.resume_multipart_upload(
        key, known.upload_id, size=known.size, part_size=known.part_size, **options
    )


def _send(
    job: Job,
    journal: Journal,
    upload: MultipartUpload,
    known: Upload,
    there: Mapping[int, UploadedPart],
) -> Done:
    """Send what is missing, and make the object."""
    parts = dict(there)
    with _told(job, journal, upload, parts):
        with progress("uploading", known.size) as advance:
            advance(sum(upload.size_of(number) for number in parts))
            missing = [n for n in range(1, upload.part_count + 1) if n not in parts]
            for sent in send_parts(
                upload, job.file, known.part_md5s, missing, jobs=job.jobs, advance=advance
            ):
                _note(journal, parts, upload, sent)
        etag = _complete(job, upload, known, parts)
        journal.remove()
    return _checked(job, known, etag, md5_checked=parts.keys() <= journal.bound)


def _note(
    journal: Journal, parts: dict[int, UploadedPart], upload: MultipartUpload, sent: Sent
) -> None:
    size = upload.size_of(sent.number)
    parts[sent.number] = UploadedPart(number=sent.number, size=size, etag=sent.etag)
    journal.add(sent.number, sent.etag, bound=sent.bound)


@contextmanager
def _told(
    job: Job, journal: Journal, upload: MultipartUpload, parts: Mapping[int, UploadedPart]
) -> Iterator[None]:
    """Abort what can never be finished; of anything else, say how to go on or remove it."""
    try:
        yield
    except BaseException as error:
        if _is_final(error) and _has_aborted(upload):
            journal.remove()
            warn("the upload is aborted, and nothing of it is left in the store")
        else:
            warn(
                f"at least {len(parts)} of {upload.part_count} parts are in the store: go on by "
                f"`{job.command('--resume')}`, or remove them by `{job.command('--abort')}`"
            )
        raise


def _is_final(error: BaseException) -> bool:
    """Tell whether going on could only fail in the same way; with other credentials it may not."""
    if isinstance(error, ChangedError):
        return True
    return (
        isinstance(error, StoreError)
        and error.status not in (None, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
        and not is_temporary(error)
    )


def _has_aborted(upload: MultipartUpload) -> bool:
    try:
        upload.abort()
    except DaypassError as error:
        warn(f"the upload could not be aborted: {error}")
        return False
    return True


def _complete(
    job: Job, upload: MultipartUpload, known: Upload, parts: Mapping[int, UploadedPart]
) -> str | None:
    """Make the object, and return its ETag; asked again where the answer was lost."""
    whole = parts.values() if all(part.etag for part in parts.values()) else None
    for tried in range(1, _TRIES + 1):
        try:
            return upload.complete(whole).etag
        except ObjectNotFoundError:
            done = _completed(job, upload, known) if tried > 1 else None
            if done is None:
                raise
            return done.etag
        except (StoreError, DeadlineError) as error:
            if tried == _TRIES or not is_temporary(error):
                raise
    raise AssertionError  # pragma: no cover - the last try returns or raises


def _completed(job: Job, upload: MultipartUpload, known: Upload) -> Done | None:
    """Return the object that an upload has become, where that can be told."""
    store, key = job.store
    head = store.head_metadata(key, missing_ok=True)
    if head is None or (head.size, head.content_md5) != (known.size, known.content_md5):
        return None
    return Done(
        path=known.path,
        size=known.size,
        parts=upload.part_count,
        content_md5=known.content_md5,
        md5_checked=False,
        etag=head.etag,
        checked=("size",),
    )


def _checked(job: Job, known: Upload, etag: str | None, *, md5_checked: bool) -> Done:
    """Hold the object that is there against the file.

    Raises:
        StoreError: if it is another.

    """
    store, key = job.store
    count = len(known.part_md5s)
    checked: list[str] = []
    try:
        head: ObjectMetadata | None = store.head_metadata(key)
    except (AccessDeniedError, CredentialsError, StoreError, DeadlineError) as error:
        warn(f"the upload is complete, and the object cannot be looked at: {error}")
        head = None
    if head is not None and head.size is not None:
        if head.size != known.size:
            msg = f"{known.path} should have {known.size} bytes, and has {head.size}"
            raise StoreError(msg)
        checked.append("size")
    etag = etag or (None if head is None else head.etag)
    # Of an object in parts S3 makes a tag of its parts' MD5s, unless it encrypts it with a key of its own.
    digests = b"".join(b64decode(md5) for md5 in known.part_md5s)
    if etag == f"{hashlib.md5(digests, usedforsecurity=False).hexdigest()}-{count}":
        checked.append("etag")
    return Done(
        path=known.path,
        size=known.size,
        parts=count,
        content_md5=known.content_md5,
        md5_checked=md5_checked,
        etag=etag,
        checked=tuple(checked),
    )


def _digest(headers: Mapping[str, str] | None) -> str | None:
    """Return what tells headers from others without holding them: a key may be among them."""
    if not headers:
        return None
    return hashlib.sha256(json.dumps(sorted(headers.items())).encode()).hexdigest()
