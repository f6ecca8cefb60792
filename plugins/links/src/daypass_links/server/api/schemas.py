"""What the API answers, as JSON Schema: for ``/openapi.json``: true to the letter, but for what core says in its own words, which is an object."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from daypass.errors import DaypassError
from daypass_links.server.settings import METHODS
from daypass_links.wire import PROBLEM, SCOPES, STATES

__all__ = ["ANSWERS", "BODIES", "components", "of_route"]

Schema = dict[str, Any]
#: Problems that are none of daypass's errors.
_OWN_CODES = (
    "database-failed",
    "error",
    "method-not-allowed",
    "not-found",
    "too-large",
    "unsupported-media-type",
)

_TEXT: Schema = {"type": "string"}
_TEXT_OR_NOT: Schema = {"type": ["string", "null"]}
_NUMBER: Schema = {"type": "integer"}
_YES: Schema = {"type": "boolean"}
_MOMENT: Schema = {"type": "string", "format": "date-time"}
_MOMENT_OR_NOT: Schema = {"type": ["string", "null"], "format": "date-time"}
_TEXTS: Schema = {"type": "array", "items": _TEXT}
_ANY_OBJECT: Schema = {"type": "object"}
_METHOD_NAMES: Schema = {"type": "array", "items": {"type": "string", "enum": [*METHODS]}}


def _object(*, may: Schema | None = None, **must: Schema) -> Schema:
    """Describe an object of these fields and no others.

    Args:
        may: those that need not be there.
        **must: those that always are.

    """
    fields = {**must, **(may or {})}
    return {
        "type": "object",
        "properties": fields,
        "required": [*must],
        "additionalProperties": False,
    }


def _named(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _page(of: str) -> Schema:
    return _object(items={"type": "array", "items": _named(of)}, next=_TEXT_OR_NOT)


_KEY = {"key_id": _TEXT, "principal": _TEXT, "expires_at": _MOMENT_OR_NOT}
_LINK = _object(
    may={"url": {"type": "string", "format": "uri"}},
    link_id=_TEXT,
    path=_TEXT,
    prefix=_YES,
    methods=_METHOD_NAMES,
    headers={"type": "object", "additionalProperties": _TEXT},
    starts_at=_MOMENT_OR_NOT,
    expires_at=_MOMENT,
    expires_because=_TEXT,
    permits=_METHOD_NAMES,
    unenforced=_TEXTS,
    uses=_NUMBER,
    max_uses={"type": ["integer", "null"]},
    ip_range=_TEXT_OR_NOT,
    https_only=_YES,
    referrers={"type": ["array", "null"], "items": _TEXT},
    label=_TEXT_OR_NOT,
    note=_TEXT_OR_NOT,
    message=_TEXT_OR_NOT,
    preview=_YES,
    has_password=_YES,
    inbox={
        "oneOf": [
            _object(max_bytes={"type": ["integer", "null"]}, content_types=_TEXTS),
            {"type": "null"},
        ]
    },
    created_at=_MOMENT,
    owner=_TEXT,
    state={"type": "string", "enum": [*STATES]},
)
#: Each kind has fields of its own besides (the reference of events has them).
_EVENT: Schema = {
    "type": "object",
    "properties": {"kind": _TEXT, "time": _MOMENT, "link_id": _TEXT, "principal": _TEXT_OR_NOT},
    "required": ["kind", "time", "link_id", "principal"],
}
_OK = _object(status={"const": "ok"})
_MADE: Schema = {**_LINK, "required": [*_LINK["required"], "url"]}
_UPLOAD = {
    "upload_id": _TEXT,
    "path": _TEXT,
    "size": _NUMBER,
    "part_size": _NUMBER,
    "part_count": _NUMBER,
    "unenforced": _TEXTS,
}
_PART = _object(number=_NUMBER, size=_NUMBER, etag=_TEXT)
_SUSPENSION = _object(link_id=_TEXT_OR_NOT, owner=_TEXT_OR_NOT, what=_TEXT, since=_MOMENT)

_DAY: Schema = {"type": "string", "format": "date"}
_USED = {"uses": _NUMBER, "last_used_at": _MOMENT}
_USAGE = {
    "oneOf": [
        _object(link_id=_TEXT, path=_TEXT, owner=_TEXT, **_USED),
        *(_object(**{name: kind}, **_USED) for name, kind in (("owner", _TEXT), ("path", _TEXT))),
        _object(day=_DAY, **_USED),
    ]
}

#: What is answered when all is well, by route.
ANSWERS: dict[tuple[str, str], Schema] = {
    ("post", "/v1/links"): {
        "oneOf": [_MADE, {"type": "array", "items": {"oneOf": [_MADE, _named("Problem")]}}]
    },
    ("get", "/v1/links"): _page("Link"),
    ("get", "/v1/links/{link_id}"): _named("Link"),
    ("delete", "/v1/links/{link_id}"): _named("Link"),
    ("post", "/v1/links/{link_id}/extend"): _named("Link"),
    ("get", "/v1/links/{link_id}/events"): _page("Event"),
    ("post", "/v1/revoke"): _object(revoked=_NUMBER),
    ("get", "/v1/suspensions"): _object(
        items={"type": "array", "items": _SUSPENSION}, next=_TEXT_OR_NOT
    ),
    ("get", "/v1/usage"): _object(
        since=_DAY, until=_DAY, uses=_NUMBER, items={"type": "array", "items": _USAGE}
    ),
    ("post", "/v1/lift"): _object(lifted=_YES),
    ("post", "/v1/keys"): _object(key=_TEXT, **_KEY),
    ("get", "/v1/keys"): _page("Key"),
    ("post", "/v1/sign"): {"oneOf": [_ANY_OBJECT, {"type": "array", "items": _ANY_OBJECT}]},
    ("post", "/v1/forms"): _ANY_OBJECT,
    ("post", "/v1/head"): _ANY_OBJECT,
    ("post", "/v1/explain"): _ANY_OBJECT,
    ("post", "/v1/uploads"): _object(**_UPLOAD),
    ("get", "/v1/uploads/{upload_id}"): _object(parts={"type": "array", "items": _PART}, **_UPLOAD),
    ("post", "/v1/uploads/{upload_id}/parts"): _object(
        parts={"type": "array", "items": _ANY_OBJECT}
    ),
    ("post", "/v1/uploads/{upload_id}/complete"): _ANY_OBJECT,
    ("get", "/healthz"): _OK,
    ("get", "/readyz"): _OK,
}
_PATHS: Schema = {"type": "object", "properties": {"path": _TEXT}, "required": ["path"]}
#: What is taken where the handler reads it by itself, by route and media type.
BODIES: dict[tuple[str, str], dict[str, Schema]] = {
    ("post", "/v1/sign"): {
        "application/json": {"oneOf": [_PATHS, {"type": "array", "items": _ANY_OBJECT}]},
        "application/x-ndjson": {"type": "string"},
    },
    ("post", "/v1/forms"): {"application/json": _PATHS},
}


def _codes(kind: type[DaypassError] = DaypassError) -> Iterator[str]:
    yield kind.code
    for one in kind.__subclasses__():
        yield from _codes(one)


def components() -> dict[str, Any]:
    """Return what the answers are made of."""
    problem = _object(
        may={"option": _TEXT, "retry_after": {"type": "number", "minimum": 0}},
        type={"type": "string", "pattern": "^urn:daypass:"},
        title=_TEXT,
        status={"type": "integer", "minimum": 400, "maximum": 599},
        detail=_TEXT,
        code={"type": "string", "enum": sorted({*_codes(), *_OWN_CODES})},
    )
    scopes = {"type": "array", "items": {"type": "string", "enum": [*SCOPES]}}
    key = _object(
        scopes=scopes,
        prefixes=_TEXTS,
        created_at=_MOMENT,
        revoked_at=_MOMENT_OR_NOT,
        **_KEY,
    )
    return {
        "schemas": {"Problem": problem, "Link": _LINK, "Event": _EVENT, "Key": key},
        "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
    }


def of_route(method: str, path: str, operation: dict[str, Any]) -> None:
    """Say in the description of an operation what it answers, for well or ill."""
    told = _named("Problem")
    responses = {
        status: one for status, one in operation["responses"].items() if status.startswith("2")
    }
    if (answer := ANSWERS.get((method, path))) is not None:
        for one in responses.values():
            one["content"] = {"application/json": {"schema": answer}}
    if path == "/metrics":
        responses["200"]["content"] = {"text/plain": {"schema": _TEXT}}
    if (method, path) == ("post", "/v1/sign"):
        responses["200"]["content"]["application/x-ndjson"] = {"schema": _TEXT}
    responses["default"] = {
        "description": "Why not: a problem (RFC 9457).",
        "content": {PROBLEM: {"schema": told}},
    }
    operation["responses"] = responses
    if (body := BODIES.get((method, path))) is not None:
        content = {kind: {"schema": schema} for kind, schema in body.items()}
        operation["requestBody"] = {"required": True, "content": content}
    if path.startswith("/v1/"):
        operation["security"] = [{"bearer": []}]
