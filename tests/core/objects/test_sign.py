"""``daypass.sign``: whatever holds paths comes back with URLs in their place, and all else as it was."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree as ET

import pandas as pd
import polars as pl
import pyarrow as pa
import pystac
import pytest
from pystac_client import ItemSearch
from upath import UPath

import daypass
from daypass.backends import Registry
from daypass.errors import (
    BackendConflictError,
    InvalidPathError,
    InvalidRequestError,
    PluginError,
    SigningNotSupportedError,
    UnknownOptionError,
)
from daypass.hookspecs import hookimpl
from tests.core import fakes

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
KEYS = {"key": "AKIDEXAMPLE", "secret": "made-up"}
OPTIONS = {"storage_options": KEYS, "signing_time": NOW}
A, B = "s3://maps/a b.tif", "s3://maps/b&c.tif"
FOREIGN = [
    "https://example.org/x.tif?sig=1",
    "http://maps/x",
    "ftp://h/x",
    "a.tif",
    "",
    "x://y",
    "/vsis3/maps/a",
]


def url(path):
    return daypass.create_signed_url(path, **OPTIONS).url


def sign(thing, **options):
    return daypass.sign(thing, **OPTIONS, **options)


def inplace(thing):
    return daypass.sign_inplace(thing, **OPTIONS)


def test_text_gives_the_url_as_text():
    assert sign(A) == url(A)
    assert sign(UPath("s3://maps/a.tif", **KEYS)) == url("s3://maps/a.tif")
    assert (
        sign(A, method="PUT", expires_in="5m")
        == daypass.create_signed_url(A, method="PUT", expires_in="5m", **OPTIONS).url
    )


@pytest.mark.parametrize("given", FOREIGN[:2])
def test_a_url_stays_as_it_is(given):
    assert sign(given) == given
    assert sign(sign(A)) == sign(A)


def test_a_link_stays_a_link():
    link = daypass.create_signed_url(A, **OPTIONS)
    assert sign(link) is link


@pytest.mark.parametrize("given", [Path("/tmp/x"), "file:///tmp/x", "memory://x/y"])
def test_what_no_store_signs_is_refused_where_it_is_all_that_was_given(given):
    with pytest.raises(SigningNotSupportedError):
        sign(given)


@pytest.mark.parametrize("given", ["", "holiday", "see [it](https://e.example)", "<a href='x'/>"])
def test_text_without_a_path_is_refused(given):
    with pytest.raises(InvalidPathError, match="no path in the text"):
        sign(given)


def test_lists_and_dictionaries_keep_their_form_and_what_is_no_path():
    given = {
        "one": A, "many": [B, *FOREIGN, 5, None], "in": ({"deep": A}, {B}), A: 1.5, "local": Path("x"),
    }  # fmt: skip
    before = copy.deepcopy(given)
    assert sign(given) == {
        "one": url(A), "many": [url(B), *FOREIGN, 5, None], "in": ({"deep": url(A)}, {url(B)}), A: 1.5,
        "local": Path("x"),
    }  # fmt: skip
    assert given == before


def test_the_paths_of_a_call_are_signed_together_and_each_once(registry_of):
    calls = []
    module = fakes.backend()
    registry_of(
        {"fake": module}, plugins=[fakes.plugin(record=lambda event: calls.append(event.count))]
    )
    given = {
        "n": [f"fake://b/{n % 3}" for n in range(9)],
        "in": {"m": ("fake://b/0", "fake://b/7")},
    }
    signed = daypass.sign(given)
    assert signed["in"]["m"][0] == signed["n"][0] == signed["n"][3]
    assert calls == [4]


def test_in_place_the_thing_itself_is_changed():
    given = {"a": [A, {"b": B}], "n": 1}
    inner = given["a"]
    assert inplace(given) is given
    assert given == {"a": [url(A), {"b": url(B)}], "n": 1}
    assert given["a"] is inner


@pytest.mark.parametrize("given", [A, (A,), pd.Series([A])], ids=["text", "tuple", "column"])
def test_what_cannot_be_changed_in_place_is_refused(given):
    with pytest.raises(InvalidRequestError, match=r"cannot be changed in place: .*daypass\.sign"):
        inplace(given)


#: https://fsspec.github.io/kerchunk/spec.html, with paths of a store.
REFERENCES = {
    "version": 1,
    "templates": {"u": "s3://maps/cube.nc", "root": "s3://maps/parts"},
    "refs": {
        ".zgroup": '{"zarr_format": 2}',
        "x/0": ["{{u}}", 20, 100],
        "x/1": ["{{root}}/1.bin"],
        "x/2": [A, 5, 6],
        "x/3": "base64:AAAA",
    },
}


def test_references_of_kerchunk_lead_to_urls_of_whole_paths():
    signed = sign(REFERENCES)
    assert signed["refs"] == {
        ".zgroup": '{"zarr_format": 2}',
        "x/0": [url("s3://maps/cube.nc"), 20, 100],
        "x/1": [url("s3://maps/parts/1.bin")],
        "x/2": [url(A), 5, 6],
        "x/3": "base64:AAAA",
    }
    assert signed["templates"] == {}
    assert "{{u}}" in json.dumps(REFERENCES)


ITEM = pystac.Item(
    "europe",
    None,
    None,
    NOW,
    {},
    href="s3://maps/item.json",
    assets={"image": pystac.Asset(A), "page": pystac.Asset(FOREIGN[0])},
)


def hrefs(item):
    return [asset.href for asset in item.assets.values()]


SIGNED = [url(A), FOREIGN[0]]


@pytest.mark.parametrize("changes", [{"gen": [{"key": "k/{{i}}", "url": "{{u}}_{{i}}"}]}, {"refs": {"x/0": ["{{f(c='a')}}", 0, 1]}}], ids=["gen", "call"])  # fmt: skip
def test_references_that_compute_paths_are_refused(changes):
    with pytest.raises(InvalidRequestError, match="these references compute paths"):
        sign({**REFERENCES, **changes})


def test_other_ways_to_an_asset_are_signed_too():
    asset = pystac.Asset(A, extra_fields={"alternate": {"s3": {"href": B}}, "size": 5})
    signed = sign(asset)
    assert signed.extra_fields == {"alternate": {"s3": {"href": url(B)}}, "size": 5}
    assert asset.extra_fields["alternate"]["s3"]["href"] == B
    assert inplace(asset).extra_fields["alternate"]["s3"]["href"] == url(B)


def test_a_stac_item_has_assets_that_are_signed_and_the_caller_keeps_theirs():
    signed = sign(ITEM)
    assert (hrefs(signed), hrefs(ITEM)) == (SIGNED, [A, FOREIGN[0]])
    assert signed.self_href == "s3://maps/item.json"
    assert sign(ITEM.assets["image"]).href == url(A)
    other = ITEM.clone()
    assert inplace(other) is other
    assert hrefs(other) == SIGNED


def test_collections_of_items_are_signed():
    given = pystac.ItemCollection([ITEM, ITEM.clone()])
    assert [hrefs(item) for item in sign(given)] == [SIGNED, SIGNED]
    assert hrefs(ITEM) == [A, FOREIGN[0]]
    extent = pystac.Extent(
        pystac.SpatialExtent([[0, 0, 1, 1]]), pystac.TemporalExtent([[NOW, None]])
    )
    collection = pystac.Collection("maps", "", extent, assets={"image": pystac.Asset(A)})
    assert hrefs(sign(collection)) == [url(A)]


def test_a_stac_item_as_json_is_signed_where_its_assets_are_and_nowhere_else():
    given = ITEM.to_dict(transform_hrefs=False)
    signed = sign(given)
    assert [asset["href"] for asset in signed["assets"].values()] == SIGNED
    assert signed["links"] == given["links"]
    assert given["assets"]["image"]["href"] == A
    features = sign({"type": "FeatureCollection", "features": [given]})["features"]
    assert features[0]["assets"] == signed["assets"]
    assert inplace(given)["assets"] == signed["assets"]


def test_a_search_is_not_changed_before_it_has_found_anything():
    with pytest.raises(InvalidRequestError, match="as modifier"):
        inplace(ItemSearch("https://stac.example/search"))


def test_of_stac_only_what_has_assets_is_signed():
    with pytest.raises(InvalidRequestError, match=r"nobody signs a pystac.*Catalog"):
        sign(pystac.Catalog("c", ""))


COLUMN = [A, None, FOREIGN[0], B]
URLS = [url(A), None, FOREIGN[0], url(B)]


@pytest.mark.parametrize("dtype", ["object", "str", "string", "category"])
def test_columns_of_pandas_keep_their_type_and_index(dtype):
    column = pd.Series(COLUMN, index=[5, 6, 7, 8], name="path", dtype=dtype)
    signed = sign(column)
    assert [None if pd.isna(one) else one for one in signed] == URLS
    assert list(signed.index) == [5, 6, 7, 8]
    assert (signed.name, isinstance(signed.dtype, type(column.dtype))) == ("path", True)


def test_tables_of_pandas_are_signed_in_every_column_of_text():
    frame = pd.DataFrame({"n": [1, 2], "path": [A, B], "word": ["x", "y"], 5: [A, 7]})
    signed = sign(frame)
    assert signed.to_dict("list") == {
        "n": [1, 2], "path": [url(A), url(B)], "word": ["x", "y"], 5: [url(A), 7],
    }  # fmt: skip
    assert frame["path"].tolist() == [A, B]
    assert list(sign(pd.Index([A, "x"], name="i"))) == [url(A), "x"]


def test_columns_and_tables_of_polars_are_signed():
    frame = pl.DataFrame(
        {"n": [1, 2, 3, 4], "path": COLUMN, "kind": pl.Series(COLUMN, dtype=pl.Categorical)}
    )
    signed = sign(frame)
    assert signed["path"].to_list() == signed["kind"].to_list() == URLS
    assert signed["n"].to_list() == [1, 2, 3, 4]
    with pytest.raises(InvalidRequestError, match=r"nobody signs a polars.*LazyFrame"):
        sign(frame.lazy())


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())], ids=str)  # fmt: skip
def test_columns_and_tables_of_arrow_are_signed_in_their_type(kind):
    array = pa.array(COLUMN, pa.string()).cast(kind)
    signed = sign(array)
    assert (signed.type, signed.to_pylist()) == (kind, URLS)
    for make in (pa.table, pa.record_batch):
        table = make({"n": [1, 2, 3, 4], "path": array})
        signed = sign(table)
        assert signed.schema == table.schema
        assert signed.column("path").to_pylist() == URLS
    assert sign(pa.chunked_array([array, array])).to_pylist() == URLS * 2
    with pytest.raises(InvalidRequestError, match=r"nobody signs a pyarrow.*Schema"):
        sign(table.schema)


def test_a_column_of_arrow_in_pandas_keeps_its_type():
    for kind in (pa.string(), pa.dictionary(pa.int8(), pa.string())):
        column = pd.Series(COLUMN, dtype=pd.ArrowDtype(kind), index=list("abcd"), name="p")
        signed = sign(column)
        assert (signed.dtype, signed.name, signed.index.tolist()) == (
            column.dtype,
            "p",
            list("abcd"),
        )
        assert [None if one is pd.NA else one for one in signed] == URLS
    numbers = pd.Series([1], dtype=pd.ArrowDtype(pa.int8()))
    assert sign(numbers) is numbers


def test_of_words_that_no_row_has_no_link_is_made():
    category = pd.Series([A, B], dtype="category")[:1]
    dictionary = pa.array([A, B, None]).dictionary_encode()[::2]
    assert sign(category).cat.categories.tolist() == [url(A), B]
    assert sign(dictionary).to_pylist() == [url(A), None]
    assert sign(dictionary).dictionary.to_pylist() == [url(A), B]
    assert sign(pa.chunked_array([dictionary])).to_pylist() == [url(A), None]


def test_a_vrt_reads_by_urls_as_gdal_writes_them():
    text = f"""<VRTDataset rasterXSize="5" rasterYSize="5">
      <SourceFilename relativeToVRT="0">{B.replace("&", "&amp;")}</SourceFilename>
      <SourceFilename relativeToVRT="0">/vsis3/maps/c.tif</SourceFilename>
      <SourceFilename relativeToVRT="1">d.tif</SourceFilename>
    </VRTDataset>"""
    names = [one.text for one in ET.fromstring(sign(text)).iter("SourceFilename")]
    assert names == [f"/vsicurl/{url(B)}", f"/vsicurl/{url('s3://maps/c.tif')}", "d.tif"]


def test_html_leads_to_urls_where_values_stand():
    text = f"<p>see s3://maps/told <a href=\"{A}\">map</a> <img src='{A}'></p>\n<code> {A} </code>"
    signed = sign(text)
    escaped = url(A).replace("&", "&amp;")
    assert signed == (
        f"<p>see s3://maps/told <a href=\"{escaped}\">map</a> <img src='{escaped}'></p>\n<code> {escaped} </code>"
    )


def test_markdown_leads_to_urls_where_links_stand():
    text = '[map](s3://maps/a.tif) s3://maps/told ![i](s3://maps/b.png "t") <s3://maps/c>\n\n[d]: s3://maps/d\n'
    assert sign(text) == (
        f'[map]({url("s3://maps/a.tif")}) s3://maps/told ![i]({url("s3://maps/b.png")} "t") '
        f"<{url('s3://maps/c')}>\n\n[d]: {url('s3://maps/d')}\n"
    )


def test_words_in_an_order_keep_it():
    column = pd.Series(pd.Categorical([B, A], categories=[B, A], ordered=True))
    table = pa.table({"path": column})
    assert sign(column).dtype.ordered
    assert sign(table).schema == table.schema
    assert sign(table)["path"].to_pylist() == [url(B), url(A)]


def test_rows_of_a_table_are_signed_and_keep_their_names():
    frame = pd.DataFrame({"n": [1], "path": [A]})
    row = sign([*frame.itertuples(name="Row")])[0]
    assert (row.n, row.path, type(row).__name__) == (1, url(A), "Row")
    assert sign(next(frame.itertuples())).path == url(A)


def test_what_holds_itself_is_refused_in_words():
    given = {"path": A}
    given["self"] = [given]
    with pytest.raises(InvalidRequestError, match="this dict holds itself, or is nested deeper"):
        sign(given)


@pytest.mark.parametrize("given", [5, None, object(), b"s3://maps/a"])
def test_what_nobody_signs_is_an_error_that_says_what_to_do(given):
    with pytest.raises(
        InvalidRequestError, match=r"nobody signs a builtins\.\w+: .*daypass\.objects"
    ):
        sign(given)


def test_a_wrong_option_is_found_before_anything_is_read():
    with pytest.raises(UnknownOptionError, match="did you mean expires_in"):
        daypass.sign([], expire_in=5)


class Sheet:
    """What a library makes that daypass does not know."""

    __module__ = "drawings.sheets"

    def __init__(self, *sources):
        self.sources = list(sources)


class Large(Sheet):
    __module__ = "somebody.else"


@pytest.fixture
def knows(use_registry, monkeypatch):
    def know(*hooks, name="drawings"):
        entries = []
        for number, hook in enumerate(hooks):
            module = ModuleType(f"fake_objects_{number}")
            if hook is not None:
                module.sign_object = hookimpl(hook)
            monkeypatch.setitem(sys.modules, module.__name__, module)
            entries.append(
                fakes.entry(name, module.__name__, "daypass.objects", f"daypass-{number}")
            )
        find = fakes.finder({"s3": "daypass_s3"}, ())
        use_registry(
            Registry(lambda *, group: entries if group == "daypass.objects" else find(group=group))
        )

    return know


def sign_object(thing, signing):
    signed = thing if signing.in_place else type(thing)()
    signed.sources = signing.inner(thing.sources)
    return signed


def test_a_distribution_signs_what_a_library_makes(knows):
    knows(sign_object)
    given = Sheet(A, {"b": B}, 5)
    assert sign(given).sources == [url(A), {"b": url(B)}, 5]
    assert given.sources == [A, {"b": B}, 5]
    assert sign([Large(A)])[0].sources == [url(A)]
    assert inplace(given) is given
    assert given.sources[0] == url(A)
    assert "drawings" not in sys.modules


def test_a_hook_that_returns_nothing_is_the_plugins_error(knows):
    knows(lambda thing, signing: None)
    with pytest.raises(PluginError, match="sign_object returned None"):
        sign(Sheet(A))


def test_a_hook_that_fails_is_the_plugins_error(knows):
    knows(lambda thing, signing: 1 / 0)
    with pytest.raises(PluginError, match=r"sign_object .*ZeroDivisionError"):
        sign(Sheet(A))


def test_what_a_library_makes_and_nobody_knows_stays_as_it_is_beside_paths(knows):
    knows(lambda thing, signing: NotImplemented)
    given = [A, Sheet(A), pd.Timestamp(NOW), pa.scalar(5), pystac.Catalog("c", ""), pl.String]
    assert sign(given) == [url(A), *given[1:]]
    with pytest.raises(InvalidRequestError, match=r"nobody signs a drawings\.sheets\.Sheet"):
        sign(Sheet(A))


def test_a_module_without_the_hook_is_the_plugins_error(knows):
    knows(None)
    with pytest.raises(PluginError, match="has no hook sign_object"):
        sign(Sheet(A))


def test_two_distributions_for_one_library_need_a_setting(knows, monkeypatch):
    knows(sign_object, sign_object)
    with pytest.raises(BackendConflictError, match="DAYPASS_OBJECTS_DRAWINGS"):
        sign(Sheet(A))
    monkeypatch.setenv("DAYPASS_OBJECTS_DRAWINGS", "daypass-1")
    assert sign(Sheet(A)).sources == [url(A)]


def test_no_library_is_imported_for_it():
    code = "import daypass, sys; daypass.sign({'a': ['b', 5]}); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {"pandas", "polars", "pyarrow", "pystac", "upath"}.isdisjoint(done.stdout.split())
