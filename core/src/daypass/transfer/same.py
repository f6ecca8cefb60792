"""Whether a run asks for what an earlier one has begun: the same file, to be the same object."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from daypass.errors import AccessDeniedError, CredentialsError, InvalidRequestError, StoreError
from daypass.model.options import SECRET
from daypass.transfer.checksums import checksums
from daypass.transfer.job import Job
from daypass.transfer.journal import Upload

__all__ = ["MD5", "anew", "check_absent", "check_same", "remembered"]

#: Where a download looks for the MD5 of an object whose store keeps none.
MD5 = "md5chksum"
#: Options of each link, which is made anew; all others are the object's, and stay what they were.
_OF_LINKS = ("expires_in", "expires_at", "starts_at", "signing_time", "stable_for")


def remembered(asked: Mapping[str, Any]) -> tuple[dict[str, Any], str | None]:
    """Return what a journal keeps of the options of an upload: them, and a digest of those that may be secret."""
    secret = {name: asked[name] for name in SECRET if name in asked}
    return _plain({n: value for n, value in asked.items() if n not in secret}), _digest(secret)


def anew(job: Job) -> dict[str, Any]:
    """Return the options that no journal keeps, and that a later run brings again."""
    return {name: job.asked[name] for name in (*_OF_LINKS, *SECRET) if name in job.asked}


def check_absent(job: Job) -> None:
    """Raise where the object exists: the store would say so only when all is sent.

    Raises:
        StoreError: if it does.

    """
    try:
        head = job.head(missing_ok=True)
    except (AccessDeniedError, CredentialsError):
        return  # it may write and not look, and is told in the end
    if head is not None:
        msg = f"{head.path} exists, and the upload was asked to create it (if_absent)"
        raise StoreError(msg)


def check_same(job: Job, known: Upload) -> None:
    """Raise where the options are others than those an upload was begun with, or the file is another.

    Raises:
        InvalidRequestError: with ``option="resume"``.

    """
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


def _check_options(job: Job, known: Upload) -> None:
    given = {name: job.asked[name] for name in job.explicit if name not in _OF_LINKS}
    secret = {name: given.pop(name) for name in SECRET if name in given}
    if isinstance(given.get("metadata"), Mapping):
        given["metadata"] = {MD5: known.content_md5, **given["metadata"]}
    given = _plain(given)
    differ = sorted(name for name in given if known.options.get(name) != given[name])
    if known.secret != _digest(secret):
        differ.append("headers" if "headers" in secret or not secret else min(secret))
    if differ:
        msg = f"{differ[0]} is not what the upload was begun with: give the same, or nothing"
        raise InvalidRequestError(msg, option="resume")


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
