"""``/v1/sign``, ``/v1/forms``, ``/v1/head`` and ``/v1/explain``: daypass's functions for callers who hold no credentials of a store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from hashlib import sha256
from typing import Any

import msgspec
from litestar import Controller, Request, Response, post
from litestar.datastructures import State
from litestar.params import JSONBody
from litestar.response import Stream

import daypass
from daypass.base.messages import shown
from daypass.errors import (
    DaypassError,
    InvalidPathError,
    InvalidRequestError,
    RefusedError,
    UnsupportedOptionError,
)
from daypass_links.server.api.answers import Ours, caller_of
from daypass_links.server.api.bodies import JSONRequest, read_json
from daypass_links.server.askers import asking, asks_a_store
from daypass_links.server.principals.callers import Caller
from daypass_links.server.principals.rights import store_of
from daypass_links.server.problems import problem
from daypass_links.server.service import Service

__all__ = ["SigningController"]

Asked = Request[Any, Any, State]

_NDJSON = "application/x-ndjson"
#: The most URLs of one array, and how many of a stream are signed before they are sent; the largest body, in bytes.
_MOST, _AT_ONCE, _LARGEST = 1000, 500, 16 << 20
#: What the service alone says: its clock; and what would lead to another path than the one that was judged.
_NEVER = ("signing_time", "copy_source")


class Metadata(msgspec.Struct, forbid_unknown_fields=True):
    """What object to look at."""

    path: str
    version: str | None = None


class Found(msgspec.Struct, forbid_unknown_fields=True):
    """What to explain."""

    url: str
    #: What the store answered, if it refused.
    error: str | None = None


class SigningController(Controller):
    """URLs, forms and what is known of them."""

    path = "/v1"

    @post("/sign", status_code=200, request_max_body_size=_LARGEST)
    async def sign(self, request: JSONRequest, service: Ours) -> Response[Any] | Stream:
        """Sign URLs: of an object of JSON one, of an array or of lines (NDJSON) one for each.

        A row that cannot be signed is a problem in its place; the answer to lines is sent as they are signed.
        """
        caller = await asyncio.to_thread(caller_of, request, service, "sign")
        request.check_type(_NDJSON)
        text = await request.body()
        if request.content_type[0].lower() == _NDJSON:
            return Stream(_signed_stream(request, service, text), media_type=_NDJSON)
        asked = read_json(text)
        if isinstance(asked, Mapping):
            made = await asking(_signed, service, caller, [asked], raising=True)
            return _private(made[0])
        if not isinstance(asked, list) or len(asked) > _MOST:
            msg = f"send an object, an array of at most {_MOST} objects, or lines as {_NDJSON}"
            raise InvalidRequestError(msg)
        return _private(await asking(_signed, service, caller, asked))

    @post("/forms", status_code=200)
    @asks_a_store
    def form(self, request: Asked, service: Ours, data: JSONBody[dict[str, Any]]) -> Response[Any]:
        """Sign an upload form for browsers."""
        caller = caller_of(request, service, "sign")
        given = _given(data)
        store, key = store_of(service, caller, given.pop("path"), methods=["PUT"])
        made = store.create_upload_form(key, **daypass.form_options(given))
        service.events.durable(
            "form",
            principal=caller.principal,
            path=made.path,
            expires_at=made.expires_at.isoformat(),
        ).result()
        return _private(made.to_dict(reveal=True))

    @post("/head", status_code=200)
    @asks_a_store
    def head(self, request: Asked, service: Ours, data: JSONBody[Metadata]) -> Response[Any]:
        """Say what the store says of an object, to whoever may have a link for HEAD."""
        caller = caller_of(request, service, "sign")
        store, key = store_of(service, caller, data.path, methods=["HEAD"])
        allowed = daypass.rehearse(
            data.path, method="HEAD", version=data.version, caller=store.caller
        )
        if not allowed.allowed:
            raise RefusedError(allowed.reason or "the policy refuses HEAD")
        found = store.head_metadata(key, version=data.version)
        service.events.durable("look", principal=caller.principal, path=data.path).result()
        return _private(found.to_dict())

    @post("/explain", status_code=200, sync_to_thread=True)
    def explain(self, request: Asked, service: Ours, data: JSONBody[Found]) -> Response[Any]:
        """Say what a signed URL says of itself, without any network."""
        caller_of(request, service, "sign")
        return _private(daypass.explain(data.url, error=data.error).to_dict())


def _private(content: Any) -> Response[Any]:
    return Response(content, headers={"cache-control": "no-store"})


def _given(asked: Any) -> dict[str, Any]:
    """Return what was given, with a path in it."""
    if not isinstance(asked, Mapping):
        msg = f"what to sign is an object of JSON with a path, not {shown(asked)}"
        raise InvalidRequestError(msg)
    given = {str(name): value for name, value in asked.items() if value is not None}
    if not isinstance(given.get("path"), str):
        msg = "path is text such as s3://results/a.csv or daypass://maps/a.csv"
        raise InvalidPathError(msg, option="path")
    if never := [name for name in _NEVER if name in given]:
        msg = f"{never[0]} is not taken from callers of the service"
        raise UnsupportedOptionError(msg, option=never[0], backend="links")
    return given


def _signed(
    service: Service, caller: Caller, rows: list[Any], *, raising: bool = False
) -> list[dict[str, Any]]:
    """Sign one URL for each row, a line of JSON or what it says, on record before any is told."""
    found = []
    for row in rows:
        try:
            asked = read_json(row) if isinstance(row, bytes) else row
            found.append(_signed_one(service, caller, asked))
        except DaypassError as error:
            if raising:
                raise
            found.append(problem(error))
    service.events.durable("signed", principal=caller.principal, rows=len(rows)).result()
    return found


def _signed_one(service: Service, caller: Caller, asked: Any) -> dict[str, Any]:
    given = _given(asked)
    path, version = given.pop("path"), given.pop("version", None)
    options = daypass.sign_options(given)
    method = options.get("method", "GET")
    store, key = store_of(service, caller, path, methods=[method])
    made = store.create_signed_url(key, version=version, **options)
    service.events.note(
        "sign",
        principal=caller.principal,
        path=made.path,
        method=method,
        expires_at=made.expires_at.isoformat(),
        url_sha256=sha256(made.url.encode()).hexdigest(),
    )
    return {**made.to_dict(reveal=True), "curl": made.curl()}


async def _signed_stream(request: Asked, service: Service, text: bytes) -> AsyncIterator[bytes]:
    """Yield a line for each line, and the first before the last is signed."""
    lines = [line for line in text.split(b"\n") if line.strip()]
    for first in range(0, len(lines), _AT_ONCE):
        some = lines[first : first + _AT_ONCE]
        yield await asking(_signed_lines, request, service, some)


def _signed_lines(request: Asked, service: Service, lines: list[bytes]) -> bytes:
    try:
        # Anew for each of them: a key may be revoked while its lines are signed.
        caller = caller_of(request, service, "sign")
    except DaypassError as error:
        made = [problem(error)] * len(lines)
    else:
        made = _signed(service, caller, lines)
    return b"".join(msgspec.json.encode(one) + b"\n" for one in made)
