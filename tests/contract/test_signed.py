"""``signed::`` in front of stores that verify their links: readers that know fsspec, and links that end while they read."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import attrs
import duckdb
import fsspec
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from s3fs import S3FileSystem

import daypass
from daypass.signed.filesystem import SignedFileSystem
from daypass.signed.reading import Found, Reader
from tests.contract.test_gcs import HMAC, SECRET
from tests.contract.test_links import service_for
from tests.plugins.azure.conftest import Bench
from tests.servers.gcs_front import gcs_front
from tests.servers.gcs_objects import Bucket
from tests.servers.gcs_signatures import hmac_verifier

ROWS = 30_000
TABLE = pa.table({"n": range(ROWS), "word": [f"word {n % 100}" for n in range(ROWS)]})
DATA = bytes(range(256)) * 100


@pytest.fixture(scope="module")
def swift(servers: Callable[[str], Any]) -> Any:
    return servers("swift")


@pytest.fixture(scope="module")
def bucket(swift: Any) -> str:
    """A bucket with a table in two forms, in a folder of its own."""
    fs = S3FileSystem(**swift.storage_options, skip_instance_cache=True)
    name = f"b{uuid4().hex[:12]}"
    fs.call_s3("create_bucket", Bucket=name)
    pq.write_table(TABLE, f"{name}/table/n.parquet", filesystem=fs, row_group_size=10_000)
    fs.pipe({f"{name}/n.csv": TABLE.to_pandas().to_csv(index=False).encode(), f"{name}/data": DATA})
    return name


@pytest.fixture
def by_names(swift: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where each process finds the credentials: in the environment, and in no option."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", swift.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", swift.secret)
    monkeypatch.setenv("AWS_DEFAULT_REGION", swift.region)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", swift.endpoint)


def total_of_dask(path: str) -> int:
    from dask import config
    from dask import dataframe as dd

    with config.set(scheduler="processes"):  # to which it travels by names
        return int(dd.read_parquet(path).n.sum().compute())


def total_of_duckdb(path: str) -> int:
    with duckdb.connect() as connection:
        connection.register_filesystem(fsspec.filesystem("signed", target_protocol="s3"))
        query = f"select sum(n)::bigint from read_parquet('{path}')"
        return int(connection.sql(query).fetchall()[0][0])


def total_of_polars(path: str) -> int:
    with fsspec.open(path) as file:
        return int(pl.read_parquet(file)["n"].sum())


def total_of_pyarrow(path: str) -> int:
    named = int(pa.__version__.partition(".")[0]) >= 21
    fs, inner = (None, f"fsspec+{path}") if named else fsspec.url_to_fs(path)
    return int(pa.compute.sum(pq.read_table(inner, filesystem=fs)["n"]).as_py())


def total_of_dataset(path: str) -> int:
    fs, inner = fsspec.url_to_fs(path)
    return int(pa.compute.sum(ds.dataset(inner, filesystem=fs).to_table(["n"])["n"]).as_py())


def total_of_folder(path: str) -> int:
    fs, inner = fsspec.url_to_fs(path)
    table = pq.read_table(inner.removesuffix("/n.parquet"), filesystem=fs, columns=["n"])
    return int(pa.compute.sum(table["n"]).as_py())


READERS: dict[str, Callable[[str], int]] = {
    "pyarrow": total_of_pyarrow,
    "pyarrow.dataset": total_of_dataset,
    "pyarrow, a folder": total_of_folder,
    "pandas": lambda path: int(pd.read_parquet(path)["n"].sum()),
    "pandas, CSV": lambda path: int(
        pd.read_csv(path.replace("table/n.parquet", "n.csv"))["n"].sum()
    ),
    "polars, a file": total_of_polars,
    "DuckDB": total_of_duckdb,
    "DuckDB, a pattern": lambda path: total_of_duckdb(path.replace("/n.p", "/*.p")),
    "dask": total_of_dask,
}
#: Each other kind of reader is tried by night.
BY_DAY = ("pyarrow", "pandas", "DuckDB, a pattern")


@pytest.mark.parametrize(
    "reader",
    [pytest.param(one, marks=[] if one in BY_DAY else [pytest.mark.nightly]) for one in READERS],
)
@pytest.mark.usefixtures("by_names")
def test_a_reader_that_knows_fsspec_needs_to_know_nothing_of_links(
    bucket: str, reader: str
) -> None:
    path = f"signed::s3://{bucket}/table/n.parquet"
    assert READERS[reader](path) == sum(range(ROWS))


@pytest.mark.usefixtures("by_names")
def test_whoever_wants_one_column_is_sent_little_more(
    bucket: str, swift: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = S3FileSystem(**swift.storage_options, skip_instance_cache=True)
    table = pa.table({name: range(100_000) for name in "abcdefgh"})
    options = {"row_group_size": 50_000, "compression": "none", "use_dictionary": False}
    pq.write_table(table, f"{bucket}/wide.parquet", filesystem=admin, **options)
    size = admin.size(f"{bucket}/wide.parquet")
    read: list[int] = []
    real = Reader.read

    def spied(self: Reader, path: str, start: int, end: int, known: Found) -> bytes:
        read.append(end - start)
        return real(self, path, start, end, known)

    monkeypatch.setattr(Reader, "read", spied)
    fs = SignedFileSystem("s3", skip_instance_cache=True)
    found = pq.read_table(f"{bucket}/wide.parquet", columns=["c"], filesystem=fs)
    assert found.num_rows == 100_000
    assert sum(read) < size / 8 + (len(read) + 1) * (1 << 16)  # what is read ahead after a jump
    assert len(read) <= 4


@attrs.frozen
class Place:
    """An object in a store, and how it is reached."""

    path: str
    options: dict[str, Any]
    #: Take back what the service has given out, where there is one.
    revoke: Callable[[], object] = lambda: None


@pytest.fixture(
    params=[
        "swift",
        pytest.param("azurite", marks=pytest.mark.nightly),
        pytest.param("gcs", marks=pytest.mark.nightly),
        pytest.param("links", marks=pytest.mark.nightly),
    ]
)
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    """An object of `DATA` in each kind of store."""
    servers: Callable[[str], Any] = request.getfixturevalue("servers")
    if request.param == "azurite":
        bench = Bench(servers("azurite"), "key")
        bench.put("data", DATA)
        options = {"connection_string": bench.server.connection_string}
        yield Place(f"az://{bench.name}/data", {"target_options": options})
        bench.close()
    elif request.param == "gcs":
        with gcs_front() as front:
            front.keys = {("GOOG4-HMAC-SHA256", HMAC["hmac_access_id"]): hmac_verifier(SECRET)}
            front.buckets["bucket"] = Bucket()
            front.buckets["bucket"].put("data", DATA, {})
            options = {"endpoint_url": front.url, "token": "anon"}
            yield Place("gs://bucket/data", {"target_options": options, "signer_options": HMAC})
    else:
        bucket = request.getfixturevalue("bucket")
        swift = request.getfixturevalue("swift")
        if request.param == "swift":
            yield Place(f"s3://{bucket}/data", {"target_options": swift.storage_options})
            return
        with service_for(f"s3://{bucket}", swift.storage_options) as service:

            def revoke() -> None:
                for link in service.client.list():
                    service.client.revoke(link.link_id)

            options = {"signer": "links", "signer_options": service.signer_options}
            yield Place(f"s3://{bucket}/data", options, revoke)


def test_a_link_that_ends_in_the_middle_of_a_read_is_signed_again(place: Place) -> None:
    protocol, _, path = place.path.partition("://")
    fs = SignedFileSystem(protocol, **place.options, skip_instance_cache=True)
    links = fs._reader._kept._links
    with fs.open(path, cache_type="none") as file:
        assert file.read(10) == DATA[:10]
        first = links[place.path]
        place.revoke()
        if "signer" not in place.options:  # one that has ended, as by a clock that is late
            begin = datetime.now(UTC) - timedelta(hours=2)
            given = {**place.options}
            ended = daypass.create_signed_url(
                place.path,
                signing_time=begin,
                expires_in="1h",
                storage_options=given.pop("target_options"),
                **given,
            )
            links[place.path] = attrs.evolve(ended, expires_at=first.expires_at)
        file.seek(20_000)
        assert file.read(10) == DATA[20_000:20_010]
        assert links[place.path].url != first.url or "signer" not in place.options
        assert links[place.path].lifetime > timedelta(minutes=50)


@pytest.mark.usefixtures("by_names")
def test_what_travels_holds_no_secret_and_reads_on(bucket: str, swift: Any) -> None:
    fs, path = fsspec.url_to_fs(f"signed::s3://{bucket}/data")
    assert fs.cat_file(path, 0, 5) == DATA[:5]
    sent = pickle.dumps(fs)
    assert all(text.encode() not in sent for text in (swift.secret, swift.access_key, "Signature"))
    assert pickle.loads(sent).cat_file(path, 5, 9) == DATA[5:9]
