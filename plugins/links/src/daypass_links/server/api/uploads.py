"""``/v1/uploads``: uploads in parts for callers who hold no credentials of a store, each part's URL signed when it is asked for."""

from __future__ import annotations

from hashlib import sha256
from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, Response, delete, get, post
from litestar.datastructures import State
from litestar.params import FromPath, JSONBody

import daypass
from daypass.errors import InvalidPathError
from daypass_links.server import uploads
from daypass_links.server.api.answers import Ours, caller_of
from daypass_links.server.askers import asks_a_store

__all__ = ["UploadsController"]

Asked = Request[Any, Any, State]
#: The most parts of which URLs are signed at once, and the most that any store takes.
_AT_ONCE, _MOST = 1000, 50_000


class WantedPart(msgspec.Struct, forbid_unknown_fields=True):
    """A part whose URL is wanted."""

    #: Counted from 1.
    number: int
    #: Its MD5 in base64, to bind the URL to it.
    content_md5: str | None = None


class Wanted(msgspec.Struct, forbid_unknown_fields=True):
    """The parts whose URLs are wanted."""

    parts: Annotated[list[WantedPart], msgspec.Meta(min_length=1, max_length=_AT_ONCE)]


class SentPart(msgspec.Struct, forbid_unknown_fields=True):
    """A part that was uploaded."""

    number: int
    #: As the store answered its upload.
    etag: str


class Sent(msgspec.Struct, forbid_unknown_fields=True):
    """The parts that were uploaded; without them the store is asked."""

    parts: Annotated[list[SentPart], msgspec.Meta(max_length=_MOST)] | None = None


class UploadsController(Controller):
    """Uploads in parts."""

    path = "/v1/uploads"

    @post(status_code=201)
    @asks_a_store
    def begin(
        self, request: Asked, service: Ours, data: JSONBody[dict[str, Any]]
    ) -> dict[str, Any]:
        """Begin an upload in parts. Its caller alone goes on with it."""
        caller = caller_of(request, service, "sign")
        asked = {name: value for name, value in data.items() if value is not None}
        path = asked.pop("path", None)
        if not isinstance(path, str):
            msg = "path is text such as s3://results/a.csv or daypass://maps/a.csv"
            raise InvalidPathError(msg, option="path")
        return _told(*uploads.begin(service, caller, path, asked))

    @get("/{upload_id:str}")
    @asks_a_store
    def show(self, request: Asked, service: Ours, upload_id: FromPath[str]) -> dict[str, Any]:
        """Say which parts the store has."""
        found = uploads.resumed(service, caller_of(request, service, "sign"), upload_id)
        parts = [
            {"number": part.number, "size": part.size, "etag": part.etag}
            for part in found.list_parts()
        ]
        return {**_told(upload_id, found), "parts": parts}

    @post("/{upload_id:str}/parts", status_code=200)
    @asks_a_store
    def sign(
        self, request: Asked, service: Ours, upload_id: FromPath[str], data: JSONBody[Wanted]
    ) -> Response[Any]:
        """Sign the URLs of parts, now: on record before any is told."""
        caller = caller_of(request, service, "sign")
        found = uploads.resumed(service, caller, upload_id)
        signed = [
            (part.number, found.part(part.number, content_md5=part.content_md5))
            for part in data.parts
        ]
        for number, one in signed:
            service.events.note(
                "sign",
                principal=caller.principal,
                path=one.path,
                method="PUT",
                upload_id=upload_id,
                part=number,
                expires_at=one.expires_at.isoformat(),
                url_sha256=sha256(one.url.encode()).hexdigest(),
            )
        service.events.durable("signed", principal=caller.principal, rows=len(signed)).result()
        told = [
            {
                "number": number,
                "size": found.size_of(number),
                **one.to_dict(reveal=True),
                "curl": one.curl(),
            }
            for number, one in signed
        ]
        return Response({"parts": told}, headers={"cache-control": "no-store"})

    @post("/{upload_id:str}/complete", status_code=200)
    @asks_a_store
    def complete(
        self, request: Asked, service: Ours, upload_id: FromPath[str], data: JSONBody[Sent]
    ) -> dict[str, Any]:
        """Make the object of its parts."""
        caller = caller_of(request, service, "sign")
        parts = None
        if data.parts is not None:
            parts = [daypass.UploadedPart(number=one.number, etag=one.etag) for one in data.parts]
        return uploads.complete(service, caller, upload_id, parts).to_dict()

    @delete("/{upload_id:str}", status_code=204)
    @asks_a_store
    def abort(self, request: Asked, service: Ours, upload_id: FromPath[str]) -> None:
        """Abort an upload: the store forgets its parts."""
        uploads.abort(service, caller_of(request, service, "sign"), upload_id)


def _told(upload_id: str, made: daypass.MultipartUpload) -> dict[str, Any]:
    return {
        "upload_id": upload_id,
        "path": made.path,
        "size": made.size,
        "part_size": made.part_size,
        "part_count": made.part_count,
        "unenforced": sorted(made.unenforced),
    }
