"""A private Zarr store, opened through one signed prefix by fsspec's http filesystem."""

from __future__ import annotations

import numpy as np
import pytest
import xarray
import zarr

import daypass
from tests.plugins.cloudfront.conftest import pair

#: Zarr 3's word on consolidated metadata, which its specification does not have yet.
pytestmark = pytest.mark.filterwarnings("ignore:Consolidated metadata:UserWarning")

ARRAY = np.arange(64, dtype="i4").reshape(8, 8)


def write(root):
    """Write a group with an array, its metadata consolidated, as a pipeline would have."""
    group = zarr.open_group(root, mode="w")
    array = group.create_array("height", shape=(8, 8), chunks=(4, 4), dtype="i4", fill_value=-1)
    array[:] = ARRAY
    array.attrs["unit"] = "m"
    group.create_array("sparse", shape=(8,), chunks=(4,), dtype="i4", fill_value=7)
    zarr.consolidate_metadata(root)


@pytest.mark.parametrize(("kind", "algorithm"), [("rsa", None), ("rsa", "SHA256"), ("ecdsa", None)])
@pytest.mark.filterwarnings(
    "ignore:Consolidated metadata:UserWarning"
)  # not yet in the specification
def test_zarr_opens_a_private_store_behind_a_distribution(serve, tmp_path, kind, algorithm):
    write(str(tmp_path / "results" / "x.zarr"))
    edge = serve()
    options = pair(kind).options(domain=edge.domain, hash_algorithm=algorithm)
    grant = daypass.create_signed_prefix(
        "s3://bucket/results/x.zarr/", expires_in="1h", signer="cloudfront", signer_options=options
    )
    group = zarr.open_group(grant.url, mode="r", storage_options=grant.storage_options())
    assert sorted(group.array_keys()) == ["height", "sparse"]
    assert group["height"].attrs["unit"] == "m"
    assert (group["height"][:] == ARRAY).all()
    assert (group["sparse"][:] == 7).all()  # chunks that were never written: the server says 404
    array = zarr.open_array(f"{grant.url}height", mode="r", storage_options=grant.storage_options())
    assert (array[2:6, 3] == ARRAY[2:6, 3]).all()
    assert edge.refusals == []
    assert all(method == "GET" for method, _ in edge.seen)
    assert all(target.startswith("/results/x.zarr/") for _, target in edge.seen)


def test_without_the_grant_or_beside_it_zarr_opens_nothing(serve, tmp_path):
    write(str(tmp_path / "results" / "x.zarr"))
    write(str(tmp_path / "results" / "y.zarr"))
    edge = serve()
    options = pair("rsa").options(domain=edge.domain)
    grant = daypass.create_signed_prefix(
        "s3://bucket/results/x.zarr", signer="cloudfront", signer_options=options
    )
    storage_options = grant.storage_options()
    for url, given in [
        (grant.url, {}),
        (grant.url.replace("x.zarr", "y.zarr"), storage_options),
    ]:
        with pytest.raises(Exception, match=r"403|Forbidden"):
            zarr.open_group(url, mode="r", storage_options=given)
    assert set(edge.refusals) == {
        "no signature, or of a key that nobody trusts",
        "the policy is for another resource",
    }


def test_xarray_opens_a_private_data_set(serve, tmp_path):
    data = xarray.Dataset({"height": (("y", "x"), ARRAY, {"unit": "m"})})
    data.to_zarr(tmp_path / "results" / "x.zarr", zarr_format=3, consolidated=True)
    edge = serve()
    grant = daypass.create_signed_prefix(
        "s3://bucket/results/x.zarr",
        signer="cloudfront",
        signer_options=pair("rsa").options(domain=edge.domain),
    )
    options = grant.storage_options()
    with xarray.open_zarr(grant.url, storage_options=options) as found:
        assert found.height.attrs["unit"] == "m"
        assert (found.height.sel(y=slice(2, 6)).to_numpy() == ARRAY[2:6]).all()
