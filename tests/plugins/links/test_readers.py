"""What reads and writes data does it by links: each as its own users call it, in front of a store that verifies method and signature."""

from __future__ import annotations

import asyncio
import json
import subprocess
import urllib.error
import urllib.request
from uuid import uuid4

import pytest
from s3fs import S3FileSystem

from tests.servers.links import links_service

pytestmark = pytest.mark.servers

ROWS = {"run": list(range(3000)), "value": [number / 7 for number in range(3000)]}
CSV = "run,value\n" + "".join(
    f"{run},{value!r}\n" for run, value in zip(*ROWS.values(), strict=True)
)


@pytest.fixture(scope="module")
def links(servers, tmp_path_factory):
    """A service in front of a bucket with a table as CSV and as Parquet, and with a Zarr group."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    import xarray as xr

    server = servers("swift")
    admin = S3FileSystem(**server.storage_options, skip_instance_cache=True)
    bucket = f"b{uuid4().hex[:12]}"
    admin.call_s3("create_bucket", Bucket=bucket)
    table = pa.table(ROWS)
    directory = tmp_path_factory.mktemp("data")
    (directory / "t.csv").write_text(CSV)
    pq.write_table(table, directory / "t.parquet", row_group_size=1000)
    data = xr.Dataset({name: ("row", values) for name, values in ROWS.items()})
    # Whoever has no listing needs the metadata in one place.
    with pytest.warns(UserWarning, match="Consolidated metadata is currently not part"):
        data.chunk(row=1000).to_zarr(directory / "x.zarr", zarr_format=3, consolidated=True)
    for file in directory.rglob("*"):
        if file.is_file():
            key = f"data/{file.relative_to(directory)}"
            admin.call_s3("put_object", Bucket=bucket, Key=key, Body=file.read_bytes())
    configuration = f'[profiles.box]\nurl = "s3://{bucket}"\n'
    options = json.dumps(server.storage_options)
    with links_service(
        configuration, {"DAYPASS_PROFILES__BOX__STORAGE_OPTIONS": options}
    ) as service:
        yield service.client


@pytest.fixture(params=["plain", "prefix"])
def url(request, links):
    """Return how a reader is told where an object is: by a link of its own, or below one for all."""
    if request.param == "plain":
        return lambda name: links.create(f"daypass://box/data/{name}", expires_in="30d").url
    below = links.create("daypass://box/data/", prefix=True, expires_in="30d").url
    return lambda name: below + name


@pytest.fixture
def zarr_url(links):
    return links.create("daypass://box/data/x.zarr/", prefix=True, expires_in="30d").url


def by_urllib(url):
    with urllib.request.urlopen(url, timeout=60) as answer:
        return answer.read()


def by_requests(url):
    import requests

    return requests.get(url, timeout=60).content


def by_httpx(url):
    import httpx

    return httpx.get(url, follow_redirects=True, timeout=60).content


def by_aiohttp(url):
    import aiohttp

    async def read():
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            return await answer.read()

    return asyncio.run(read())


def by_fsspec(url):
    import fsspec

    with fsspec.open(url) as file:
        assert file.size == len(CSV)
        return file.read()


def by_curl(url):
    command = ["curl", "-sSfL", "--noproxy", "*", url]
    return subprocess.run(command, capture_output=True, check=True).stdout


def by_obstore(url):
    import obstore
    from obstore.store import HTTPStore

    where, _, name = url.rpartition("/")
    store = HTTPStore.from_url(where, client_options={"allow_http": True})
    assert obstore.head(store, name)["size"] == len(CSV)
    return bytes(obstore.get(store, name).bytes())


@pytest.mark.parametrize(
    "read",
    [by_urllib, by_requests, by_httpx, by_aiohttp, by_fsspec, by_curl, by_obstore],
    ids=lambda read: read.__name__,
)
def test_what_reads_http_reads_a_link(url, read):
    assert read(url("t.csv")).decode() == CSV


def test_a_parameter_that_some_reader_looks_for_is_no_business_of_the_stores(url):
    # Delta's kernel takes a URL for signed where it finds this name.
    assert by_curl(f"{url('t.csv')}?X-Amz-Signature=0").decode() == CSV


def pandas_csv(url):
    import pandas as pd

    return pd.read_csv(url("t.csv")).to_dict("list")


def pandas_parquet(url):
    import pandas as pd

    return pd.read_parquet(url("t.parquet")).to_dict("list")


def polars_read_csv(url):
    import polars as pl

    return pl.read_csv(url("t.csv")).to_dict(as_series=False)


def polars_scan_csv(url):
    import polars as pl

    return pl.scan_csv(url("t.csv")).collect().to_dict(as_series=False)


def polars_read_parquet(url):
    import polars as pl

    return pl.read_parquet(url("t.parquet")).to_dict(as_series=False)


def polars_scan_parquet(url):
    import polars as pl

    return pl.scan_parquet(url("t.parquet")).collect().to_dict(as_series=False)


def pyarrow_by_fsspec(url):
    import fsspec
    import pyarrow.parquet as pq

    with fsspec.open(url("t.parquet")) as file:
        return pq.read_table(file).to_pydict()


def pyarrow_dataset(url):
    import fsspec
    import pyarrow.dataset as ds
    import pyarrow.fs as pafs

    handler = pafs.PyFileSystem(pafs.FSSpecHandler(fsspec.filesystem("http")))
    return ds.dataset([url("t.parquet")], filesystem=handler).to_table().to_pydict()


def dask_csv(url):
    import dask.dataframe as dd

    return dd.read_csv(url("t.csv")).compute(scheduler="sync").to_dict("list")


def dask_parquet(url):
    import dask.dataframe as dd

    return dd.read_parquet(url("t.parquet")).compute(scheduler="sync").to_dict("list")


def dask_from_map(url):
    import dask.dataframe as dd
    import pandas as pd

    frame = dd.from_map(pd.read_parquet, [url("t.parquet")])
    return frame.compute(scheduler="sync").to_dict("list")


def duckdb_over_arrow(url):
    import duckdb
    import fsspec
    import pyarrow.parquet as pq

    with fsspec.open(url("t.parquet")) as file:
        table = pq.read_table(file)
    return duckdb.from_arrow(table).to_arrow_table().to_pydict()


@pytest.mark.parametrize(
    "read",
    [
        pandas_csv,
        pandas_parquet,
        polars_read_csv,
        polars_scan_csv,
        polars_read_parquet,
        polars_scan_parquet,
        pyarrow_by_fsspec,
        pyarrow_dataset,
        dask_csv,
        # dask asks pandas for what that will no longer have.
        pytest.param(dask_parquet, marks=pytest.mark.filterwarnings("ignore:The inplace keyword")),
        dask_from_map,
        duckdb_over_arrow,
    ],
    ids=lambda read: read.__name__,
)
def test_what_reads_tables_reads_a_link(url, read):
    assert read(url) == ROWS


def put_by_requests(url, headers):
    import requests

    return requests.put(url, data=CSV.encode(), headers=headers, timeout=60).ok


def put_by_httpx(url, headers):
    import httpx

    answer = httpx.put(url, content=CSV, headers=headers, follow_redirects=True, timeout=60)
    return answer.is_success


def put_by_aiohttp(url, headers):
    import aiohttp

    async def put():
        sent = {"data": CSV.encode(), "headers": headers}
        async with aiohttp.ClientSession() as session, session.put(url, **sent) as answer:
            return answer.ok

    return asyncio.run(put())


def put_by_curl(url, headers):
    named = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
    command = ["curl", "-sSfL", "--noproxy", "*", *named, "-T", "-", url]
    return subprocess.run(command, input=CSV.encode(), check=False).returncode == 0


@pytest.mark.parametrize(
    "put",
    [put_by_requests, put_by_httpx, put_by_aiohttp, put_by_curl],
    ids=lambda put: put.__name__,
)
def test_what_writes_http_writes_through_a_link(links, put):
    path = f"daypass://box/new/{put.__name__}.csv"
    link = links.create(path, method="PUT", content_type="text/csv")
    assert put(link.url, link.headers)
    assert by_urllib(links.create(path).url).decode() == CSV


def test_urllib_follows_no_redirect_with_a_body_and_asks_where_it_leads(links):
    path = "daypass://box/new/by_urllib.csv"
    link = links.create(path, method="PUT", content_type="text/csv")

    def put(url, body=None, headers=None):
        asked = urllib.request.Request(url, data=body, headers=headers or {}, method="PUT")
        with urllib.request.urlopen(asked, timeout=60) as answer:
            return answer.read()

    with pytest.raises(urllib.error.HTTPError) as caught:
        put(link.url, CSV.encode(), link.headers)
    caught.value.close()
    assert caught.value.code == 307
    told = json.loads(put(f"{link.url}?as=json"))
    put(told["url"], CSV.encode(), told["headers"])
    assert by_urllib(links.create(path).url).decode() == CSV


def test_xarray_opens_a_zarr_group_below_a_prefix(zarr_url):
    import xarray as xr

    with xr.open_zarr(zarr_url) as data:
        assert data["run"].to_numpy().tolist() == ROWS["run"]


def test_zarr_opens_a_group_below_a_prefix(zarr_url):
    import zarr

    group = zarr.open_group(zarr_url, mode="r")
    assert group["value"][:].tolist() == ROWS["value"]


def test_obstore_is_a_store_of_zarr_below_a_prefix(zarr_url):
    import zarr
    from obstore.store import HTTPStore
    from zarr.storage import ObjectStore

    # It puts a slash behind what it is given, and a service takes two for another key.
    store = HTTPStore.from_url(zarr_url.removesuffix("/"), client_options={"allow_http": True})
    group = zarr.open_group(ObjectStore(store, read_only=True), mode="r")
    assert group["value"][:].tolist() == ROWS["value"]
