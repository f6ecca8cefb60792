"""``/p/{token}/s3``: the same for Uppy, whose plugin for S3 asks a signing service in these words (those of Companion).

Uppy says no size unless it is asked for: where it sends in parts, a file's size is its metadata ``size``. Pages of any site may
ask, since the token says who may.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, Response, delete, get, post
from litestar.datastructures import State
from litestar.params import FromPath, JSONBody

from daypass.errors import InvalidRequestError
from daypass_links.server.api.answers import NO_STORE, Ours
from daypass_links.server.askers import asks_a_store
from daypass_links.server.inbox import sending
from daypass_links.server.inbox.admission import admitted
from daypass_links.server.inbox.forms import signed_form

__all__ = ["UppyController"]

Asked = Request[Any, Any, State]
#: How Uppy cuts a file that nothing else is said of: in bytes, and the most parts.
_PART, _PARTS = 5 << 20, 10_000
#: Of every answer, and so of what Litestar answers to a preflight.
_HEADERS = {
    **NO_STORE,
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "GET, POST, DELETE",
    "access-control-allow-headers": "content-type",
    "access-control-max-age": "600",
}


class Begun(msgspec.Struct):
    """What Uppy says of a file; it may say more."""

    filename: Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]
    type: Annotated[str, msgspec.Meta(max_length=1024)] | None = None
    metadata: dict[str, Any] | None = None


def _for_all(response: Response[Any]) -> Response[Any]:
    response.headers.update(_HEADERS)
    return response


class UppyController(Controller):
    """What Uppy asks, in the words of Companion."""

    path = "/p/{token:str}/s3"
    after_request = staticmethod(_for_all)

    @get("/params")
    @asks_a_store
    def params(self, request: Asked, service: Ours, token: FromPath[str]) -> dict[str, Any]:
        """Sign a form for a file in one piece."""
        asked = request.query_params
        name = str(asked.get("filename") or "")[:1024]
        holder = admitted(service, request.scope, token, begins=True)
        # It is sent at once, as a part is.
        ttl = service.settings.links.redirect_ttl
        form = signed_form(service, holder, name, asked.get("type"), lasts=ttl)
        return {"method": "POST", "url": form.url, "fields": form.fields}

    @post("/multipart", status_code=200)
    @asks_a_store
    def begin(
        self, request: Asked, service: Ours, token: FromPath[str], data: JSONBody[Begun]
    ) -> dict[str, Any]:
        """Begin to send a file in parts."""
        holder = admitted(service, request.scope, token, begins=True)
        size = _size(data.metadata or {})
        part_size = max(_PART, -(-size // _PARTS))
        made = sending.begin(
            service,
            holder,
            name=data.filename,
            size=size,
            content_type=data.type,
            part_size=part_size,
        )
        return {"key": made.name, "uploadId": made.upload_id}

    @get("/multipart/{upload_id:str}")
    @asks_a_store
    def parts(
        self, request: Asked, service: Ours, token: FromPath[str], upload_id: FromPath[str]
    ) -> list[dict[str, Any]]:
        """Say which parts the store has."""
        holder = admitted(service, request.scope, token)
        found = sending.found(service, holder, upload_id)
        return [
            {"PartNumber": part.number, "Size": part.size, "ETag": part.etag}
            for part in sending.parts(service, holder, found)
        ]

    @get("/multipart/{upload_id:str}/{number:int}")
    @asks_a_store
    def sign(
        self,
        request: Asked,
        service: Ours,
        token: FromPath[str],
        upload_id: FromPath[str],
        number: FromPath[int],
    ) -> dict[str, Any]:
        """Sign the URL of a part, now."""
        holder = admitted(service, request.scope, token)
        found = sending.found(service, holder, upload_id)
        ((_, link),) = sending.signed(service, holder, found, [number])
        return {"url": link.url, "headers": link.headers}

    @post("/multipart/{upload_id:str}/complete", status_code=200)
    @asks_a_store
    def complete(
        self, request: Asked, service: Ours, token: FromPath[str], upload_id: FromPath[str]
    ) -> dict[str, Any]:
        """Make the object of its parts; which there are, the store says."""
        holder = admitted(service, request.scope, token)
        found = sending.found(service, holder, upload_id)
        sending.complete(service, holder, found)
        return {"key": found.name}

    @delete("/multipart/{upload_id:str}", status_code=200)
    @asks_a_store
    def abort(
        self, request: Asked, service: Ours, token: FromPath[str], upload_id: FromPath[str]
    ) -> dict[str, Any]:
        """Abort: the store forgets the parts."""
        holder = admitted(service, request.scope, token)
        sending.abort(service, holder, sending.found(service, holder, upload_id))
        return {}


def _size(metadata: dict[str, Any]) -> int:
    """Return what metadata say of a file's size: a number, or text of one, since a form has made it."""
    said = metadata.get("size")
    if isinstance(said, str) and said.isdecimal() and len(said) <= 18:  # noqa: PLR2004 - as many digits as a size may have
        return int(said)
    if isinstance(said, int) and not isinstance(said, bool):
        return said
    msg = "a file that is sent in parts has its size in bytes as the metadata size: uppy.setFileMeta(file.id, { size: file.size })"
    raise InvalidRequestError(msg, option="size")
