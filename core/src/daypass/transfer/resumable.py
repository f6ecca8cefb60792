"""A large file goes up in parts, or to a session: resumed after a kill, and nothing left behind in silence."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from daypass.errors import (
    DaypassError,
    InvalidRequestError,
    ObjectNotFoundError,
    StoreError,
    UnsupportedOptionError,
)
from daypass.hookspecs.parts import UploadedPart, plan_parts
from daypass.store import multipart
from daypass.store.multipart import MultipartUpload
from daypass.store.root import Root
from daypass.transfer import by_session
from daypass.transfer.checksums import checksums
from daypass.transfer.finishing import checked, complete, completed
from daypass.transfer.job import Job
from daypass.transfer.journal import Journal, Upload, open_journal
from daypass.transfer.links import link_of
from daypass.transfer.outcome import Transfer
from daypass.transfer.parts import Sent, send_parts
from daypass.transfer.retries import ChangedError, is_final
from daypass.transfer.same import MD5, anew, check_absent, check_same, remembered
from daypass.transfer.sessions import cancel

__all__ = ["abort", "put"]


def put(job: Job) -> Transfer | None:
    """Upload a file in parts, or to a session; return None where the store takes what was asked only in one piece.

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
        known = journal.upload
        if known is None:
            is_resumable = job.asked.get("resumable", False)
            return by_session.begin(job, journal) if is_resumable else _begin(job, journal)
        if known.session is None:
            return _go_on(job, journal, known)
        return by_session.go_on(job, journal, known, known.session)


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
        if known.session is None:
            _resumed(root, key, known, {"headers": headers}).abort()
        else:
            cancel(link_of(known.session, "PUT", None), root.network)
        journal.remove()
        return known.path


def _begin(job: Job, journal: Journal) -> Transfer | None:
    info = job.root.backend.info
    assert info.multipart is not None  # noqa: S101 - has_parts has asked
    before = job.source.file.stat()
    plan = plan_parts(before.st_size, job.part_size, info.multipart, info.name)
    if job.asked.get("if_absent"):
        check_absent(job)
    md5, md5s = checksums(job.source.file, plan.size, plan.part_size, job.meter, job.asked)
    if len(md5s) != plan.count:
        msg = f"{job.source.file} changed while it was read"
        raise ChangedError(msg)
    asked = {**job.asked, "metadata": {MD5: md5} | dict(job.asked.get("metadata") or {})}
    try:
        upload = multipart.begin(job.root, job.key, asked, size=plan.size, part_size=plan.part_size)
    except UnsupportedOptionError as error:
        if error.option not in {*job.asked, "signature_version"}:
            raise
        job.notes.append(f"uploading in one piece: {error}")
        return None
    options, secret = remembered(asked)
    known = Upload(
        file=str(job.source.known_as.absolute()),
        path=upload.path,
        size=plan.size,
        part_size=plan.part_size,
        changed=job.changed,
        upload_id=upload.upload_id,
        content_md5=md5,
        part_md5s=md5s,
        options=options,
        secret=secret,
    )
    try:
        journal.begin(known)
    except OSError:
        upload.abort()
        raise
    return _send(job, journal, upload, known, {})


def _go_on(job: Job, journal: Journal, known: Upload) -> Transfer:
    check_same(job, known)
    upload = _resumed(job.root, job.key, known, anew(job))
    try:
        found = upload.list_parts()
    except ObjectNotFoundError:
        done = completed(job, upload.unenforced, known)
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
    return checked(job, known, upload.unenforced, etag, md5_checked=parts.keys() <= journal.bound)


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
        if is_final(error) and _has_aborted(upload, error):
            journal.remove()
            error.add_note("the upload is aborted, and nothing of it is left in the store")
        else:
            error.add_note(
                f"at least {len(parts)} of {upload.part_count} parts are in the store: go on by "
                "resume=True, or remove them by abort_upload"
            )
        raise


def _has_aborted(upload: MultipartUpload, why: BaseException) -> bool:
    try:
        upload.abort()
    except DaypassError as error:
        why.add_note(f"the upload could not be aborted: {error}")
        return False
    return True
