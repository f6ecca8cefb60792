"""A large file goes up in parts: resumed after a kill, and nothing left behind in silence."""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

from daypass.errors import (
    AccessDeniedError,
    CredentialsError,
    DaypassError,
    InvalidRequestError,
    ObjectNotFoundError,
    StoreError,
    UnsupportedOptionError,
)
from daypass.hookspecs.parts import UploadedPart, plan_parts
from daypass.model.options import SECRET
from daypass.store import multipart
from daypass.store.multipart import MultipartUpload
from daypass.store.root import Root
from daypass.transfer.checksums import checksums
from daypass.transfer.finishing import checked, complete, completed
from daypass.transfer.job import Job
from daypass.transfer.journal import Journal, Upload, open_journal
from daypass.transfer.outcome import Transfer
from daypass.transfer.parts import Sent, send_parts
from daypass.transfer.retries import ChangedError, is_temporary

__all__ = ["abort", "put"]

#: Where a download looks for the MD5 of an object whose store keeps none.
_MD5 = "md5chksum"
#: Options of each link, which is made anew; all others are the object's, and stay what they were.
_OF_LINKS = ("expires_in", "expires_at", "starts_at", "signing_time", "stable_for")


def put(job: Job) -> Transfer | None:
    """Upload a file in parts; return None where the store takes what was asked only in one piece.

    Raises:
        InvalidRequestError: with ``option="resume"`` if there is an upload to be resumed or aborted
            first, or the file is another than the one whose upload began.
        DaypassError: another of the tree in `daypass.errors`.

    """
    with open_journal(job.source.known_as, job.path) as journal:
        if journal.upload is not None and not job.resume:
            msg = (
                f"an earlier upload of {job.source.known_as} to this path is not complete: go on with it by "
                "resume=True, or remove it by abort_upload"
            )
            raise InvalidRequestError(msg, option="resume")
        return _go_on(job, journal) if journal.upload is not None else _begin(job, journal)


def abort(file: Path, path: str, root: Root, key: str, headers: Mapping[str, str] | None) -> str:
    """Remove what an earlier run has uploaded; return the path that it went to.

    Raises:
        InvalidRequestError: with ``option="resume"`` if no earlier run is known.
        DaypassError: if the store cannot be asked.

    """
    with open_journal(file, path) as journal:
        known = journal.upload
        if known is None:
            msg = f"no upload of {file} to this path is known that is not complete"
            raise InvalidRequestError(msg, option="resume")
        _resumed(root, key, known, {"headers": headers}).abort()
        journal.remove()
        return known.path


def _begin(job: Job, journal: Journal) -> Transfer | None:
    info = job.root.backend.info
    assert info.multipart is not None  # noqa: S101 - has_parts has asked
    if job.asked.get("if_absent"):
        _check_absent(job)
    before = job.source.file.stat()
    plan = plan_parts(before.st_size, job.part_size, info.multipart, info.name)
    md5, md5s = checksums(job.source.file, plan.size, plan.part_size, job.meter, job.asked)
    if len(md5s) != plan.count:
        msg = f"{job.source.file} changed while it was read"
        raise ChangedError(msg)
    asked: dict[str, Any] = dict(job.asked)
    asked["metadata"] = {_MD5: md5} | dict(asked.get("metadata") or {})
    try:
        upload = multipart.begin(job.root, job.key, asked, size=plan.size, part_size=plan.part_size)
    except UnsupportedOptionError as error:
        if error.option not in {*job.asked, "signature_version"}:
            raise
        job.notes.append(f"uploading in one piece: {error}")
        return None
    secret = {name: asked.pop(name) for name in SECRET if name in asked}
    known = Upload(
        file=str(job.source.known_as.absolute()),
        path=upload.path,
        size=plan.size,
        part_size=plan.part_size,
        changed=job.changed,
        upload_id=upload.upload_id,
        content_md5=md5,
        part_md5s=md5s,
        options=_plain(asked),
        secret=_digest(secret),
    )
    try:
        journal.begin(known)
    except OSError:
        upload.abort()
        raise
    return _send(job, journal, upload, known, {})


def _check_absent(job: Job) -> None:
    """Raise where the object exists: the store would say so only when all is sent."""
    try:
        head = job.head(missing_ok=True)
    except (AccessDeniedError, CredentialsError):
        return  # it may write and not look, and is told in the end
    if head is not None:
        msg = f"{head.path} exists, and the upload was asked to create it (if_absent)"
        raise StoreError(msg)


def _go_on(job: Job, journal: Journal) -> Transfer:
    known = journal.upload
    assert known is not None  # noqa: S101 - its caller has looked
    _check_options(job, known)
    now = job.source.file.stat()
    md5, md5s = checksums(job.source.file, now.st_size, known.part_size, job.meter, job.asked)
    if (now.st_size, job.changed, md5, md5s) != (
        known.size,
        known.changed,
        known.content_md5,
        known.part_md5s,
    ):
        msg = (
            f"{job.source.known_as} is not what it was when its upload began: remove that upload by "
            "abort_upload, and begin again"
        )
        raise InvalidRequestError(msg, option="resume")
    given = {name: job.asked[name] for name in (*_OF_LINKS, *SECRET) if name in job.asked}
    upload = _resumed(job.root, job.key, known, given)
    try:
        found = upload.list_parts()
    except ObjectNotFoundError:
        done = completed(job, upload, known)
        journal.remove()
        if done is None:
            msg = f"the store no longer knows the upload to {known.path}, which was completed by somebody else or aborted: begin again"
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
    given = {name: job.asked[name] for name in job.explicit if name not in _OF_LINKS}
    secret = {name: given.pop(name) for name in SECRET if name in given}
    if isinstance(given.get("metadata"), Mapping):
        given["metadata"] = {_MD5: known.content_md5, **given["metadata"]}
    given = _plain(given)
    differ = sorted(name for name in given if known.options.get(name) != given[name])
    if known.secret != _digest(secret):
        differ.append("headers" if "headers" in secret or not secret else min(secret))
    if differ:
        msg = f"{differ[0]} is not what the upload was begun with: give the same, or nothing"
        raise InvalidRequestError(msg, option="resume")


def _resumed(root: Root, key: str, known: Upload, given: Mapping[str, Any]) -> MultipartUpload:
    options: dict[str, Any] = {**known.options, **given}
    return multipart.resume(
        root, key, known.upload_id, options, size=known.size, part_size=known.part_size
    )


def _send(
    job: Job,
    journal: Journal,
    upload: MultipartUpload,
    known: Upload,
    there: Mapping[int, UploadedPart],
) -> Transfer:
    """Send what is missing, and make the object."""
    parts = dict(there)
    with _told(journal, upload, parts):
        job.meter.begin(known.size)
        job.meter.add(sum(upload.size_of(number) for number in parts))
        missing = [n for n in range(1, upload.part_count + 1) if n not in parts]
        for sent in send_parts(
            upload,
            job.source.file,
            known.part_md5s,
            missing,
            jobs=job.jobs,
            meter=job.meter,
            network=job.root.network,
        ):
            _note(journal, parts, upload, sent)
        etag = complete(job, upload, known, parts)
        journal.remove()
    return checked(job, known, upload, etag, md5_checked=parts.keys() <= journal.bound)


def _note(
    journal: Journal, parts: dict[int, UploadedPart], upload: MultipartUpload, sent: Sent
) -> None:
    size = upload.size_of(sent.number)
    parts[sent.number] = UploadedPart(number=sent.number, size=size, etag=sent.etag)
    journal.add(sent.number, sent.etag, bound=sent.bound)


@contextmanager
def _told(
    journal: Journal, upload: MultipartUpload, parts: Mapping[int, UploadedPart]
) -> Iterator[None]:
    """Abort what can never be finished; of anything else, note how to go on or remove it."""
    try:
        yield
    except BaseException as error:
        if _is_final(error) and _has_aborted(upload, error):
            journal.remove()
            error.add_note("the upload is aborted, and nothing of it is left in the store")
        else:
            error.add_note(
                f"at least {len(parts)} of {upload.part_count} parts are in the store: go on by "
                "resume=True, or remove them by abort_upload"
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


def _has_aborted(upload: MultipartUpload, why: BaseException) -> bool:
    try:
        upload.abort()
    except DaypassError as error:
        why.add_note(f"the upload could not be aborted: {error}")
        return False
    return True


def _plain(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options as a journal keeps them: no moments, which are a link's, and spans in seconds."""
    kept = {
        name: int(value.total_seconds()) if isinstance(value, timedelta) else value
        for name, value in options.items()
        if not isinstance(value, datetime)
    }
    plain: dict[str, Any] = json.loads(json.dumps(kept, default=str))
    return plain


def _digest(secret: Mapping[str, Any]) -> str | None:
    """Return what tells options from others without holding them: a key may be among them."""
    told = {n: sorted(v.items()) if isinstance(v, Mapping) else v for n, v in secret.items() if v}
    if not told:
        return None
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=repr).encode()).hexdigest()
