"""``/openapi`` and ``/openapi.json``: what the API takes and answers, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from html import escape
from typing import Any

from litestar import MediaType, Request, Response, get
from litestar.openapi.plugins import JsonRenderPlugin

from daypass.model.options import OF_LINKS, OF_PARTS, OPTIONS, UPLOAD_ONLY, WHOLE_UPLOAD
from daypass_links.server.api.links import MOST_LINKS
from daypass_links.server.api.schemas import components, of_route
from daypass_links.wire import NEVER

__all__ = ["Described", "as_json", "as_page"]

Asked = Request[Any, Any, Any]

#: What a link has besides core's options.
_ADDED = {
    "path": "What it opens, such as s3://results/a.csv or daypass://maps/a.csv.",
    "prefix": "true: all that lies below the path.",
    "inbox": "true: a page by which files are sent below the path; max_bytes is of each, and max_uses their number.",
    "content_types": "Of an inbox, the media types that it takes, such as image/*; any without it.",
    "methods": "Several methods, in place of method.",
    "label": "A word to find and revoke links by.",
    "note": "A remark.",
}
_OF_UPLOADS = {
    "path": _ADDED["path"],
    "size": "Size of the object in bytes.",
    "part_size": "Size of each part in bytes; what suits the store without it.",
}
#: What can be asked of an upload in parts.
_PARTWISE = [name for name in OF_LINKS if name in {*UPLOAD_ONLY, *OF_PARTS} - WHOLE_UPLOAD]
_METHODS = ("get", "post", "put", "delete")
#: Nothing is loaded from anywhere, and nothing runs.
_HEADERS = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
}


@get("/openapi.json", include_in_schema=False, sync_to_thread=False)
def as_json(request: Asked) -> Response[dict[str, Any]]:
    """Return the description in OpenAPI 3.1."""
    return Response(described(request.app.openapi_schema.to_schema()), media_type=MediaType.JSON)


class Described(JsonRenderPlugin):
    """The same where programs look for it by Litestar's custom, ``/schema/openapi.json``."""

    def render(self, request: Asked, openapi_schema: dict[str, Any]) -> bytes:
        """Return the description as JSON."""
        return self.render_json(request, described(openapi_schema))


def described(said: dict[str, Any]) -> dict[str, Any]:
    """Return Litestar's description with what it does not know: options, answers, problems, and who may ask."""
    said = deepcopy(said)
    found = components()
    schemas = {**said.get("components", {}).get("schemas", {}), **found["schemas"]}
    said["components"] = {**said.get("components", {}), **found, "schemas": schemas}
    for path, methods in said["paths"].items():
        for method, operation in methods.items():
            of_route(method, path, operation)
    for path, names in (
        ("/v1/links", (_ADDED, OF_LINKS)),
        ("/v1/uploads", (_OF_UPLOADS, _PARTWISE)),
    ):
        body = said["paths"][path]["post"]["requestBody"]["content"]["application/json"]
        body["schema"] = _asked(*names)
        if path == "/v1/links":
            body["schema"] |= {
                "type": ["object", "array"],
                "items": {"type": "object"},
                "minItems": 1,
                "maxItems": MOST_LINKS,
            }
    return said


def _asked(added: dict[str, str], options: Iterable[str]) -> dict[str, Any]:
    """Describe what a link or an upload is made of: core's options, and what the service adds to them."""
    return {
        "type": "object",
        "required": [name for name in added if name in ("path", "size")],
        "additionalProperties": False,
        "properties": {
            **{name: {"description": told} for name, told in added.items()},
            **{name: {"description": OPTIONS[name].help} for name in options if name not in NEVER},
        },
    }


@get("/openapi", include_in_schema=False, sync_to_thread=False)
def as_page(request: Asked) -> Response[str]:
    """Return a page with a line for each thing that can be asked."""
    paths = request.app.openapi_schema.to_schema()["paths"]
    rows = [
        f"<dt><code>{method.upper()} {escape(path)}</code></dt><dd>{escape(told[method].get('description', ''))}</dd>"
        for path, told in sorted(paths.items())
        for method in _METHODS
        if method in told
    ]
    page = f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>daypass-links</title>
<h1>daypass-links</h1>
<p>Send <code>Authorization: Bearer dpl_...</code>. Errors are <code>application/problem+json</code>. The whole
description is in <a href="/openapi.json">/openapi.json</a>.</p>
<dl>{"".join(rows)}</dl></html>"""
    return Response(page, media_type=MediaType.HTML, headers=_HEADERS)
