"""The beginning of what a link opens, on its page: of text, of a table, or a picture, where the maker wants it shown.

Nothing is run, and nothing of a stranger's is passed on but a picture of a kind that has no scripts, under a policy of its own. Text and
tables are written into the page as text. A link that is limited is made with none: what is seen would be a use that nobody counts.
"""

from __future__ import annotations

import codecs
import csv
from pathlib import PurePosixPath

import attrs
from litestar import Response, get
from litestar.params import FromPath

from daypass.errors import DaypassError
from daypass_links.server.api.answers import Ours
from daypass_links.server.askers import asks_a_store
from daypass_links.server.logs import log
from daypass_links.server.pages import parquet
from daypass_links.server.pages.friendly import ClosedError
from daypass_links.server.pages.holders import Held, held
from daypass_links.server.pages.looking import Looked, look
from daypass_links.server.pages.reading import part_of
from daypass_links.server.pages.rendering import HEADERS, Asked
from daypass_links.server.service import Service

__all__ = ["Preview", "picture", "preview_of"]

#: The largest picture, and how much of a text is read, in bytes.
_PICTURE, _TEXT = 4 << 20, 64 << 10
#: How much is shown: lines and their characters; rows, columns and the characters of a cell.
_LINES, _LINE = 60, 240
_ROWS, _COLUMNS, _CELL = 20, 12, 80
_TEXTS = ("application/json", "application/x-ndjson", "application/xml", "application/yaml")
_TEXT_NAMES = (
    *(".txt", ".md", ".rst", ".log", ".json", ".ndjson", ".jsonl", ".geojson", ".xml", ".yaml"),
    *(".yml", ".toml", ".ini", ".cfg", ".py", ".r", ".sql", ".sh", ".tex", ".bib", ".html"),
)
_TABLES = {".csv": ",;\t|", ".tsv": "\t"}
_TABLE_TYPES = {"text/csv": ".csv", "text/tab-separated-values": ".tsv"}
_PARQUET_NAMES, _PARQUET = (".parquet", ".pq"), ("application/vnd.apache.parquet",)
_PICTURE_NAMES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".avif")


@attrs.frozen(kw_only=True)
class Preview:
    """What is shown; one of these."""

    is_picture: bool = False
    text: str | None = None
    rows: list[list[str]] | None = None
    #: Whether there is more than that.
    goes_on: bool = False


def preview_of(service: Service, found: Held, looked: Looked | None) -> Preview | None:
    """Return the beginning of what a link opens; None where it is not to be shown, or cannot be."""
    if not found.link.preview or looked is None or not looked.size or looked.content_encoding:
        return None
    suffix = PurePosixPath(found.ready.key).suffix.lower()
    kind = (looked.content_type or "").partition(";")[0].strip().lower()
    if suffix in _PICTURE_NAMES:
        return Preview(is_picture=True) if looked.size <= _PICTURE else None
    if suffix in _PARQUET_NAMES or kind in _PARQUET:
        return _parquet(service, found, looked.size)
    table = suffix if suffix in _TABLES else _TABLE_TYPES.get(kind)
    is_text = kind.startswith("text/") or kind in _TEXTS or suffix in _TEXT_NAMES
    if table is None and not is_text:
        return None
    return _text(service, found, looked.size, table)


def _text(service: Service, found: Held, size: int, table: str | None) -> Preview | None:
    """Return the first lines of a text, or its first rows; None of what is none."""
    try:
        said = part_of(found, 0, _TEXT)
    except DaypassError as error:
        log.warning("a store shows nothing of an object", link_id=found.link.id, code=error.code)
        return None
    _note(service, found)
    text, goes_on = _decoded(said, whole=size <= len(said)), size > len(said)
    if text is None:
        return None
    return _lines(text, goes_on=goes_on) if table is None else _rows(text, table, goes_on=goes_on)


@get("/p/{token:str}/picture")
@asks_a_store
def picture(request: Asked, service: Ours, token: FromPath[str]) -> Response[bytes]:
    """Return the picture that a link opens, for its page."""
    found = held(request, service, token)
    if not found.link.preview:
        raise ClosedError(404, "not-found")
    looked = look(service, found)
    if looked is None or not 0 < (looked.size or 0) <= _PICTURE:
        raise ClosedError(404, "not-found")
    try:
        said = part_of(found, 0, _PICTURE)
    except DaypassError as error:
        raise ClosedError(error.http_status, error.code) from None
    kind = _kind_of(said)
    if kind is None:
        raise ClosedError(404, "not-found")
    _note(service, found)
    headers = {
        **HEADERS,
        "content-security-policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
        "cross-origin-resource-policy": "same-origin",
        "content-disposition": "inline",
    }
    return Response(said, media_type=kind, headers=headers)


def _parquet(service: Service, found: Held, size: int) -> Preview | None:
    """Return the first rows of a Parquet file; None where nothing here reads one, or it is none."""
    if not parquet.is_there():
        return None
    _note(service, found)  # first: it is read as it is shown
    try:
        rows = parquet.rows_of(
            size, lambda first, length: part_of(found, first, length), _ROWS + 1, _COLUMNS + 1
        )
    except DaypassError as error:
        log.warning("no rows of a file are shown", link_id=found.link.id, code=error.code)
        return None
    return _shown_rows(rows, goes_on=False)


def _note(service: Service, found: Held) -> None:
    service.events.durable("preview", link_id=found.link.id, address=found.address).result()


def _kind_of(picture: bytes) -> str | None:
    """Return the media type of a picture, by how it begins; None of what is none that is shown."""
    beginnings = {
        b"\x89PNG\r\n\x1a\n": "image/png",
        b"\xff\xd8\xff": "image/jpeg",
        b"GIF87a": "image/gif",
        b"GIF89a": "image/gif",
    }
    for beginning, kind in beginnings.items():
        if picture.startswith(beginning):
            return kind
    if picture[:4] == b"RIFF" and picture[8:12] == b"WEBP":
        return "image/webp"
    return "image/avif" if picture[4:12] in (b"ftypavif", b"ftypavis") else None


def _decoded(said: bytes, *, whole: bool) -> str | None:
    """Return a text in UTF-8, which may be cut in the middle of a character; None of what is none."""
    try:
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(said, final=whole)
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def _lines(text: str, *, goes_on: bool) -> Preview:
    lines = text.splitlines()
    shown = [_cut(line, _LINE) for line in lines[:_LINES]]
    return Preview(text="\n".join(shown), goes_on=goes_on or len(lines) > _LINES)


def _rows(text: str, kind: str, *, goes_on: bool) -> Preview | None:
    lines = text.splitlines(keepends=True)
    if goes_on and len(lines) > 1:
        lines.pop()  # which may be half a row
    if not lines:
        return None
    separator = max(_TABLES[kind], key=lines[0].count)
    rows: list[list[str]] = []
    try:
        for row in filter(None, csv.reader(lines, delimiter=separator)):
            rows.append(row)
            if len(rows) > _ROWS + 1:
                break
    except csv.Error:
        return _lines(text, goes_on=goes_on)
    return _shown_rows(rows, goes_on=goes_on) if rows else None


def _shown_rows(rows: list[list[str]], *, goes_on: bool) -> Preview:
    """Return as many rows as are shown, the first of which names the columns."""
    width = max(map(len, rows))
    shown = [
        [_cut(cell, _CELL) for cell in [*row, *[""] * (width - len(row))][:_COLUMNS]]
        for row in rows[: _ROWS + 1]
    ]
    is_more = goes_on or len(rows) > _ROWS + 1 or width > _COLUMNS
    return Preview(rows=shown, goes_on=is_more)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}…"
