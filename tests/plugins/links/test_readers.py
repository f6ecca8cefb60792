"""What reads and writes data does it by links: each as its own users call it, in front of a store that verifies method and signature."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import tempfile
import urllib.error
import urllib.request
from pathlib import Path
from uuid import uuid4

import pytest
from s3fs import S3FileSystem

import daypass
from daypass_notebook import live
from tests.servers.links import links_service

pytestmark = pytest.mark.servers

ROWS = {"run": list(range(3000)), "value": [number / 7 for number in range(3000)]}
CSV = "run,value\n" + "".join(
    f"{run},{value!r}\n" for run, value in zip(*ROWS.values(), strict=True)
)
#: Of an image, in pixels.
SIDE = 1024


@pytest.fixture(scope="module")
def served(servers, tmp_path_factory):
    """A service, and the name of the bucket that it is in front of, with a table as CSV and as Parquet, and with a Zarr group."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq
    import rasterio
    import xarray as xr

    server = servers("swift")
    admin = S3FileSystem(**server.storage_options, skip_instance_cache=True)
    bucket = f"b{uuid4().hex[:12]}"
    admin.call_s3("create_bucket", Bucket=bucket)
    table = pa.table(ROWS)
    directory = tmp_path_factory.mktemp("data")
    (directory / "t.csv").write_text(CSV)
    pq.write_table(table, directory / "t.parquet", row_group_size=1000)
    # Some blocks, of which a window needs one.
    shape = {"count": 1, "dtype": "uint8", "height": SIDE, "width": SIDE}
    blocks = {"tiled": True, "blockxsize": 256, "blockysize": 256}
    scale = rasterio.Affine(0.1, 0, 7, 0, -0.1, 50)
    with rasterio.open(
        directory / "t.tif", "w", driver="GTiff", transform=scale, **shape, **blocks
    ) as image:
        image.write(np.arange(SIDE * SIDE, dtype="uint32").reshape(1, SIDE, SIDE).astype("uint8"))
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
    env = {
        "DAYPASS_PROFILES__BOX__STORAGE_OPTIONS": options,
        # Those who share name the bucket, as they know it.
        "AWS_ACCESS_KEY_ID": server.access_key,
        "AWS_SECRET_ACCESS_KEY": server.secret,
        "AWS_ENDPOINT_URL": server.endpoint,
        "AWS_DEFAULT_REGION": server.region,
    }
    with links_service(configuration, env) as service:
        yield service, bucket


@pytest.fixture(scope="module")
def links(served):
    """The API of the service."""
    return served[0].client


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


def by_daypass(url):
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory, "t.csv")
        daypass.download(url, file)
        return file.read_bytes()


@pytest.mark.parametrize(
    "read",
    [by_urllib, by_requests, by_httpx, by_aiohttp, by_fsspec, by_curl, by_obstore, by_daypass],
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


def test_rasterio_reads_a_window_of_an_image(url):
    import rasterio

    # Without this GDAL looks for files beside the image, and asks the service for each.
    with (
        rasterio.Env(GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR"),
        rasterio.open(url("t.tif")) as image,
    ):
        found = image.read(1, window=((512, 514), (256, 259)))
        assert (image.bounds.left, image.bounds.top) == (7, 50)
    assert found.tolist() == [
        [(row * SIDE + column) % 256 for column in range(256, 259)] for row in (512, 513)
    ]


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


def put_by_daypass(url, headers):
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory, "t.csv")
        file.write_text(CSV)
        daypass.upload(file, url, headers=headers)
        return True


@pytest.mark.parametrize(
    "put",
    [put_by_requests, put_by_httpx, put_by_aiohttp, put_by_curl, put_by_daypass],
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


def test_obstore_makes_another_key_of_a_root_that_ends_in_a_slash(zarr_url):
    from obstore.exceptions import GenericError
    from obstore.store import HTTPStore

    store = HTTPStore.from_url(zarr_url, client_options={"allow_http": True})
    with pytest.raises(GenericError, match=r"400 Bad Request.*invalid-path"):
        store.get("zarr.json")


def test_obstore_is_a_store_of_zarr_below_a_prefix(zarr_url):
    import zarr
    from obstore.store import HTTPStore
    from zarr.storage import ObjectStore

    # It puts a slash behind what it is given, and a service takes two for another key.
    store = HTTPStore.from_url(zarr_url.removesuffix("/"), client_options={"allow_http": True})
    group = zarr.open_group(ObjectStore(store, read_only=True), mode="r")
    assert group["value"][:].tolist() == ROWS["value"]


@pytest.fixture
def shared(served, monkeypatch, tmp_path):
    """A profile that says who signs: whoever shares below it has a key of the service, and none of the store."""
    service, bucket = served
    file = tmp_path / "daypass.toml"
    file.write_text(f'[profiles.team]\nurl = "s3://{bucket}"\nsigner = "links"\n')
    monkeypatch.setenv("DAYPASS_CONFIG", str(file))
    monkeypatch.setenv("DAYPASS_LINKS_URL", service.address)
    monkeypatch.setenv("DAYPASS_LINKS_KEY", service.key)
    return f"daypass://team/{uuid4().hex[:8]}"


@pytest.mark.nightly
@pytest.mark.filterwarnings("ignore:Consolidated metadata is currently not part")
def test_a_dataset_is_shared_by_one_link_to_all_of_it(shared):
    import xarray as xr

    data = xr.Dataset({name: ("row", values) for name, values in ROWS.items()}).chunk(row=1000)
    grant = daypass.share(data, f"{shared}/cube.zarr/", expires_in="30d")
    assert (grant.backend, grant.permits) == ("links", {"GET", "HEAD"})
    with xr.open_zarr(grant.url, storage_options=grant.storage_options()) as read:
        assert read.value.to_numpy().tolist() == ROWS["value"]
    with pytest.raises(daypass.StoreError, match="is there already"):
        daypass.share(data, f"{shared}/cube.zarr/")


def test_a_file_is_shared_by_a_link_that_can_be_taken_back(shared, links, tmp_path):
    (tmp_path / "t.csv").write_text(CSV)
    link = daypass.share(tmp_path / "t.csv", f"{shared}/", expires_in="30d")
    assert by_urllib(link.url).decode() == CSV
    assert links.revoke(prefix=link.path.rpartition("/")[0]) == 2  # and the one that it went up by
    with pytest.raises(urllib.error.HTTPError, match="410"):
        by_urllib(link.url)


def test_an_upload_that_is_asked_for_of_the_service_is_an_inbox(served, shared):
    import requests

    service, _ = served
    limits = {"max_bytes": "1kB", "max_uses": 1, "content_types": ["text/*"]}
    inbox = daypass.request_upload(f"{shared}/asked/", **limits, expires_in="7d")
    assert isinstance(inbox, daypass.Inbox)
    assert re.fullmatch(re.escape(service.address) + r"/p/[A-Za-z0-9_-]{22}", str(inbox))
    assert (inbox.max_bytes, inbox.expires_because) == (1000, "requested")
    assert (inbox.max_uses, inbox.content_types) == (1, ("text/*",))
    (link,) = [one for one in service.client.all(state="alive") if one.inbox]
    assert (link.link_id, link.path) == (inbox.link_id, inbox.path)
    assert link.expires_at == inbox.expires_at
    assert link.inbox["max_bytes"] == 1000
    answers = [
        requests.post(
            f"{inbox.url}/uploads", json={"name": "a", "size": size, "type": kind}, timeout=60
        )
        for size, kind in ((1001, "text/csv"), (1000, "image/png"), (1000, "text/csv"))
    ]
    assert [answer.status_code for answer in answers] == [413, 422, 201]
    # By what it returned alone, an inbox is taken back, on its card too.
    assert inbox.link_id in inbox._repr_html_()
    assert live(inbox, client=service.client).shown["can"] == ["copy", "extend", "revoke"]
    assert service.client.revoke(inbox.link_id) == 1
    assert service.client.show(inbox.link_id).state == "revoked"
    assert requests.get(str(inbox), timeout=60).status_code == 410


def test_somebody_uploads_below_a_link_that_was_made_for_it(shared, tmp_path):
    inbox = daypass.create_signed_prefix(f"{shared}/inbox/", method="PUT", expires_in="7d")
    assert (inbox.method, inbox.backend) == ("PUT", "links")
    with urllib.request.urlopen(inbox.url.replace("/l/", "/p/").rstrip("/"), timeout=60) as page:
        assert page.headers.get_content_type() == "text/html"
    (tmp_path / "t.csv").write_text("1,2\n")
    daypass.upload(tmp_path / "t.csv", inbox.url_for("t.csv"))
    assert by_urllib(daypass.share(f"{shared}/inbox/t.csv").url) == b"1,2\n"
