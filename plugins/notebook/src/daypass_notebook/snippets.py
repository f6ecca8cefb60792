"""Code to use a result with. It names the variable that holds the result: a URL would be saved with the notebook."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import NamedTuple

from daypass.model.forms import UploadForm
from daypass.model.links import SignedURL
from daypass.model.prefixes import SignedPrefix
from daypass_notebook.said import name_of

__all__ = ["of_form", "of_link", "of_prefix"]


class _Reader(NamedTuple):
    """How tools read files of one type."""

    pandas: str
    polars: str
    duckdb: str
    r: str


_PARQUET = _Reader("read_parquet", "read_parquet", "read_parquet", "arrow::read_parquet(file)")
_LINES = _Reader("read_json", "read_ndjson", "read_json", "jsonlite::stream_in(base::file(file))")
_READERS = {
    ".csv": _Reader("read_csv", "read_csv", "read_csv", "read.csv(file)"),
    ".parquet": _PARQUET,
    ".pq": _PARQUET,
    ".ndjson": _LINES,
    ".jsonl": _LINES,
    ".json": _Reader("read_json", "read_json", "read_json", "jsonlite::fromJSON(file)"),
}
#: Of all types but Parquet polars asks for the size by HEAD first, which a link for GET refuses.
_POLARS = {
    True: "import polars as pl\n\ndf = pl.{}(link.url)",
    False: "from io import BytesIO\n\nimport daypass\nimport polars as pl\n\n"
    "daypass.download(link, body := BytesIO())\ndf = pl.{}(body.getvalue())",
}
_CURL = "!{link.curl()}"


def of_link(link: SignedURL) -> dict[str, str]:
    """Return code for a link, by tool."""
    name = _file_of(link.path)
    if link.method == "PUT":
        return {"curl": _CURL, "Python": f"import daypass\n\ndaypass.upload({name!r}, link)"}
    if link.method != "GET":
        return {"curl": _CURL}
    suffix = PurePosixPath(name).suffix.lower()
    uses = {"curl": _CURL, "Python": f"import daypass\n\ndaypass.download(link, {name!r})"}
    reader = _READERS.get(suffix)
    # Not all of them can be told headers.
    if reader is not None and not link.headers:
        lines = ", lines=True" if reader is _LINES else ""
        uses |= {
            "pandas": f"import pandas as pd\n\ndf = pd.{reader.pandas}(link.url{lines})",
            "polars": _POLARS[reader is _PARQUET].format(reader.polars),
            "DuckDB": f'import duckdb\n\nduckdb.sql("SELECT * FROM {reader.duckdb}(?)", params=[link.url])',  # noqa: S608 - of names in this module
        }
    if not link.headers:
        read = f"df <- {reader.r}" if reader else f"file.copy(file, {_quoted(name)})"
        uses["R"] = (
            '# In Python before: import os; os.environ["DAYPASS_URL"] = link.url\n'
            f'file <- tempfile(fileext = "{suffix if reader else ""}")\n'
            f'download.file(Sys.getenv("DAYPASS_URL"), file, mode = "wb")\n{read}'
        )
    return uses


def of_prefix(grant: SignedPrefix) -> dict[str, str]:
    """Return code for a grant on a prefix, by tool."""
    if grant.method == "PUT":
        return {"one key": 'url = grant.url_for("name.csv")  # send the file there by PUT'}
    if "GET" not in grant.permits or grant.method != "GET":
        return {}
    uses = {"one key": 'url = grant.url_for("name.csv")'}
    if grant.path.rstrip("/").endswith(".zarr"):
        uses["xarray"] = (
            "import xarray as xr\n\n"
            "ds = xr.open_zarr(grant.url, storage_options=grant.storage_options())"
        )
    uses["fsspec"] = 'import fsspec\n\nfs = fsspec.filesystem("https", **grant.storage_options())'
    return uses


def of_form(form: UploadForm) -> dict[str, str]:
    """Return code for an upload form, by tool."""
    name = _file_of(form.path)
    return {
        "curl": f"!{{form.curl({name!r})}}",
        "a page": 'from pathlib import Path\n\nPath("upload.html").write_text(form.html())',
    }


def _file_of(path: str) -> str:
    name = name_of(path).rstrip("/")
    return name if name and "$" not in name else "file"


def _quoted(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
