"""A file goes up to a session that a link of its own has started, and is gone on with after a kill."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from daypass.base.messages import shown_count
from daypass.errors import DaypassError, InvalidRequestError, StoreError
from daypass.gate import doors
from daypass.model.links import SignedURL
from daypass.transfer.checksums import checksums
from daypass.transfer.finishing import checked, completed
from daypass.transfer.job import Job
from daypass.transfer.journal import Journal, Upload
from daypass.transfer.outcome import Transfer
from daypass.transfer.retries import is_final
from daypass.transfer.same import MD5, anew, check_absent, check_same, remembered
from daypass.transfer.sessions import UNIT, Sending, cancel, session_at, start
from daypass.transfer.whole import said_by

__all__ = ["begin", "go_on"]

#: With these a store says that it does not know a session, or no longer.
_GONE = (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)


def begin(job: Job, journal: Journal) -> Transfer:
    """Start a session, and bring a file to it.

    Raises:
        InvalidRequestError: for pieces of a size that no session takes.
        DaypassError: another of the tree in `daypass.errors`.

    """
    _check_piece(job.part_size)
    if "resumable" not in job.root.backend.info.enforces - job.root.location.lacks:
        _signed(job, job.asked)  # which is refused before the file is read
    if job.asked.get("if_absent"):
        check_absent(job)
    size = job.source.file.stat().st_size
    md5, md5s = checksums(job.source.file, size, max(size, 1), job.meter, job.asked)
    asked = {**job.asked, "metadata": {MD5: md5} | dict(job.asked.get("metadata") or {})}
    link = _signed(job, asked)
    session = start(link, job.root.network)
    options, secret = remembered(asked)
    known = Upload(
        file=str(job.source.known_as.absolute()),
        path=link.path,
        size=size,
        part_size=max(size, 1),
        changed=job.changed,
        upload_id="",
        content_md5=md5,
        part_md5s=md5s,
        options=options,
        secret=secret,
        session=session.url,
    )
    try:
        journal.begin(known)
    except OSError:
        cancel(session, job.root.network)
        raise
    return _send(job, journal, known, session, link, have=0)


def go_on(job: Job, journal: Journal, known: Upload, address: str) -> Transfer:
    """Bring the rest of a file to the session of an earlier run, under a link that is asked for anew.

    Args:
        job: what is to be done.
        journal: of the upload.
        known: what the journal says of it.
        address: of its session.

    Raises:
        InvalidRequestError: with ``option="resume"`` if the file, or what is asked, is another.
        StoreError: if the store no longer knows the session.
        DaypassError: another of the tree in `daypass.errors`.

    """
    _check_piece(job.part_size)
    check_same(job, known)
    link = _signed(job, {**known.options, **anew(job)})
    session = session_at(link, address)
    try:
        return _send(job, journal, known, session, link, have=None)
    except StoreError as error:
        if error.status not in _GONE:
            raise
        done = completed(job, _unenforced(link), known)
        if done is None:
            msg = f"the store no longer knows the session of the upload to {known.path}, which lives a week or was cancelled: begin again"
            raise StoreError(msg) from None
        return done


def _check_piece(size: int | None) -> None:
    if size is None or (type(size) is int and size > 0 and not size % UNIT):
        return
    msg = f"part_size of a resumable upload is a multiple of {UNIT} bytes, of which its session keeps whole ones, not {shown_count(size)}"
    raise InvalidRequestError(msg, option="part_size")


def _signed(job: Job, options: Any) -> SignedURL:
    asked = job.root.request_for("create_signed_url", job.key, {**options, "method": "PUT"})
    return doors.create_signed_url(*asked, caller=job.root.caller)


def _unenforced(link: SignedURL) -> frozenset[str]:
    return link.unenforced - said_by(link)


def _send(
    job: Job,
    journal: Journal,
    known: Upload,
    session: SignedURL,
    link: SignedURL,
    *,
    have: int | None,
) -> Transfer:
    """Bring what is missing, and hold the object that is there against the file."""
    network = job.root.network
    with _told(job, journal, session), job.source.file.open("rb") as source:
        sending = Sending(session, source, known.size, job.meter, network, job.part_size, have=have)
        etag = sending.finish()
    journal.remove()
    return checked(job, known, _unenforced(link), etag, md5_checked=False)


@contextmanager
def _told(job: Job, journal: Journal, session: SignedURL) -> Iterator[None]:
    """Cancel what can never be finished; of anything else, note how to go on or remove it."""
    try:
        yield
    except BaseException as error:
        if is_final(error) and _has_cancelled(job, session, error):
            journal.remove()
            error.add_note("the session is cancelled, and nothing of it is left in the store")
        else:
            error.add_note(
                "the store keeps what has arrived for a week: go on by resume=True, or remove it by abort_upload"
            )
        raise


def _has_cancelled(job: Job, session: SignedURL, why: BaseException) -> bool:
    try:
        cancel(session, job.root.network)
    except DaypassError as error:
        why.add_note(f"the session could not be cancelled: {error}")
        return False
    return True
