"""References that kerchunk and VirtualiZarr make of a file, signed and read by xarray."""

import fsspec
import h5py
import numpy as np
import pytest
import xarray as xr
from obspec_utils.registry import ObjectStoreRegistry
from obstore.store import LocalStore
from s3fs import S3FileSystem
from virtualizarr import open_virtual_dataset
from virtualizarr.parsers import HDFParser

import daypass
from tests.engines.page import run

pytestmark = pytest.mark.engines

PATH = "s3://maps/cube.nc"


@pytest.fixture(scope="module")
def cube(store, tmp_path_factory):
    """A file of four chunks, in the store and here."""
    place = tmp_path_factory.mktemp("cube") / "cube.nc"
    with h5py.File(place, "w") as file:
        file.create_dataset("t", data=np.arange(400.0).reshape(20, 20), chunks=(10, 10))
    S3FileSystem(**store.storage_options, skip_instance_cache=True).put(str(place), PATH)
    return place


def links_of(references):
    return {ref[0] for ref in references["refs"].values() if isinstance(ref, list)}


def test_the_page_reads_what_kerchunk_refers_to(cube):
    names = run("References of kerchunk and VirtualiZarr")
    assert links_of(names["references"]) == {PATH}  # what was given in stays as it is
    (link,) = links_of(names["reading"]["fo"])
    assert "X-Amz-Signature=" in link
    assert float(names["cube"].t.sum()) == sum(range(400))


def test_what_virtualizarr_refers_to_is_read_alike(cube):
    registry = ObjectStoreRegistry({"file://": LocalStore()})
    virtual = open_virtual_dataset(f"file://{cube}", registry=registry, parser=HDFParser())
    virtual = virtual.vz.rename_paths(lambda _: PATH)
    signed = daypass.sign(virtual.vz.to_kerchunk(format="dict"), expires_in="1d")
    (link,) = links_of(signed)
    with fsspec.open(link) as file:
        assert file.read() == cube.read_bytes()
    options = {
        "fo": signed,
        "remote_options": {"asynchronous": True},
        "asynchronous": True,
    }
    found = xr.open_zarr("reference://", consolidated=False, storage_options=options)
    assert float(found.t.sum()) == sum(range(400))
