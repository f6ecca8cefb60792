"""Uploads in parts for callers who hold no credentials: begun in the store, and gone on with by whoever began them.

The row says what was asked for; the store has the parts. Each step is authorized anew, with the caller of core's policy.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.exc import SQLAlchemyError

import daypass
from daypass.errors import DaypassError, ObjectNotFoundError, UnsupportedOptionError
from daypass_links.server.database.tables import upload as table
from daypass_links.server.principals.callers import Caller
from daypass_links.server.principals.rights import store_of
from daypass_links.server.service import Service
from daypass_links.server.tokens import new_id
from daypass_links.wire import NEVER

__all__ = ["abort", "begin", "complete", "resumed"]

_METHODS = ["PUT"]


def begin(
    service: Service, caller: Caller, path: str, asked: Mapping[str, Any]
) -> tuple[str, daypass.MultipartUpload]:
    """Begin an upload and return its ID with it. On record when this returns.

    Args:
        service: the service.
        caller: who begins it, and alone goes on with it.
        path: of the object.
        asked: ``size``, ``part_size``, and the options of core's `create_multipart_upload` in JSON.

    Raises:
        DaypassError: whatever keeps it from being begun, as core says it.

    """
    options: dict[str, Any] = dict(asked)
    size, part_size = options.pop("size", None), options.pop("part_size", None)
    if never := sorted(NEVER.intersection(options)):
        msg = f"{never[0]} is nothing for an upload whose parts are signed later: upload in one piece (POST /v1/sign)"
        raise UnsupportedOptionError(msg, option=never[0], backend="links")
    store, key = store_of(service, caller, path, methods=_METHODS)
    read: Any = daypass.sign_options(options)
    made = store.create_multipart_upload(key, size=size, part_size=part_size, **read)
    upload_id = new_id("upl")
    row = {
        "id": upload_id,
        "owner": caller.principal,
        "path": path,
        "store_id": made.upload_id,
        "size": made.size,
        "part_size": made.part_size,
        "options": options,
        "created_at": int(service.clock()),
    }
    try:
        with service.databases.main.begin() as connection:
            connection.execute(insert(table).values(row))
        _note(service, caller, upload_id, "begin", path=made.path, size=made.size)
    except (DaypassError, SQLAlchemyError):
        # Which nobody could ask for.
        with suppress(DaypassError):
            made.abort()
        with suppress(SQLAlchemyError):
            _forget(service, upload_id)
        raise
    return upload_id, made


def resumed(service: Service, caller: Caller, upload_id: str) -> daypass.MultipartUpload:
    """Go on with an upload.

    Raises:
        ObjectNotFoundError: if the caller has begun none of that ID, or it is over.
        DaypassError: if they may not upload there any more.

    """
    chosen = select(table).where(table.c.id == upload_id, table.c.owner == caller.principal)
    with service.databases.reading_main.connect() as connection:
        row = connection.execute(chosen).mappings().first()
    if row is None:
        msg = f"you have begun no upload {upload_id[:60]!r}, or it is complete or aborted"
        raise ObjectNotFoundError(msg)
    store, key = store_of(service, caller, row["path"], methods=_METHODS)
    read: Any = daypass.sign_options(row["options"])
    return store.resume_multipart_upload(
        key, row["store_id"], size=row["size"], part_size=row["part_size"], **read
    )


def complete(
    service: Service, caller: Caller, upload_id: str, parts: list[daypass.UploadedPart] | None
) -> daypass.ObjectMetadata:
    """Make the object of its parts, and forget the upload.

    Args:
        service: the service.
        caller: who began it.
        upload_id: its ID.
        parts: those that were uploaded; None to ask the store.

    Raises:
        DaypassError: as for `resumed`, and as core says it.

    """
    found = resumed(service, caller, upload_id)
    # Before: there is no object of which nothing is on record.
    _note(service, caller, upload_id, "complete", path=found.path, size=found.size)
    made = found.complete(parts)
    _forget(service, upload_id)
    return made


def abort(service: Service, caller: Caller, upload_id: str) -> None:
    """Let the store forget an upload and its parts, and forget it here.

    Raises:
        DaypassError: as for `resumed`, and as core says it.

    """
    found = resumed(service, caller, upload_id)
    _note(service, caller, upload_id, "abort", path=found.path)
    found.abort()
    _forget(service, upload_id)


def _forget(service: Service, upload_id: str) -> None:
    with service.databases.main.begin() as connection:
        connection.execute(delete(table).where(table.c.id == upload_id))


def _note(service: Service, caller: Caller, upload_id: str, step: str, **fields: Any) -> None:
    service.events.durable(
        "upload", principal=caller.principal, upload_id=upload_id, step=step, **fields
    ).result()
