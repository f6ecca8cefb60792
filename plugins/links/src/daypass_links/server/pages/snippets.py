"""How a link is used from a shell, Python, R and DuckDB: lines to copy."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from urllib.parse import unquote

from daypass_links.server.links.link import Link
from daypass_links.server.settings import METHODS

__all__ = ["snippets"]

#: What DuckDB reads files of some names with.
_READERS = {
    "csv": "read_csv",
    "tsv": "read_csv",
    "parquet": "read_parquet",
    "json": "read_json",
    "ndjson": "read_json",
}


def snippets(link: Link, url: str) -> list[tuple[str, str]]:
    """Return lines for what a link is for, each with the name of what they are written for.

    Args:
        link: the link.
        url: where it is; of a prefix, the key of an object below it is to be put at its end.

    """
    name = unquote(link.path.rstrip("/").rpartition("/")[2]) or "file"
    if link.inbox is not None:
        asked = json.dumps({"name": "a.csv", "size": 1_000_000})
        return [("curl", f"curl -fsS {shlex.quote(f'{url}/uploads')} --json {shlex.quote(asked)}")]
    place = f"{url}KEY" if link.prefix else url
    file = "KEY" if link.prefix else name
    found: list[tuple[str, str]] = []
    for method in sorted(link.methods, key=METHODS.index):
        if method == "HEAD" and "GET" in link.methods:
            continue  # nobody asks a link that gives the file for its size alone
        of = f" ({method})" if found else ""
        found += [(f"{program}{of}", text) for program, text in _lines(link, method, place, file)]
    return found


def _lines(link: Link, method: str, place: str, file: str) -> list[tuple[str, str]]:
    if method == "GET":
        return _download(place, file)
    if method == "PUT":
        return _upload(place, file, link.headers)
    how = "-I" if method == "HEAD" else f"-X {method}"
    return [("curl", f"curl -fL {how} {shlex.quote(place)}")]


def _download(place: str, file: str) -> list[tuple[str, str]]:
    reader = _READERS.get(file.rpartition(".")[2].lower())
    found = [
        ("curl", f"curl -fL -o {_word(file)} {shlex.quote(place)}"),
        (
            "Python",
            f"import urllib.request\n\nurl = {_literal(place)}\nurllib.request.urlretrieve(url, {_literal(file)})",
        ),
        (
            "R",
            f'url <- {_literal(place)}\ndownload.file(url, {_literal(file)}, mode = "wb")',
        ),
    ]
    if reader is not None:
        quoted = place.replace("'", "''")
        found.append(("DuckDB", f"FROM {reader}('{quoted}');"))
    return found


def _upload(place: str, file: str, headers: Mapping[str, str]) -> list[tuple[str, str]]:
    said = "".join(f" -H {shlex.quote(f'{key}: {value}')}" for key, value in headers.items())
    # urllib follows no redirect with a body, so it asks first where the link leads.
    python = f"""import json
import urllib.request

url, file = {_literal(place)}, {_literal(file)}
headers = {json.dumps(dict(headers))}
asked = urllib.request.Request(url + "?as=json", method="PUT", headers=headers)
place = json.load(urllib.request.urlopen(asked))["url"]
with open(file, "rb") as opened:
    sent = urllib.request.Request(place, opened.read(), headers, method="PUT")
urllib.request.urlopen(sent)"""
    return [
        ("curl", f"curl -fL{said} -T {_word(file)} {shlex.quote(place)}"),
        ("Python", python),
    ]


def _literal(text: str) -> str:
    """Return a text as Python and R write it: in JSON some characters are two halves, which are none there."""
    seen = json.dumps(text, ensure_ascii=False)
    return "".join(one if one.isprintable() else f"\\U{ord(one):08x}" for one in seen)


def _word(file: str) -> str:
    """Return a file's name for a shell, which takes it for no option."""
    return shlex.quote(f"./{file}" if file.startswith("-") else file)
