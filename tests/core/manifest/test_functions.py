"""Manifests by the library: files and streams in and out, a report back, and errors of daypass's own."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import os
import stat
import tempfile
from datetime import UTC, datetime
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fsspec.callbacks import Callback

import daypass
from daypass.errors import InvalidPathError, InvalidRequestError, StoreError
from daypass.manifest import run
from daypass.manifest.workers import workers
from tests.core import fakes


@pytest.fixture
def given(tmp_path):
    path = tmp_path / "in.csv"
    path.write_text("path,n\n" + "".join(f"fake://b/{n},{n}\n" for n in range(25)))
    return path


def test_a_manifest_comes_back_with_links_and_a_report(tmp_path, fake, given, monkeypatch):
    monkeypatch.setattr(run, "CHUNK", 10)
    out = tmp_path / "out.parquet"
    start = datetime(2026, 11, 23, 12, tzinfo=UTC)
    report = daypass.sign_manifest(given, out, expires_in="1d", signing_time=start, jobs=1)
    end = datetime(2026, 11, 24, 12, tzinfo=UTC)
    assert report == daypass.ManifestReport(rows=25, failed=0, first_end=end)
    found = pq.read_table(out).to_pylist()
    assert [row["url"].partition("?")[0] for row in found] == [
        f"https://b.fake.example/{n}" for n in range(25)
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv", "out.parquet"]


@pytest.mark.parametrize("name", ["in.csv", "below/../in.csv", "other.csv", "link.csv"])
def test_a_manifest_is_not_written_over_itself(tmp_path, fake, given, name):
    (tmp_path / "below").mkdir()
    (tmp_path / "other.csv").hardlink_to(given)
    (tmp_path / "link.csv").symlink_to(given)
    before = given.read_text()
    with pytest.raises(InvalidRequestError, match="write it elsewhere") as refused:
        daypass.sign_manifest(given, tmp_path / name, jobs=1)
    assert refused.value.option == "target"
    assert given.read_text() == before


@pytest.mark.skipif(not hasattr(os, "fchmod"), reason="has no such permissions")
def test_links_go_where_only_those_read_who_could_before(tmp_path, fake, given):
    out = tmp_path / "out.csv"
    out.touch()
    out.chmod(0o600)
    daypass.sign_manifest(given, out, jobs=1)
    assert "https://b.fake.example/1?" in out.read_text()
    assert stat.S_IMODE(out.stat().st_mode) == 0o600


def test_a_callback_is_told_of_rows(tmp_path, fake, given, monkeypatch):
    monkeypatch.setattr(run, "CHUNK", 10)
    table = pa.table({"path": [f"fake://b/{n}" for n in range(25)]})
    pq.write_table(table, tmp_path / "in.parquet")
    seen = []
    callback = Callback(hooks={"see": lambda size, value: seen.append((size, value))})
    daypass.sign_manifest(tmp_path / "in.parquet", tmp_path / "out.csv", jobs=1, callback=callback)
    assert seen == [(25, 0), (25, 0), (25, 10), (25, 20), (25, 25)]


def test_streams_are_read_and_written(fake):
    source, target = io.BytesIO(b"fake://b/one\n\nfake://b/two\n"), io.BytesIO()
    report = daypass.sign_manifest(source, target, callback=Callback())
    assert report.rows == 3
    lines = target.getvalue().decode().split("\n")
    assert [line.partition("?")[0] for line in lines] == [
        "https://b.fake.example/one", "", "https://b.fake.example/two", ""
    ]  # fmt: skip
    with pytest.raises(InvalidRequestError, match="cannot be read from a pipe"):
        daypass.sign_manifest(io.BytesIO(), io.BytesIO(), source_format="parquet")
    with pytest.raises(InvalidRequestError, match="resume=True needs files"):
        daypass.sign_manifest(io.BytesIO(), io.BytesIO(), resume=True)


def test_errors_are_raised_with_their_row_or_told_in_a_column(tmp_path, fake, given):
    given.write_text(given.read_text() + "fake://b/../x,26\n")
    out = tmp_path / "out.csv"
    with pytest.raises(InvalidRequestError) as caught:
        daypass.sign_manifest(given, out)
    assert caught.value.row == 25
    assert not out.exists()
    report = daypass.sign_manifest(
        given, out, errors="collect", error_text=lambda error: str(error).upper()
    )
    assert (report.rows, report.failed) == (26, 1)
    with out.open(newline="") as file:
        last = list(csv.DictReader(file))[-1]
    assert last["url"] == ""
    assert "ALLOW_DOT_SEGMENTS=TRUE" in last["error"]


def test_what_the_store_does_not_enforce_and_what_links_need_is_reported(
    tmp_path, registry_of, given
):
    def sign(location, request):
        return fakes.honest(location, request, headers={"Content-Type": "text/csv"})

    enforced = fakes.EVERY_CONDITION - {"ip_range"}
    registry_of({"fake": fakes.backend(sign, enforces=enforced)})
    report = daypass.sign_manifest(
        given, tmp_path / "out.csv", method="PUT", content_type="text/csv",
        ip_range="192.0.2.1", strict=False, jobs=1,
    )  # fmt: skip
    assert report.unenforced == {"ip_range"}
    assert report.headers == {"Content-Type"}


@pytest.mark.parametrize("jobs", [1, 2])
def test_keys_below_a_root_give_the_links_of_whole_paths(tmp_path, monkeypatch, jobs):
    """One process, and two that have to find the root again."""
    monkeypatch.setattr(run, "CHUNK", 10)
    keys = [f"a b/{n}" for n in range(25)]
    (tmp_path / "keys.csv").write_text("path\n" + "".join(f"{key}\n" for key in keys))
    out, options = tmp_path / "out.csv", {"storage_options": {"key": "AK", "secret": "made-up"}}
    options["signing_time"] = datetime(2026, 11, 23, 12, tzinfo=UTC)
    daypass.sign_manifest(tmp_path / "keys.csv", out, root="s3://maps/2026", jobs=jobs, **options)
    expected = daypass.create_signed_urls([f"s3://maps/2026/{key}" for key in keys], **options)
    with out.open(newline="") as file:
        assert [row["url"] for row in csv.DictReader(file)] == list(expected.urls)


def test_metadata_and_sizes_of_keys_below_a_root_are_read(tmp_path, fake):
    (tmp_path / "keys.txt").write_text("1\n2\n")
    out = tmp_path / "out.ndjson"
    daypass.head_manifest(tmp_path / "keys.txt", out, root="fake://b/2026")
    assert [json.loads(line)["size"] for line in out.read_text().splitlines()] == [3, 3]
    report = daypass.sign_manifest(
        tmp_path / "keys.txt", out, root="fake://b/2026", with_head=True, jobs=1
    )
    assert (report.rows, report.failed) == (2, 0)
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert [row["url"].partition("?")[0] for row in rows] == [
        f"https://b.fake.example/2026/{n}" for n in (1, 2)
    ]
    assert [row["size"] for row in rows] == [3, 3]


def test_a_whole_path_below_a_root_is_a_row_that_failed(tmp_path):
    (tmp_path / "in.txt").write_text("s3://maps/a\n")
    with pytest.raises(InvalidPathError, match=r"row 0, 's3://maps/a': .*whole path"):
        daypass.sign_manifest(tmp_path / "in.txt", tmp_path / "o.txt", root="s3://maps", jobs=1)


def test_metadata_come_as_columns(tmp_path, fake, given):
    out = tmp_path / "out.ndjson"
    report = daypass.head_manifest(given, out, concurrency=4)
    assert (report.rows, report.failed) == (25, 0)
    assert {json.loads(line)["size"] for line in out.read_text().splitlines()} == {3}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"path": "nope"}, "one column nope: there are path, n"),
        ({"columns": {"what": "n"}}, "columns= knows no what"),
        ({"columns": {"url": "n"}}, "a column n already"),
        ({"source_format": "xml"}, "source_format is one of parquet"),
        ({"with_head": True, "method": "PUT"}, "with_head=True goes with method='GET'"),
        ({"expires_in": "8x"}, "expires_in"),
        ({"nonsense": 1}, "nonsense"),
    ],
)
def test_what_does_not_fit_is_said_before_the_first_row(tmp_path, fake, given, options, told):
    with pytest.raises(InvalidRequestError, match=told):
        daypass.sign_manifest(given, tmp_path / "out.csv", **options)
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]
    assert fake.seen == []


@pytest.mark.parametrize("given_as", [None, 7, b"in.csv", "", "a\0b.csv", io.StringIO("path\n")])
@pytest.mark.parametrize("call", [daypass.sign_manifest, daypass.head_manifest])
def test_what_is_neither_a_files_name_nor_a_stream_of_bytes_is_refused(
    tmp_path, fake, given, call, given_as
):
    for option, places in (
        ("source", (given_as, tmp_path / "out.csv")),
        ("target", (given, given_as)),
    ):
        with pytest.raises(InvalidRequestError, match=f"{option} is the name of a file") as caught:
            call(*places, source_format="csv", target_format="csv")
        assert caught.value.option == option
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]
    assert fake.seen == []


def test_a_temporary_file_that_takes_text_is_refused(tmp_path, fake, given):
    with (
        tempfile.NamedTemporaryFile("w") as target,
        pytest.raises(InvalidRequestError, match="stream of bytes"),
    ):
        daypass.sign_manifest(given, target, target_format="csv")
    with tempfile.NamedTemporaryFile() as target:
        assert daypass.sign_manifest(given, target, target_format="csv", jobs=1).rows == 25


def test_the_async_twins_do_the_same(tmp_path, fake, given):
    assert asyncio.run(daypass.asign_manifest(given, tmp_path / "a.csv")).rows == 25
    assert asyncio.run(daypass.ahead_manifest(given, tmp_path / "b.csv")).rows == 25


def test_a_worker_that_ends_early_or_fails_is_told_in_words_of_daypass():
    """What is pickled here is no work: a function ends its process, an object cannot be called."""
    with workers(min, 2) as submit, pytest.raises(StoreError, match=r"ended early.*resume=True"):
        submit(0, b"x")()
    with (
        workers(SimpleNamespace(arrow=False), 2) as submit,
        pytest.raises(daypass.DaypassError, match=r"unexpected TypeError in __main__, line"),
    ):
        submit(0, b"x")()
