"""The code on a card runs, and names a variable and never a URL."""

from __future__ import annotations

import io
import re
import shlex
import subprocess
from http.server import BaseHTTPRequestHandler
from pathlib import PurePosixPath

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from daypass_notebook import snippets
from tests.plugins.notebook.made import SECRET, form, link, prefix
from tests.servers.serving import serving

CSV, LINES = b"day,degrees\nmonday,-3\n", b'{"day": "monday", "degrees": -3}\n'
_kept = io.BytesIO()
pq.write_table(pa.table({"day": ["monday"], "degrees": [-3]}), _kept)
PARQUET = _kept.getvalue()


class _Store(BaseHTTPRequestHandler):
    """It answers as for a link that is signed for GET: a HEAD is refused."""

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self.send_error(403)

    def do_GET(self):
        suffix = PurePosixPath(self.path.partition("?")[0]).suffix
        body = {".csv": CSV, ".ndjson": LINES, ".parquet": PARQUET}[suffix]
        asked = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range", ""))
        start, end = asked.groups() if asked else ("0", "")
        first = int(start) if start else max(0, len(body) - int(end))
        part = body[first : int(end) + 1 if start and end else None]
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(len(part)))
        if asked:
            self.send_header("Content-Range", f"bytes {first}-{first + len(part) - 1}/{len(body)}")
        self.end_headers()
        self.wfile.write(part)


@pytest.fixture(scope="module")
def store():
    with serving(_Store) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.mark.parametrize("name", ["a.csv", "a.ndjson", "a.parquet"])
@pytest.mark.parametrize("tool", ["pandas", "polars"])
def test_code_that_reads_a_table_reads_it(store, name, tool):
    one = link(url=f"{store}/{name}?sig={SECRET}", path=f"s3://maps/{name}")
    names = {"link": one}
    exec(snippets.of_link(one)[tool], names)
    df = names["df"]
    rows = df.to_dict("records") if tool == "pandas" else df.to_dicts()
    assert rows == [{"day": "monday", "degrees": -3}]


def test_code_that_downloads_brings_the_object(store, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    one = link(url=f"{store}/a.csv?sig={SECRET}", path="s3://maps/a.csv")
    code = snippets.of_link(one)
    exec(code["Python"], {"link": one})
    assert (tmp_path / "a.csv").read_bytes() == CSV
    (tmp_path / "a.csv").unlink()
    command = eval(code["curl"].removeprefix("!{").removesuffix("}"), {"link": one})
    subprocess.run([*shlex.split(command), "--silent"], check=True, timeout=60)
    assert (tmp_path / "a.csv").read_bytes() == CSV


def test_duckdb_is_given_the_url_beside_the_query():
    import duckdb

    found = duckdb.extract_statements("SELECT * FROM read_csv(?)")
    assert len(found) == 1
    assert (
        'sql("SELECT * FROM read_csv(?)", params=[link.url])' in snippets.of_link(link())["DuckDB"]
    )
    assert duckdb.sql("SELECT ? AS url", params=["a"]).fetchall() == [("a",)]


@pytest.mark.parametrize(
    ("code", "tools"),
    [
        (snippets.of_link(link()), ["curl", "Python", "pandas", "polars", "DuckDB", "R"]),
        (snippets.of_link(link(headers={"x-key": SECRET})), ["curl", "Python"]),
        (snippets.of_link(link(path="s3://maps/a.tif")), ["curl", "Python", "R"]),
        (snippets.of_link(link(method="PUT")), ["curl", "Python"]),
        (snippets.of_link(link(method="LIST")), ["curl"]),
        (snippets.of_prefix(prefix()), ["one key", "xarray", "fsspec"]),
        (snippets.of_prefix(prefix(method="PUT", permits=frozenset({"PUT"}))), ["one key"]),
        (snippets.of_prefix(prefix(method="LIST")), []),
        (snippets.of_form(form()), ["curl", "a page"]),
    ],
    ids=[
        *("a table", "with headers", "a picture", "an upload", "a listing"),
        *("a folder", "uploads", "a list", "a form"),
    ],
)
def test_each_result_has_code_for_what_can_use_it(code, tools):
    assert list(code) == tools
    assert SECRET not in str(code)


@pytest.mark.parametrize("name", ['a".csv', "a'.csv", "a\\.csv", "a\n.csv", "..", "$x"])
def test_a_name_stays_a_name_in_code(name):
    for code in snippets.of_link(link(path=f"s3://maps/{name}")).values():
        if code.startswith("import"):
            compile(code, "snippet", "exec")
