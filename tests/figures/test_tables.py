"""Tables and datasets go to a real store in each format of theirs, and other libraries read what the link brings."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json

import pytest

from daypass.sharing.formats import WRITERS
from daypass.sharing.writers import write

pytestmark = pytest.mark.figures

ROWS = [{"day": "monday", "degrees": -3}, {"day": "tuesday", "degrees": -5}]


def pandas():
    import pandas as pd

    return pd.DataFrame(ROWS)


def polars():
    import polars as pl

    return pl.DataFrame(ROWS)


def arrow():
    import pyarrow as pa

    return pa.Table.from_pylist(ROWS)


def read_csv(body):
    rows = csv.DictReader(io.StringIO(body.decode()))
    return [{**row, "degrees": int(row["degrees"])} for row in rows]


def read_lines(body):
    return [json.loads(line) for line in body.decode().splitlines()]


def read_parquet(body):
    import pyarrow.parquet as pq

    return pq.read_table(io.BytesIO(body)).to_pylist()


def read_ipc(body):
    import pyarrow as pa

    return pa.ipc.open_file(body).read_all().to_pylist()


def read_xlsx(body):
    import openpyxl

    (sheet,) = openpyxl.load_workbook(io.BytesIO(body)).worksheets
    names, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip(names, row, strict=True)) for row in rows]


#: How each is read, and its media type: as it is registered, and of lines of JSON as it is written where it is not.
READERS = {
    ".parquet": (read_parquet, "application/vnd.apache.parquet"),
    ".csv": (read_csv, "text/csv"),
    ".json": (json.loads, "application/json"),
    ".ndjson": (read_lines, "application/x-ndjson"),
    ".jsonl": (read_lines, "application/x-ndjson"),
    ".feather": (read_ipc, "application/vnd.apache.arrow.file"),
    ".arrow": (read_ipc, "application/vnd.apache.arrow.file"),
    ".xlsx": (
        read_xlsx,
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
}
TABLES = {
    "pandas": (pandas, WRITERS["pandas", "DataFrame"]),
    "polars": (polars, WRITERS["polars", "DataFrame"]),
    "pyarrow": (arrow, WRITERS["pyarrow", "Table"]),
}


@pytest.mark.parametrize(
    ("library", "suffix"),
    [(name, suffix) for name, (_, suffixes) in TABLES.items() for suffix in suffixes],
)
def test_a_table_is_read_as_it_was(shared, library, suffix):
    make, _ = TABLES[library]
    read, kind = READERS[suffix]
    brought = shared(make(), f"tables/{library}{suffix}")
    assert read(brought.body) == ROWS
    assert brought.content_type == kind


@pytest.mark.parametrize("suffix", [".csv", ".json", ".jsonl", ".feather", ".xlsx"])
def test_an_index_of_pandas_that_somebody_made_is_a_column(shared, suffix):
    read, _ = READERS[suffix]
    brought = shared(pandas().set_index("day"), f"tables/indexed{suffix}")
    assert read(brought.body) == ROWS


@pytest.mark.parametrize("suffix", [".json", ".ndjson"])
@pytest.mark.parametrize("library", [pandas, polars])
def test_moments_are_written_into_json_as_texts(shared, library, suffix):
    rows = [{"at": dt.datetime(2026, 10, 5, 6, 30)}]
    brought = shared(type(library())(rows), f"tables/moments-{library.__name__}{suffix}")
    read, _ = READERS[suffix]
    ((written,),) = [row.values() for row in read(brought.body)]
    assert dt.datetime.fromisoformat(written) == rows[0]["at"]


def test_columns_of_several_levels_go_into_a_workbook(shared):
    import openpyxl
    import pandas as pd

    columns = pd.MultiIndex.from_product([["day", "night"], ["degrees"]])
    brought = shared(pd.DataFrame([[-3, -8]], columns=columns), "tables/levels.xlsx")
    (sheet,) = openpyxl.load_workbook(io.BytesIO(brought.body)).worksheets
    assert [[*row[1:]] for row in sheet.iter_rows(values_only=True)][:2] == [
        ["day", "night"],
        ["degrees", "degrees"],
    ]


def dataset():
    import xarray as xr

    return xr.Dataset({"degrees": ("day", [-3, -5])})


def array():
    return dataset()["degrees"]


@pytest.mark.parametrize("make", [dataset, array])
def test_netcdf_of_xarray_is_read_by_netcdf_itself(shared, make):
    import netCDF4

    brought = shared(make(), f"cubes/{make.__name__}.nc")
    assert brought.content_type == "application/x-netcdf"
    with netCDF4.Dataset("cube", memory=brought.body) as cube:
        assert cube["degrees"].dimensions == ("day",)
        assert cube["degrees"][:].tolist() == [-3, -5]


@pytest.mark.filterwarnings("ignore:Consolidated metadata is currently not part")
@pytest.mark.parametrize("make", [dataset, array])
def test_a_zarr_store_of_xarray_is_read_by_zarr_itself(tmp_path, make):
    import zarr

    write(make(), tmp_path / "cube.zarr")
    assert zarr.open_group(tmp_path / "cube.zarr", mode="r")["degrees"][:].tolist() == [-3, -5]
