"""How the objects of known libraries are written, by the suffix of the file; none of them is imported before."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

__all__ = ["NEEDS", "WRITERS", "Writer"]

#: Writes an object to a file.
Writer = Callable[[Any, Path], object]


def _arrow(module: str, function: str) -> Writer:
    def written(table: Any, file: Path) -> None:
        getattr(importlib.import_module(f"pyarrow.{module}"), function)(table, str(file))

    return written


def _is_made(index: Any) -> bool:
    # The numbers of rows are no column of the table; an index that somebody has made is.
    return type(index).__name__ != "RangeIndex"


def _pandas_csv(frame: Any, file: Path) -> None:
    frame.to_csv(file, index=_is_made(frame.index))


def _pandas_json(*, lines: bool) -> Writer:
    def written(frame: Any, file: Path) -> None:
        whole = frame.reset_index() if _is_made(frame.index) else frame
        # Moments as texts, as other libraries write them: as numbers nobody could tell their unit.
        whole.to_json(file, orient="records", lines=lines, date_format="iso")

    return written


def _pandas_xlsx(frame: Any, file: Path) -> None:
    # Without the index pandas writes no columns of several levels.
    frame.to_excel(file, index=_is_made(frame.index) or frame.columns.nlevels > 1)


_IMAGES = (".png", ".svg", ".pdf", ".jpg", ".jpeg", ".webp")
_DRAWN_BY_VEGA = (".png", ".svg", ".pdf")

#: By package and class: how one is written, by the suffix of the file.
WRITERS: Mapping[tuple[str, str], Mapping[str, Writer]] = {
    ("pandas", "DataFrame"): {
        ".parquet": lambda frame, file: frame.to_parquet(file),
        ".csv": _pandas_csv,
        ".json": _pandas_json(lines=False),
        ".ndjson": _pandas_json(lines=True),
        ".jsonl": _pandas_json(lines=True),
        ".feather": lambda frame, file: frame.to_feather(file),
        ".xlsx": _pandas_xlsx,
    },
    ("polars", "DataFrame"): {
        ".parquet": lambda frame, file: frame.write_parquet(file),
        ".csv": lambda frame, file: frame.write_csv(file),
        ".json": lambda frame, file: frame.write_json(file),
        ".ndjson": lambda frame, file: frame.write_ndjson(file),
        ".jsonl": lambda frame, file: frame.write_ndjson(file),
        ".feather": lambda frame, file: frame.write_ipc(file),
        ".arrow": lambda frame, file: frame.write_ipc(file),
        ".xlsx": lambda frame, file: frame.write_excel(file),
    },
    ("pyarrow", "Table"): {
        ".parquet": _arrow("parquet", "write_table"),
        ".csv": _arrow("csv", "write_csv"),
        ".feather": _arrow("feather", "write_feather"),
        ".arrow": _arrow("feather", "write_feather"),
    },
    ("duckdb", "DuckDBPyRelation"): {
        ".parquet": lambda relation, file: relation.write_parquet(str(file)),
        ".csv": lambda relation, file: relation.write_csv(str(file)),
    },
    ("xarray", "Dataset"): {
        ".zarr": lambda dataset, folder: dataset.to_zarr(folder),
        ".nc": lambda dataset, file: dataset.to_netcdf(file),
    },
    ("xarray", "DataArray"): {
        ".zarr": lambda array, folder: array.to_zarr(folder),
        ".nc": lambda array, file: array.to_netcdf(file),
    },
    ("matplotlib", "Figure"): {
        suffix: lambda figure, file: figure.savefig(file, bbox_inches="tight") for suffix in _IMAGES
    },
    ("plotly", "BaseFigure"): {
        ".html": lambda figure, file: figure.write_html(file),
        ".json": lambda figure, file: figure.write_json(file),
        **{suffix: lambda figure, file: figure.write_image(file) for suffix in _IMAGES},
    },
    ("altair", "TopLevelMixin"): {
        suffix: lambda chart, file: chart.save(str(file))
        for suffix in (".html", ".json", *_DRAWN_BY_VEGA)
    },
}

#: By package and suffix: modules of other packages, by one of which the format is written, and what installs each; the first is the usual one.
#: Their absence is said by errors of many kinds, most of which name no package.
NEEDS: Mapping[tuple[str, str], Mapping[str, str]] = {
    ("pandas", ".parquet"): {"pyarrow": "pyarrow", "fastparquet": "fastparquet"},
    ("pandas", ".feather"): {"pyarrow": "pyarrow"},
    ("pandas", ".xlsx"): {"openpyxl": "openpyxl", "xlsxwriter": "xlsxwriter"},
    ("polars", ".xlsx"): {"xlsxwriter": "xlsxwriter"},
    ("xarray", ".nc"): {"netCDF4": "netCDF4", "h5netcdf": "h5netcdf", "scipy": "scipy"},
    ("xarray", ".zarr"): {"zarr": "zarr"},
    **{("plotly", suffix): {"kaleido": "kaleido"} for suffix in _IMAGES},
    **{("altair", suffix): {"vl_convert": "vl-convert-python"} for suffix in _DRAWN_BY_VEGA},
}
