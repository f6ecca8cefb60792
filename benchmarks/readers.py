"""How many requests, and how many bytes, readers need for one column of a table or one tile of an image.

Run it with ``python benchmarks/readers.py``. A proxy in a process of its own counts what passes to OpenStack Swift; of a body that
a reader does not read to its end it counts all, since it passes whole bodies on.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import duckdb
import fsspec
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import rasterio
import s3fs
from rasterio.io import MemoryFile
from rasterio.transform import from_origin

import daypass
from daypass.demo.server import make_bucket, swift
from tests.servers.counting_proxy import counting_proxy

ROWS, FEW = 400_000, 100
QUIET = {"GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR"}


def count(store: str, log: str) -> None:
    """Be the proxy, until stdin ends."""
    with Path(log).open("w", buffering=1) as noted, counting_proxy(store) as proxy:

        def note(method: str, ranged: bool, status: int, size: int) -> None:
            whole = not ranged and status == HTTPStatus.OK
            noted.write(json.dumps([method, status, size, whole]) + "\n")

        proxy.on_answer = note
        print(proxy.url, flush=True)
        sys.stdin.read()


def place(options: dict) -> None:
    """Put a table of nine columns and an image of 64 tiles into the store."""
    admin = s3fs.S3FileSystem(**options, skip_instance_cache=True)
    random = np.random.default_rng(1)
    columns = {"n": np.arange(ROWS), **{f"c{i}": random.random(ROWS) for i in range(8)}}
    table = pa.table(columns)
    pq.write_table(
        table, "maps/t.parquet", filesystem=admin, row_group_size=50_000, compression="none"
    )
    profile = {
        "driver": "GTiff", "width": 2048, "height": 2048, "count": 1, "dtype": "uint16", "tiled": True,
        "blockxsize": 256, "blockysize": 256, "transform": from_origin(0, 0, 1, 1), "crs": "EPSG:4326",
    }  # fmt: skip
    with MemoryFile() as memory:
        with memory.open(**profile) as image:
            image.write(random.integers(0, 65_535, (1, 2048, 2048), dtype="uint16"))
        admin.pipe("maps/a.tif", memory.read())


def measure(options: dict, proxy: str, log: Path) -> None:
    """Let each reader read, and print what passed."""
    lives = iter(range(3600, 9999))  # so that no two links are one to a cache

    def link(key: str) -> str:
        given = {"storage_options": options, "public_endpoint": proxy, "expires_in": next(lives)}
        return daypass.create_signed_url(f"s3://maps/{key}", **given).url

    def fresh() -> fsspec.AbstractFileSystem:
        return fsspec.filesystem(
            "signed",
            target_protocol="s3",
            target_options=options,
            public_endpoint=proxy,
            skip_instance_cache=True,
        )

    def tile(place: str, **settings: str) -> int:
        with rasterio.Env(**settings), rasterio.open(place) as image:
            return int(image.read(1, window=((0, 256), (0, 256))).sum())

    def of_duckdb(where: str = "") -> object:
        with duckdb.connect() as connection:
            connection.register_filesystem(fresh())
            query = f"select sum(n) from read_parquet('signed::s3://maps/t.parquet') {where}"
            return connection.sql(query).fetchall()

    def of_file(cache_type: str | None) -> int:
        with fresh().open("maps/t.parquet", cache_type=cache_type) as file:
            return pq.read_table(file, columns=["n"]).num_rows

    def by_url() -> int:
        with fsspec.open(link("t.parquet")) as file:
            return pq.read_table(file, columns=["n"]).num_rows

    few = pl.col("n") < FEW
    readers: dict[str, Callable[[], object]] = {
        "rasterio, URL": lambda: tile(f"/vsicurl/{link('a.tif')}"),
        "rasterio, URL, EMPTY_DIR": lambda: tile(f"/vsicurl/{link('a.tif')}", **QUIET),
        "polars, URL": lambda: pl.read_parquet(link("t.parquet"), columns=["n"]).height,
        "polars, URL, scan of few rows": lambda: (
            pl.scan_parquet(link("t.parquet")).filter(few).select("n").collect().height
        ),
        "pandas, URL": lambda: len(pd.read_parquet(link("t.parquet"), columns=["n"])),
        "pyarrow, file of fsspec.open(URL)": by_url,
        "pyarrow, signed::": lambda: of_file(None),
        "pyarrow, signed::, read ahead by blocks": lambda: of_file("readahead"),
        "DuckDB, signed::": of_duckdb,
        "DuckDB, signed::, few rows": lambda: of_duckdb(f"where n < {FEW}"),
    }
    for name, read in readers.items():
        before = log.stat().st_size
        read()
        asked = [json.loads(line) for line in log.read_text()[before:].splitlines()]
        refused = sum(status >= HTTPStatus.BAD_REQUEST for _, status, _, _ in asked)
        whole = sum(told for *_, told in asked)
        size = sum(length for _, _, length, _ in asked) / 1e6
        print(f"{name:42}{len(asked):4} requests, {whole} whole, {refused} refused {size:8.2f} MB")


def main() -> None:
    """Run the store, the proxy and the readers."""
    with swift() as server, tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log")
        make_bucket(server, "maps")
        place(server.storage_options)
        command = [sys.executable, __file__, server.endpoint.removeprefix("http://"), str(log)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        with subprocess.Popen(command, **pipes, text=True) as proxy:
            os.environ.pop("http_proxy", None)
            measure(dict(server.storage_options), proxy.stdout.readline().strip(), log)
            proxy.stdin.close()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        count(*sys.argv[1:])
    else:
        main()
