"""DuckDB reads a link for GET by its extension httpfs, for which there is a package up to DuckDB 1.5: in an environment of its own."""

from __future__ import annotations

import subprocess

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from s3fs import S3FileSystem

import daypass
from tests.servers.install import duckdb_python

pytestmark = [pytest.mark.servers, pytest.mark.nightly]

#: It gets the link by its standard input. The extension is signed, and DuckDB loads no other.
_READ = """
import sys
from pathlib import Path

import duckdb
import duckdb_extension_httpfs

(extension,) = Path(duckdb_extension_httpfs.__file__).parent.rglob("*.duckdb_extension")
connection = duckdb.connect()
connection.execute(f"load '{extension}'")
link = sys.stdin.read()
for query in ("select sum(n)", "select count(*)"):
    print(connection.execute(f"{query} from read_parquet(?) where n >= 10", [link]).fetchone()[0])
"""


def read(url):
    command = [str(duckdb_python()), "-c", _READ]
    return subprocess.run(
        command, check=False, input=url, capture_output=True, text=True, timeout=120
    )


def test_a_link_for_get_is_enough_and_another_is_refused(servers):
    server = servers("swift")
    files = S3FileSystem(**server.storage_options, skip_instance_cache=True)
    files.call_s3("create_bucket", Bucket="httpfs")
    pq.write_table(
        pa.table({"n": range(3000)}), "httpfs/n.parquet", filesystem=files, row_group_size=1000
    )
    link = daypass.create_signed_url(
        "s3://httpfs/n.parquet", storage_options=server.storage_options
    )
    done = read(link.url)
    assert done.stderr == ""
    assert done.stdout.split() == [str(sum(range(10, 3000))), "2990"]
    refused = read(link.url[:-1] + ("0" if link.url[-1] != "0" else "1"))
    assert "HTTPException" in refused.stderr
    assert refused.stdout == ""
