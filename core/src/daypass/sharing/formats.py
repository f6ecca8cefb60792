"""How the objects of known libraries are written, by the suffix of the file; none of them is imported before."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

__all__ = ["WRITERS"]

_Writer = Callable[[Any, Path], object]


def _arrow(module: str, function: str) -> _Writer:
    def written(table: Any, file: Path) -> None:
        getattr(importlib.import_module(f"pyarrow.{module}"), function)(table, str(file))

    return written


def _pandas_csv(frame: Any, file: Path) -> None:
    # The numbers of rows are no column of the table; an index that somebody has made is.
    frame.to_csv(file, index=type(frame.index).__name__ != "RangeIndex")


_IMAGES = (".png", ".svg", ".pdf", ".jpg", ".jpeg", ".webp")

#: By package and class: how one is written, by the suffix of the file.
WRITERS: Mapping[tuple[str, str], Mapping[str, _Writer]] = {
    ("pandas", "DataFrame"): {
        ".parquet": lambda frame, file: frame.to_parquet(file),
        ".csv": _pandas_csv,
        ".json": lambda frame, file: frame.to_json(file, orient="records"),
        ".ndjson": lambda frame, file: frame.to_json(file, orient="records", lines=True),
        ".jsonl": lambda frame, file: frame.to_json(file, orient="records", lines=True),
        ".feather": lambda frame, file: frame.to_feather(file),
        ".xlsx": lambda frame, file: frame.to_excel(file),
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
        suffix: lambda chart, file: chart.save(str(file)) for suffix in (".html", ".json", *_IMAGES)
    },
}
