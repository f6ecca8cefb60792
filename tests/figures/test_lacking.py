"""A library that writes a format by another package, which is not installed, has that named: its own errors are of many kinds."""

from __future__ import annotations

import pytest

from tests.figures.absent import error_without

pytestmark = pytest.mark.figures

FRAME = 'pandas.DataFrame({"day": ["monday"], "degrees": [-3]})'
SET = 'xarray.Dataset({"degrees": ("day", [-3, -5])})'


@pytest.mark.parametrize(
    ("library", "thing", "suffix", "absent", "named"),
    [
        ("plotly.graph_objects", "plotly.graph_objects.Figure()", ".png", {"kaleido"}, "kaleido"),
        (
            "altair",
            'altair.Chart(altair.Data(values=[{"x": 1}])).mark_bar()',
            ".svg",
            {"vl_convert"},
            "vl-convert-python",
        ),
        ("pandas", FRAME, ".xlsx", {"openpyxl", "xlsxwriter"}, "openpyxl"),
        ("pandas", FRAME, ".parquet", {"pyarrow", "fastparquet"}, "pyarrow"),
        ("pandas", FRAME, ".feather", {"pyarrow"}, "pyarrow"),
        ("polars", 'polars.DataFrame({"x": [1]})', ".xlsx", {"xlsxwriter"}, "xlsxwriter"),
        ("xarray", SET, ".nc", {"netCDF4", "h5netcdf", "scipy"}, "netCDF4"),
        ("xarray", SET, ".zarr", {"zarr"}, "zarr"),
    ],
    ids=["plotly", "altair", "xlsx", "parquet", "feather", "polars", "nc", "zarr"],
)
def test_it_is_named_in_one_sentence(library, thing, suffix, absent, named):
    options = '{"key": "AK", "secret": "SK"}'
    code = f"""
import {library}
daypass.share({thing}, "s3://maps/made{suffix}", storage_options={options})
"""
    classes, message = error_without(absent, code)
    assert {"InvalidRequestError", "ImportError"} <= set(classes), message
    package = library.partition(".")[0]
    assert message == (
        f"{package} needs another package to write {suffix}, which is not installed: pip install {named}"
    )
