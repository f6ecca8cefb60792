"""``/openapi`` and ``/openapi.json``: what the API takes and answers, for people and for programs."""

from __future__ import annotations

from html import escape
from typing import Any

from litestar import MediaType, Request, Response, get

from daypass.model.options import OF_LINKS, OPTIONS
from daypass_links.wire import NEVER

__all__ = ["as_json", "as_page"]

Asked = Request[Any, Any, Any]

#: What a link has besides core's options.
_ADDED = {
    "path": "What it opens, such as s3://results/a.csv or daypass://maps/a.csv.",
    "prefix": "true: all that lies below the path.",
    "methods": "Several methods, in place of method.",
    "label": "A word to find and revoke links by.",
    "note": "A remark.",
}
_METHODS = ("get", "post", "put", "delete")
#: Nothing is loaded from anywhere, and nothing runs.
_HEADERS = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
}


@get("/openapi.json", include_in_schema=False, sync_to_thread=False)
def as_json(request: Asked) -> Response[dict[str, Any]]:
    """Return the description in OpenAPI 3.1."""
    said = request.app.openapi_schema.to_schema()
    body = said["paths"]["/v1/links"]["post"]["requestBody"]["content"]["application/json"]
    body["schema"] = _new_link()
    return Response(said, media_type=MediaType.JSON)


def _new_link() -> dict[str, Any]:
    """Describe what a link is made of: core's options, and what the service adds to them."""
    options = [name for name in OF_LINKS if name not in NEVER]
    return {
        "type": "object",
        "required": ["path"],
        "additionalProperties": False,
        "properties": {
            **{name: {"description": told} for name, told in _ADDED.items()},
            **{name: {"description": OPTIONS[name].help} for name in options},
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
