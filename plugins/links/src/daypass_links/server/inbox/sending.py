"""Files on their way into an inbox, in parts: begun, signed for, made of their parts and aborted by whoever holds the link.

What the service sees before the object is there, how large each part is, holds the limits on stores too that bind no size.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from hashlib import sha256
from typing import Any, TypeVar

import attrs
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

import daypass
from daypass.errors import DaypassError, ObjectNotFoundError, UnsupportedOptionError
from daypass.hookspecs.parts import PartPlan
from daypass_links.server.database.tables import inbox_upload as table
from daypass_links.server.inbox.admission import Holder, noted, refusal
from daypass_links.server.inbox.limits import type_of
from daypass_links.server.inbox.names import new_key
from daypass_links.server.links.arrivals import ClosedLinkError
from daypass_links.server.links.uses import client_of, give_back, take
from daypass_links.server.service import Service
from daypass_links.server.tokens import new_id

__all__ = [
    "Sending",
    "abort",
    "begin",
    "complete",
    "found",
    "give_up",
    "new_alone",
    "parts",
    "signed",
    "taken_use",
]

_Made = TypeVar("_Made")


@attrs.frozen(eq=False)
class Sending:
    """A file on its way."""

    upload_id: str
    #: Below the root of the link's store.
    key: str
    of_store: daypass.MultipartUpload
    #: Whether it is there.
    is_complete: bool = False

    @property
    def name(self) -> str:
        """What it is called there."""
        return self.key.rpartition("/")[2]

    @property
    def plan(self) -> PartPlan:
        """How it is cut."""
        return PartPlan(self.of_store.size, self.of_store.part_size)


def begin(
    service: Service,
    holder: Holder,
    *,
    name: str,
    size: int,
    content_type: str | None,
    part_size: int | None = None,
) -> Sending:
    """Begin to send a file. On record when this returns.

    Args:
        service: the service.
        holder: who sends it.
        name: what it is called there.
        size: in bytes.
        content_type: its media type, as the sender says it.
        part_size: of each part in bytes; what suits the store without it.

    Raises:
        ClosedLinkError: if no file is left that may be sent.
        DaypassError: if it is not within the limits, or whatever else keeps it from being begun.

    """
    kind = type_of(content_type)
    try:
        holder.limits.check(size, kind)
    except DaypassError as error:
        raise refusal(service, holder.link, holder.address, error) from None
    key = holder.link.key + new_key(name, service.clock(), secrets.token_hex(8))
    taken_use(service, holder)
    upload_id = new_id("upl")

    def create(options: dict[str, Any]) -> daypass.MultipartUpload:
        read: Any = daypass.sign_options(options)
        return holder.store.create_multipart_upload(key, size=size, part_size=part_size, **read)

    try:
        options, made = new_alone({**holder.limits.options, "content_type": kind}, create)
    except DaypassError as error:
        give_up(service, holder)
        raise refusal(service, holder.link, holder.address, error) from None
    row = {
        "id": upload_id,
        "link_id": holder.link.id,
        "key": key,
        "store_id": made.upload_id,
        "size": made.size,
        "part_size": made.part_size,
        "is_complete": False,
        "is_asked_for": False,
        "options": options,
        "created_at": int(service.clock()),
    }
    try:
        with service.databases.main.begin() as connection:
            connection.execute(insert(table).values(row))
        _note(service, holder, upload_id, "begin", key=key, size=size)
    except (DaypassError, SQLAlchemyError):
        # Which nobody could ask for.
        with suppress(DaypassError):
            made.abort()
        with suppress(SQLAlchemyError):
            _forget(service, upload_id)
            give_up(service, holder)
        raise
    return Sending(upload_id, key, made)


def found(service: Service, holder: Holder, upload_id: str) -> Sending:
    """Return a file on its way that was begun by the same link.

    Raises:
        ObjectNotFoundError: if there is none, or it was aborted.
        DaypassError: if it may not be sent any more.

    """
    chosen = select(table).where(table.c.id == upload_id, table.c.link_id == holder.link.id)
    with service.databases.reading_main.connect() as connection:
        row = connection.execute(chosen).mappings().first()
    if row is None:
        raise _unknown(upload_id)
    read: Any = daypass.sign_options(row["options"])
    try:
        made = holder.store.resume_multipart_upload(
            row["key"],
            row["store_id"],
            size=row["size"],
            part_size=row["part_size"],
            expires_in=_lifetime(service, holder),
            **read,
        )
    except DaypassError as error:
        raise refusal(service, holder.link, holder.address, error) from None
    return Sending(upload_id, row["key"], made, row["is_complete"])


def parts(service: Service, holder: Holder, sending: Sending) -> list[daypass.UploadedPart]:
    """Return the parts that the store has; none of a file that is there.

    Raises:
        DaypassError: if the store cannot be asked.

    """
    if sending.is_complete:
        return []
    try:
        return sending.of_store.list_parts()
    except DaypassError as error:
        raise refusal(service, holder.link, holder.address, error) from None


def signed(
    service: Service, holder: Holder, sending: Sending, numbers: list[int]
) -> list[tuple[int, daypass.SignedURL]]:
    """Sign the URLs of parts, now: on record before any is told.

    Raises:
        DaypassError: for a part that there is not, and whatever keeps them from being signed.

    """
    try:
        links = [(number, sending.of_store.part(number)) for number in numbers]
    except DaypassError as error:
        raise refusal(service, holder.link, holder.address, error) from None
    for number, link in links:
        service.events.note(
            "sign",
            link_id=holder.link.id,
            method="PUT",
            address=holder.address,
            upload_id=sending.upload_id,
            part=number,
            expires_at=link.expires_at.isoformat(),
            url_sha256=sha256(link.url.encode()).hexdigest(),
        )
    service.events.durable("signed", link_id=holder.link.id, rows=len(links)).result()
    return links


def complete(
    service: Service, holder: Holder, sending: Sending, said_sha256: str | None = None
) -> None:
    """Make the object of its parts, which the store is asked for: a use of the link, on record before the object is there.

    One that is there already stays as it is: whoever was not told so asks again.

    Args:
        service: the service.
        holder: who sends it.
        sending: the file.
        said_sha256: its SHA-256 in hexadecimal, as the sender says it; nobody has looked.

    Raises:
        DaypassError: if a part is missing or of another size, and whatever keeps the object from being made.

    """
    if sending.is_complete:
        return
    try:
        # Whoever has the URL of a part can send another until it ends; what is named is what was looked at.
        parts = sending.plan.all_of(sending.of_store.list_parts())
        _ask_for(service, sending)
        said = {} if said_sha256 is None else {"sha256": said_sha256}
        service.events.durable(
            "use",
            link_id=holder.link.id,
            method="PUT",
            address=holder.address,
            key=sending.key,
            size=sending.of_store.size,
            upload_id=sending.upload_id,
            **said,
        ).result()
        sending.of_store.complete(parts)
    except DaypassError as error:
        raise refusal(service, holder.link, holder.address, error) from None
    there = update(table).where(table.c.id == sending.upload_id).values(is_complete=True)
    with service.databases.main.begin() as connection:
        connection.execute(there)


def abort(service: Service, holder: Holder, sending: Sending) -> None:
    """Let the store forget what was sent of a file, and forget it here: it is none of those that may be sent. What is there stays.

    One that the store was asked to make is one of those: it may be there, and no store says so of an upload that it does not know.

    Raises:
        DaypassError: if the store cannot be asked.

    """
    if sending.is_complete:
        return
    _note(service, holder, sending.upload_id, "abort", key=sending.key)
    try:
        sending.of_store.abort()
    except DaypassError as error:
        raise refusal(service, holder.link, holder.address, error) from None
    if _forget(service, sending.upload_id):
        give_up(service, holder)


def taken_use(service: Service, holder: Holder) -> None:
    """Take one of the files that may be sent; it is counted on the disk when this returns.

    Raises:
        ClosedLinkError: if none is left.

    """
    link, most = holder.link, holder.link.max_uses
    if most is None:
        return
    # Each file is one, whoever sends it.
    if not take(service.databases.events, link.id, most, client_of("", b""), int(service.clock())):
        noted(service, link, holder.address, "used-up")
        detail = "as many files were sent as may be: ask who sent you the link for another"
        raise ClosedLinkError(410, "used-up", detail)


def new_alone(
    options: Mapping[str, Any], make: Callable[[dict[str, Any]], _Made]
) -> tuple[dict[str, Any], _Made]:
    """Return what the store was asked for, and what was made by it: that nothing is replaced, where it can be held to that; no key is used twice anyhow.

    Args:
        options: what it is asked for besides.
        make: makes what sends a file.

    """
    asked = {**options, "if_absent": True}
    try:
        return asked, make(asked)
    except UnsupportedOptionError as error:
        if error.option != "if_absent":
            raise
    del asked["if_absent"]
    return asked, make(asked)


def _lifetime(service: Service, holder: Holder) -> int:
    """Return how long the URL of a part lives, in seconds: no longer than the link."""
    left = int(holder.link.ends_at - service.clock())
    return min(service.settings.links.redirect_ttl, left) or 1


def give_up(service: Service, holder: Holder) -> None:
    """Give back one of the files that may be sent, which can come to nothing any more."""
    if holder.link.max_uses is not None:
        give_back(service.databases.events, holder.link.id)


def _ask_for(service: Service, sending: Sending) -> None:
    """Note that the store is about to be asked for the object, so that whoever aborts meanwhile is given no use back.

    Raises:
        ObjectNotFoundError: if it was aborted until now.

    """
    asked = update(table).where(table.c.id == sending.upload_id).values(is_asked_for=True)
    with service.databases.main.begin() as connection:
        if not connection.execute(asked).rowcount:
            raise _unknown(sending.upload_id)


def _unknown(upload_id: str) -> ObjectNotFoundError:
    msg = (
        f"nothing is being sent as {upload_id[:60]!r}: it was aborted, or never begun by this link"
    )
    return ObjectNotFoundError(msg)


def _forget(service: Service, upload_id: str) -> bool:
    """Forget a file that is not on its way any more; return whether it was until now, and can come to nothing."""
    gone = delete(table).where(table.c.id == upload_id).returning(table.c.is_asked_for)
    with service.databases.main.begin() as connection:
        return connection.scalar(gone) is False


def _note(service: Service, holder: Holder, upload_id: str, step: str, **fields: Any) -> None:
    service.events.durable(
        "upload",
        link_id=holder.link.id,
        address=holder.address,
        upload_id=upload_id,
        step=step,
        **fields,
    ).result()
