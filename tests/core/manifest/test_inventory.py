"""S3 Inventory as a manifest; `MANIFEST` and `PARQUET` are the documentation's examples, but for their names and files.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory-location.html
"""

from __future__ import annotations

import gzip
import io
import json
from datetime import UTC, datetime
from hashlib import md5

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fsspec.callbacks import Callback

import daypass
from daypass.cli.run import run as command
from daypass.errors import InvalidRequestError
from daypass.manifest import run
from tests.core import fakes

START = datetime(2026, 11, 23, 12, tzinfo=UTC)
OPTIONS = {"storage_options": {"key": "AK", "secret": "made-up"}, "signing_time": START}

MANIFEST = {
    "sourceBucket": "example-source-bucket",
    "destinationBucket": "arn:aws:s3:::example-inventory-destination-bucket",
    "version": "2016-11-30",
    "creationTimestamp": "1514944800000",
    "fileFormat": "CSV",
    "fileSchema": "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size",
}
PARQUET = {
    "fileFormat": "Parquet",
    "fileSchema": "message s3.inventory { required binary bucket (UTF8); required binary key (UTF8); "
    "optional binary version_id (UTF8); optional boolean is_latest; optional boolean is_delete_marker; "
    "optional int64 size; }",
}
#: The key, the same as CSV has it, its version, whether that is the latest, a delete marker, and its size.
ROWS = [
    ("maps/a b+c.tif", "maps/a+b%2Bc.tif", "v1", True, False, 3),
    ("maps/ü%.tif", "maps/%C3%BC%25.tif", "", True, False, 4),
    ("maps/ü%.tif", "maps/%C3%BC%25.tif", "v0", False, False, 9),
    ("gone", "gone", "v3", True, True, None),
    ("gone", "gone", "v2", False, True, None),
    ("gone", "gone", "v1", False, False, 7),
    ('x,"y"', "x%2C%22y%22", "v1", True, False, 5),
]
PATHS = [f"s3://example-source-bucket/{row[0]}" for row in ROWS if row[3] and not row[4]]
LEFT_OUT = {"delete markers": 2, "older versions": 2}


def csv_of(rows):
    lines = (
        ",".join(
            f'"{cell}"'
            for cell in ("example-source-bucket", key, version, str(latest).lower(),
                         str(deleted).lower(), "" if size is None else size)
        )
        for _, key, version, latest, deleted, size in rows
    )  # fmt: skip
    return gzip.compress("".join(f"{line}\n" for line in lines).encode())


def parquet_of(rows):
    names = ["bucket", "key", "version_id", "is_latest", "is_delete_marker", "size"]
    types = [pa.string()] * 3 + [pa.bool_()] * 2 + [pa.int64()]
    cells = [("example-source-bucket", row[0], row[2] or None, *row[3:]) for row in rows]
    columns = [
        pa.array(cell, kind) for cell, kind in zip(zip(*cells, strict=True), types, strict=True)
    ]
    sink = io.BytesIO()
    pq.write_table(pa.table(columns, names=names), sink)
    return sink.getvalue()


def inventory(folder, kind="CSV", place="../data", **changed):
    """Write an inventory of two data files, as S3 lays them out; return the directory of its date."""
    dated = folder / "2026-11-29T01-00Z"
    dated.mkdir()
    (dated / place).mkdir(exist_ok=True)
    made, end = (csv_of, "csv.gz") if kind == "CSV" else (parquet_of, "parquet")
    files = []
    for number, rows in enumerate((ROWS[:3], ROWS[3:])):
        data, name = made(rows), f"939c6d46-{number}.{end}"
        (dated / place / name).write_bytes(data)
        key = f"Inventory/example-source-bucket/daily/data/{name}"
        files.append({"key": key, "size": len(data), "MD5checksum": md5(data).hexdigest()})
    told = MANIFEST | (PARQUET if kind == "Parquet" else {}) | {"files": files} | changed
    (dated / "manifest.json").write_text(json.dumps(told))
    return dated


def sign(source, target, **options):
    report = daypass.sign_manifest(source, target, jobs=1, **OPTIONS, **options)
    if target.suffix == ".parquet":
        return report, pq.read_table(target).to_pylist()
    return report, [json.loads(line) for line in target.read_text().splitlines()]


@pytest.mark.parametrize("target", ["out.parquet", "out.ndjson"])
@pytest.mark.parametrize("kind", ["CSV", "Parquet"])
def test_the_objects_of_all_data_files_are_signed_and_what_is_left_out_is_counted(
    tmp_path, kind, target
):
    dated = inventory(tmp_path, kind)
    report, rows = sign(dated, tmp_path / target)
    assert [row["path"] for row in rows] == PATHS
    expected = daypass.create_signed_urls(PATHS, **OPTIONS)
    assert [row["url"] for row in rows] == list(expected.urls)
    assert (report.rows, report.failed, report.left_out) == (3, 0, LEFT_OUT)
    key, size = ("Key", "Size") if kind == "CSV" else ("key", "size")
    assert [row[key] for row in rows] == ["maps/a b+c.tif", "maps/ü%.tif", 'x,"y"']
    assert [int(row[size]) for row in rows] == [3, 4, 5]
    assert sign(dated / "manifest.json", tmp_path / target)[1] == rows


@pytest.mark.parametrize(("kind", "column"), [("CSV", "VersionId"), ("Parquet", "version_id")])
def test_the_version_that_was_listed_is_signed_where_its_column_is_named(tmp_path, kind, column):
    dated = inventory(tmp_path, kind)
    _, rows = sign(dated, tmp_path / "out.ndjson", columns={"version": column})
    expected = [
        daypass.create_signed_url(path, version=version, **OPTIONS).url
        for path, version in zip(PATHS, ("v1", None, "v1"), strict=True)
    ]
    assert [row["url"] for row in rows] == expected


@pytest.mark.parametrize("place", [".", "data", "../data"])
def test_data_files_lie_beside_the_manifest_or_where_s3_puts_them(tmp_path, place):
    report, _ = sign(inventory(tmp_path, place=place), tmp_path / "out.ndjson")
    assert report.rows == 3


def test_a_run_that_was_killed_goes_on_and_counts_what_it_left_out_before(tmp_path, monkeypatch):
    monkeypatch.setattr(run, "CHUNK", 1)
    dated, out = inventory(tmp_path), tmp_path / "out.ndjson"
    whole = sign(dated, tmp_path / "whole.ndjson")
    done = []
    answered = run._answered

    def killed(*args):
        for answer in answered(*args):
            if len(done) == 2:
                raise KeyboardInterrupt
            done.append(answer)
            yield answer

    with monkeypatch.context() as patch:
        patch.setattr(run, "_answered", killed)
        with pytest.raises(KeyboardInterrupt):
            sign(dated, out)
    assert not out.exists()
    assert len((tmp_path / ".out.ndjson.daypass-part").read_text().splitlines()) == 2
    assert sign(dated, out, resume=True) == whole


@pytest.mark.parametrize("kind", ["CSV", "Parquet"])
@pytest.mark.parametrize("broken", ["other", "missing"])
def test_a_data_file_that_is_missing_or_has_another_md5_is_named_before_a_row_is_signed(
    tmp_path, kind, broken
):
    dated = inventory(tmp_path, kind)
    (file,) = (tmp_path / "data").glob("*-1.*")
    if broken == "missing":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes() + b"\0")
    told = "which lies neither beside it nor in data" if broken == "missing" else "has the MD5"
    with pytest.raises(InvalidRequestError, match=rf"{file.name}.*{told}"):
        sign(dated, tmp_path / "out.ndjson")
    assert {path.name for path in tmp_path.iterdir()} == {"data", dated.name}


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"fileFormat": "ORC"}, "is an inventory in ORC: let S3 write it as CSV or Parquet"),
        ({"fileSchema": "Bucket, Name"}, "has no column Key: there are Bucket, Name"),
        ({"fileSchema": "Bucket, Key"}, "line 1 has 6 fields for 2 columns"),
        ({"files": [{"key": "x"}]}, "is not the manifest.json of an S3 Inventory"),
        ({"files": 7}, "is not the manifest.json of an S3 Inventory"),
    ],
)
def test_what_is_no_inventory_that_can_be_read_is_refused_by_name(tmp_path, changed, told):
    with pytest.raises(InvalidRequestError, match=told):
        sign(inventory(tmp_path, **changed), tmp_path / "out.ndjson")


def test_a_key_that_is_no_utf_8_is_refused_and_not_changed(tmp_path, monkeypatch):
    monkeypatch.setitem(globals(), "ROWS", [("", "maps/%FC.tif", "v1", True, False, 3)])
    with pytest.raises(
        InvalidRequestError, match=r"lists the key maps/%FC\.tif, which is no UTF-8"
    ):
        sign(inventory(tmp_path), tmp_path / "out.ndjson")


def test_a_directory_without_an_inventory_says_which_file_is_missing(tmp_path):
    with pytest.raises(InvalidRequestError, match=r"manifest\.json does not exist"):
        sign(tmp_path, tmp_path / "out.ndjson")


@pytest.mark.parametrize("kind", ["CSV", "Parquet"])
def test_an_empty_inventory_is_an_empty_manifest(tmp_path, kind):
    report, rows = sign(inventory(tmp_path, kind, files=[]), tmp_path / "out.parquet")
    assert (report.rows, report.left_out, rows) == (0, {}, [])


@pytest.mark.parametrize("kind", ["CSV", "Parquet"])
def test_metadata_of_the_objects_are_read(tmp_path, registry_of, kind):
    registry_of({"s3": fakes.backend()})
    dated, out = inventory(tmp_path, kind), tmp_path / "out.ndjson"
    if kind == "Parquet":
        with pytest.raises(InvalidRequestError, match="a column size already"):
            daypass.head_manifest(dated, out)
    report = daypass.head_manifest(dated, out, columns={"size": "bytes"})
    assert (report.rows, report.failed, report.left_out) == (3, 0, LEFT_OUT)
    assert [json.loads(line)["bytes"] for line in out.read_text().splitlines()] == [3, 3, 3]


def test_a_callback_learns_how_many_rows_there_are_as_data_files_end(tmp_path):
    callback = Callback()
    sign(inventory(tmp_path), tmp_path / "out.ndjson", callback=callback)
    assert (callback.size, callback.value) == (3, 3)


def test_the_command_line_warns_of_what_is_left_out(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AK")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")
    dated, out = inventory(tmp_path), tmp_path / "out.csv"
    assert command(["sign", "--from", f"{dated}", "--to", str(out), "--jobs", "1"]) == 0
    err = capsys.readouterr().err
    assert "2 delete markers of the inventory are left out" in err
    assert "2 older versions of the inventory are left out" in err
    names = "path,Bucket,Key,VersionId,IsLatest,IsDeleteMarker,Size,url,expires_at"
    assert out.read_text().splitlines()[0] == names
