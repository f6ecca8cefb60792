"""Nobody pays for a library that they do not use, though it is installed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.figures

LIBRARIES = {
    *("altair", "kaleido", "matplotlib", "netCDF4", "numpy", "openpyxl", "pandas", "PIL", "plotly"),
    *("polars", "pyarrow", "vl_convert", "xarray", "xlsxwriter", "zarr"),
}


def imported(code):
    """Return which of the libraries are imported by code, in a process of its own."""
    code += "\nimport sys\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=Path(__file__).parents[2],
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return LIBRARIES & set(done.stdout.split())


def test_importing_daypass_and_its_cards_imports_none():
    assert imported("import daypass, daypass_notebook") == set()


def test_to_refuse_an_object_imports_none():
    code = """
import daypass
try:
    daypass.share(object(), "s3://maps/plot.png", storage_options={"key": "AK", "secret": "SK"})
except daypass.InvalidRequestError:
    pass
"""
    assert imported(code) == set()


def test_to_write_a_figure_imports_no_library_of_others(tmp_path):
    code = f"""
from pathlib import Path
from tests.figures import made
from daypass.sharing.writers import write
write(made.matplotlib(), Path({str(tmp_path)!r}, "plot.svg"))
"""
    assert imported(code) <= {"matplotlib", "numpy", "PIL"}
