"""``/p/{token}/uploads``: what whoever holds an inbox asks, without any key: its page, and programs."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, Response, Router, delete, get, post
from litestar.datastructures import State
from litestar.params import FromPath, JSONBody

from daypass_links.server.api.answers import NO_STORE, Ours
from daypass_links.server.askers import asks_a_store
from daypass_links.server.inbox import sending
from daypass_links.server.inbox.admission import admitted
from daypass_links.server.inbox.uppy import UppyController
from daypass_links.server.links.arrivals import ClosedLinkError
from daypass_links.server.problems import PROBLEM, body

__all__ = ["INBOX"]

Asked = Request[Any, Any, State]
#: The most parts of which URLs are signed at once: few, since each lives for a minute.
_AT_ONCE = 16
_LONGEST = 1024
_LARGEST = 1 << 16


class File(msgspec.Struct, forbid_unknown_fields=True):
    """A file that somebody wants to send."""

    #: What it is called there; what is made of it is in the answer.
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=_LONGEST)]
    #: In bytes.
    size: Annotated[int, msgspec.Meta(ge=0, lt=1 << 53)]
    #: Its media type; ``application/octet-stream`` without it.
    type: Annotated[str, msgspec.Meta(max_length=_LONGEST)] | None = None


class Wanted(msgspec.Struct, forbid_unknown_fields=True):
    """The parts whose URLs are wanted."""

    #: Counted from 1.
    numbers: Annotated[list[int], msgspec.Meta(min_length=1, max_length=_AT_ONCE)]


class Sent(msgspec.Struct, forbid_unknown_fields=True):
    """That all parts are there."""

    #: Of the file, in hexadecimal, as whoever sends it has computed it; it is written down, and nobody compares it.
    sha256: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")] | None = None


class InboxController(Controller):
    """Files on their way into an inbox."""

    path = "/p/{token:str}/uploads"

    @post(status_code=201, request_max_body_size=_LARGEST)
    @asks_a_store
    def begin(
        self, request: Asked, service: Ours, token: FromPath[str], data: JSONBody[File]
    ) -> Response[Any]:
        """Begin to send a file."""
        holder = admitted(service, request.scope, token, begins=True)
        return _told(
            sending.begin(service, holder, name=data.name, size=data.size, content_type=data.type),
            status=201,
        )

    @get("/{upload_id:str}")
    @asks_a_store
    def show(
        self, request: Asked, service: Ours, token: FromPath[str], upload_id: FromPath[str]
    ) -> Response[Any]:
        """Say which parts the store has."""
        holder = admitted(service, request.scope, token)
        found = sending.found(service, holder, upload_id)
        return _told(
            found,
            is_complete=found.is_complete,
            parts=[
                {"number": part.number, "size": part.size, "etag": part.etag}
                for part in sending.parts(service, holder, found)
            ],
        )

    @post("/{upload_id:str}/parts", status_code=200)
    @asks_a_store
    def sign(
        self,
        request: Asked,
        service: Ours,
        token: FromPath[str],
        upload_id: FromPath[str],
        data: JSONBody[Wanted],
    ) -> Response[Any]:
        """Sign the URLs of parts, now."""
        holder = admitted(service, request.scope, token)
        found = sending.found(service, holder, upload_id)
        links = sending.signed(service, holder, found, data.numbers)
        parts = [
            {
                "number": number,
                "size": found.plan.size_of(number),
                "url": link.url,
                "headers": link.headers,
            }
            for number, link in links
        ]
        return Response({"parts": parts}, headers=NO_STORE)

    @post("/{upload_id:str}/complete", status_code=200)
    @asks_a_store
    def complete(
        self,
        request: Asked,
        service: Ours,
        token: FromPath[str],
        upload_id: FromPath[str],
        data: JSONBody[Sent],
    ) -> Response[Any]:
        """Make the object of its parts."""
        holder = admitted(service, request.scope, token)
        found = sending.found(service, holder, upload_id)
        sending.complete(service, holder, found, data.sha256)
        told = {"name": found.name, "size": found.of_store.size}
        return Response(told, headers=NO_STORE)

    @delete("/{upload_id:str}", status_code=204)
    @asks_a_store
    def abort(
        self, request: Asked, service: Ours, token: FromPath[str], upload_id: FromPath[str]
    ) -> None:
        """Abort: the store forgets the parts."""
        holder = admitted(service, request.scope, token)
        sending.abort(service, holder, sending.found(service, holder, upload_id))


def _told(found: sending.Sending, status: int = 200, **more: Any) -> Response[Any]:
    upload = found.of_store
    told = {
        "upload_id": found.upload_id,
        "name": found.name,
        "size": upload.size,
        "part_size": upload.part_size,
        "part_count": upload.part_count,
        "unenforced": sorted(upload.unenforced),
        **more,
    }
    return Response(told, status_code=status, headers=NO_STORE)


def _of_closed(_: Asked, error: ClosedLinkError) -> Response[bytes]:
    headers = dict(NO_STORE)
    if error.retry_after is not None:
        headers["retry-after"] = str(error.retry_after)
    return Response(
        body(error.status, error.code, error.detail),
        status_code=error.status,
        media_type=PROBLEM,
        headers=headers,
    )


INBOX = Router(
    "/",
    route_handlers=[InboxController, UppyController],
    exception_handlers={ClosedLinkError: _of_closed},
    include_in_schema=False,
)
