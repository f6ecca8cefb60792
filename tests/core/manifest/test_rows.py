"""Manifests of rows as others write them: packed by gzip, with semicolons, with tabs."""

from __future__ import annotations

import csv
import gzip
import io
import json
from datetime import UTC, datetime

import pytest

import daypass
from daypass.errors import InvalidRequestError

START = datetime(2026, 11, 23, 12, tzinfo=UTC)
KEYS = ["a", "b;c", "d,e", 'f"g']


def signed(source, **options):
    target = io.BytesIO()
    options = {"signing_time": START, "jobs": 1, "target_format": "ndjson", **options}
    daypass.sign_manifest(source, target, **options)
    return [json.loads(line) for line in target.getvalue().splitlines()]


def table(delimiter):
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerows([["n", "path"], *([n, f"fake://b/{key}"] for n, key in enumerate(KEYS))])
    return text.getvalue().encode()


@pytest.mark.parametrize("delimiter", [",", ";", "\t"], ids=["comma", "semicolon", "tab"])
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_the_first_line_and_the_first_bytes_say_how_csv_is_written(
    fake, tmp_path, delimiter, packed
):
    data = table(delimiter)
    data = gzip.compress(data) if packed else data
    rows = signed(io.BytesIO(data), source_format="csv")
    assert [row["path"] for row in rows] == [f"fake://b/{key}" for key in KEYS]
    assert all(row["url"].startswith("https://b.fake.example/") for row in rows)
    name = tmp_path / f"in.{'tsv' if delimiter == chr(9) else 'csv'}{'.gz' if packed else ''}"
    name.write_bytes(data)
    assert signed(name) == rows


def test_what_stands_in_quotes_is_no_delimiter(fake):
    rows = signed(io.BytesIO(b'"a;b;c",path\nx,fake://b/k\n'), source_format="csv")
    assert [row["path"] for row in rows] == ["fake://b/k"]


def test_a_first_line_over_several_lines_is_one(fake):
    rows = signed(io.BytesIO(b'"a\nb",path\nx,fake://b/k\n'), source_format="csv")
    assert rows[0]["a\nb"] == "x"


@pytest.mark.parametrize("kind", ["ndjson", "text"])
def test_other_rows_may_be_packed_too(fake, tmp_path, kind):
    line = '{"path": "fake://b/k"}\n' if kind == "ndjson" else "fake://b/k\n"
    name = tmp_path / f"in.{'ndjson' if kind == 'ndjson' else 'txt'}.gz"
    name.write_bytes(gzip.compress(line.encode()))
    assert [row["path"] for row in signed(name)] == ["fake://b/k"]


@pytest.mark.parametrize("broken", [b"cut", b"other"])
def test_a_packed_file_that_is_cut_or_broken_is_an_error_that_names_the_line(fake, broken):
    data = gzip.compress(table(",") * 500)
    data = data[:-20] if broken == b"cut" else data[:40] + b"\0" * 40 + data[80:]
    with pytest.raises(InvalidRequestError, match=r"-: line \d+ cannot be read"):
        signed(io.BytesIO(data), source_format="csv", errors="collect")


def test_what_is_written_is_not_packed_whatever_it_is_called(fake, tmp_path):
    given = tmp_path / "in.csv"
    given.write_bytes(table(","))
    with pytest.raises(InvalidRequestError, match="add target_format"):
        daypass.sign_manifest(given, tmp_path / "out.csv.gz", jobs=1)
