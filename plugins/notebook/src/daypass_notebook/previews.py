"""What an object begins with, for a card: the first rows of a table, the first lines of a text, or a picture."""

from __future__ import annotations

import base64
import csv
import io
from collections.abc import Iterable
from contextlib import suppress
from http import HTTPStatus
from itertools import islice

import attrs

from daypass.base.media_types import guessed
from daypass.errors import InvalidRequestError, StoreError
from daypass.model.links import SignedURL
from daypass.transfer.functions import download
from daypass_notebook.look import picture, preformatted, table_of

__all__ = ["preview"]

#: A notebook keeps what a card holds: so many bytes of an object are read at most.
_MOST = 1 << 20
_ROWS, _COLUMNS, _CELL, _LINES, _LINE = 5, 12, 60, 10, 160
_PICTURES = frozenset({"image/gif", "image/jpeg", "image/png", "image/webp"})
_TABLES = {"text/csv": ",", "text/tab-separated-values": "\t"}
_TEXTS = (
    "text/",
    "application/json",
    "application/x-ndjson",
    "application/xml",
    "application/yaml",
    "application/toml",
)


def preview(link: SignedURL) -> str:
    """Return what an object begins with, as HTML.

    Raises:
        InvalidRequestError: for a link that reads no object, one of no type that can be shown, and a picture above 1 MiB.
        StoreError: if the store refuses.

    """
    if link.method != "GET":
        msg = (
            f"a preview reads the object, and this link is for {link.method}: ask for method='GET'"
        )
        raise InvalidRequestError(msg, option="preview")
    kind = _type(link.path)
    if kind not in _PICTURES and not kind.startswith(_TEXTS):
        msg = f"there is no preview of {kind}: pictures (GIF, JPEG, PNG, WebP), CSV, TSV, JSON and texts have one"
        raise InvalidRequestError(msg, option="preview")
    body = _begin(link)
    if kind in _PICTURES:
        if len(body) == _MOST:
            msg = f"{link.path} is no smaller than {_MOST} bytes, and a picture is shown whole: leave preview out"
            raise InvalidRequestError(msg, option="preview")
        data = f"data:{kind};base64,{base64.b64encode(body).decode('ascii')}"
        return picture("preview", data)
    text = body.decode("utf-8-sig", "replace")
    if kind in _TABLES:
        with suppress(csv.Error):  # what is no table is shown as the text that it is
            rows = islice(csv.reader(io.StringIO(text, None), delimiter=_TABLES[kind]), _ROWS + 1)
            return table_of([[_cut(cell, _CELL) for cell in row[:_COLUMNS]] for row in rows])
    return preformatted("\n".join(_first_lines(text.splitlines())))


def _type(path: str) -> str:
    kind, packed = guessed(path)
    return f"what is packed by {packed}" if packed else kind or "an unknown type"


def _begin(link: SignedURL) -> bytes:
    kept = io.BytesIO()
    headers = {**link.headers, "Range": f"bytes=0-{_MOST - 1}"}
    try:
        download(attrs.evolve(link, headers=headers), kept)
    except StoreError as error:
        # So stores say that an object has no first byte.
        if error.status != HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            raise
    return kept.getvalue()


def _first_lines(lines: list[str]) -> Iterable[str]:
    return (_cut(line, _LINE) for line in lines[:_LINES])


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
