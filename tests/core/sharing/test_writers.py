"""Whose an object is, is told by its class, and no library is imported for it; others write their types by a hook."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest

from daypass.backends import registry
from daypass.backends.objects import GROUP
from daypass.errors import BackendConflictError, InvalidRequestError, PluginError
from daypass.sharing.writers import write
from tests.core.fakes import plugin


def made(module, name, *bases, **methods):
    """Return an object of a class that says it is of a library."""
    return type(name, bases, {"__module__": module, **methods})()


def saving(method, calls):
    def save(_, file, **options):
        calls.append((method, str(file), options))

    return {method: save}


@pytest.mark.parametrize(
    ("module", "name", "suffix", "method", "options"),
    [
        ("matplotlib.figure", "Figure", ".png", "savefig", {"bbox_inches": "tight"}),
        ("matplotlib.figure", "Figure", ".svg", "savefig", {"bbox_inches": "tight"}),
        ("plotly.basedatatypes", "BaseFigure", ".html", "write_html", {}),
        ("plotly.basedatatypes", "BaseFigure", ".json", "write_json", {}),
        ("plotly.basedatatypes", "BaseFigure", ".png", "write_image", {}),
        ("altair.vegalite.v5.api", "TopLevelMixin", ".html", "save", {}),
        ("altair.vegalite.v5.api", "TopLevelMixin", ".png", "save", {}),
        ("_duckdb", "DuckDBPyRelation", ".parquet", "write_parquet", {}),
        ("xarray.core.dataset", "Dataset", ".nc", "to_netcdf", {}),
        ("xarray.core.dataarray", "DataArray", ".zarr", "to_zarr", {}),
        ("polars.dataframe.frame", "DataFrame", ".XLSX", "write_excel", {}),
    ],
)
def test_an_object_is_written_by_its_own_method(tmp_path, module, name, suffix, method, options):
    calls = []
    file = tmp_path / f"a{suffix}"
    write(made(module, name, **saving(method, calls)), file)
    assert calls == [(method, str(file), options)]


def test_a_class_that_is_made_of_a_known_one_is_written_as_that(tmp_path):
    calls = []
    figure = type(made("plotly.basedatatypes", "BaseFigure", **saving("write_html", calls)))
    write(made("plotly.graph_objs", "Figure", figure), tmp_path / "a.html")
    assert [method for method, *_ in calls] == ["write_html"]


@pytest.mark.parametrize(
    "error",
    [
        ModuleNotFoundError("No module named 'kaleido'", name="kaleido"),
        # What Plotly, Altair and xarray say.
        RuntimeError("Image export requires the Kaleido package"),
    ],
)
@pytest.mark.parametrize("builtin", [ImportError, InvalidRequestError])
def test_a_package_that_a_format_needs_is_named(tmp_path, builtin, error):
    def write_image(_, file):
        raise error

    figure = made("plotly.basedatatypes", "BaseFigure", write_image=write_image)
    with pytest.raises(
        builtin, match=r"write \.png.*not installed: pip install kaleido$"
    ) as caught:
        write(figure, tmp_path / "a.png")
    assert caught.value.__cause__ is error


def test_a_package_of_which_only_an_error_tells_is_named_in_its_words(tmp_path):
    def savefig(_, file, **options):
        msg = "needs cairo,\n  version 5"
        raise ImportError(msg)

    figure = made("matplotlib.figure", "Figure", savefig=savefig)
    with pytest.raises(ImportError, match=r"installed: it says: needs cairo, version 5$"):
        write(figure, tmp_path / "a.png")


def test_what_a_library_itself_refuses_passes_as_it_is(tmp_path):
    def to_parquet(_, file):
        msg = "Duplicate column names found"
        raise ValueError(msg)

    frame = made("pandas.core.frame", "DataFrame", to_parquet=to_parquet)
    with pytest.raises(ValueError, match=r"^Duplicate column names found$") as caught:
        write(frame, tmp_path / "a.parquet")
    assert type(caught.value) is ValueError


def test_of_axes_it_says_to_share_their_figure(tmp_path):
    axes = made("matplotlib.axes", "Axes", figure=made("matplotlib.figure", "Figure"))
    with pytest.raises(InvalidRequestError, match=r"matplotlib\.Axes is drawn on a figure: share"):
        write(axes, tmp_path / "a.png")


def test_an_object_whose_figure_fails_is_refused_as_any_other(tmp_path):
    thing = made("acme", "Thing", figure=property(lambda _: 1 / 0))
    with pytest.raises(InvalidRequestError, match=r"not a acme\.Thing"):
        write(thing, tmp_path / "a.png")


@pytest.fixture
def installed(monkeypatch):
    """Install modules that have the hook, by the package that they are named for."""

    def install(package, **modules):
        found = []
        for name, module in modules.items():
            monkeypatch.setitem(sys.modules, name, module)
            found.append(EntryPoint(package, name, GROUP))
        claims = {GROUP: {package: found}}
        monkeypatch.setattr(registry, "claims", lambda group: claims.get(group, {}))

    return install


def geo(thing, file):
    if file.suffix != ".geojson":
        return None
    file.write_text("{}")
    return True


def test_the_hook_writes_types_of_its_package(installed, tmp_path):
    installed("geopandas", acme_geo=plugin(share_object=geo))
    write(made("geopandas.geodataframe", "GeoDataFrame"), tmp_path / "a.geojson")
    assert (tmp_path / "a.geojson").read_text() == "{}"


def test_a_hook_that_fails_is_the_plugins_fault_and_its_words_are_not_shown(installed, tmp_path):
    def fails(thing, file):
        msg = "https://store.example/?X-Amz-Signature=abc"
        raise OSError(msg)

    installed("geopandas", acme_geo=plugin(share_object=fails))
    with pytest.raises(PluginError, match=r"share_object failed with builtins\.OSError") as caught:
        write(made("geopandas.geodataframe", "GeoDataFrame"), tmp_path / "a.geojson")
    assert "Signature" not in str(caught.value)


def test_what_it_does_not_write_an_ancestor_may(installed, tmp_path):
    calls = []
    frame = type(made("pandas.core.frame", "DataFrame", **saving("to_parquet", calls)))
    installed("geopandas", acme_geo=plugin(share_object=geo))
    write(made("geopandas.geodataframe", "GeoDataFrame", frame), tmp_path / "a.parquet")
    assert [method for method, *_ in calls] == ["to_parquet"]


def test_without_either_it_is_refused_and_says_of_whom(installed, tmp_path):
    installed("geopandas", acme_geo=plugin(share_object=geo))
    with pytest.raises(InvalidRequestError, match=r"not a geopandas\.GeoDataFrame.*share_object"):
        write(made("geopandas.geodataframe", "GeoDataFrame"), tmp_path / "a.shp")


def test_of_two_that_write_a_package_one_is_named(installed, monkeypatch, tmp_path):
    installed("geopandas", acme_geo=plugin(share_object=geo), other=plugin(share_object=geo))
    thing = made("geopandas.geodataframe", "GeoDataFrame")
    with pytest.raises(BackendConflictError, match="DAYPASS_OBJECTS_GEOPANDAS=acme"):
        write(thing, tmp_path / "a.geojson")
    monkeypatch.setenv("DAYPASS_OBJECTS_GEOPANDAS", "other")
    write(thing, tmp_path / "a.geojson")


def test_a_hook_of_another_form_is_named(installed, tmp_path):
    installed("geopandas", acme_geo=plugin(share_object=lambda thing, path: True))
    with pytest.raises(PluginError, match="share_object has the argument path"):
        write(made("geopandas.geodataframe", "GeoDataFrame"), tmp_path / "a.geojson")


def test_no_library_is_imported_to_share_bytes():
    code = """
import sys, daypass
try:
    daypass.share(object(), "memory://a/b.csv")
except daypass.InvalidRequestError:
    pass
libraries = {"pandas", "polars", "pyarrow", "duckdb", "xarray", "matplotlib", "plotly", "altair", "numpy"}
assert not libraries.intersection(sys.modules)
"""
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=60)
