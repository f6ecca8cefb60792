"""A private Zarr store in a container, opened through its signed prefix by fsspec's http filesystem."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import zarr

#: Zarr 3's word on consolidated metadata, which its specification does not have yet.
pytestmark = pytest.mark.filterwarnings("ignore:Consolidated metadata:UserWarning")

ARRAY = np.arange(64, dtype="i4").reshape(8, 8)


@pytest.fixture
def stored(key_bench, tmp_path):
    """A container with a Zarr group in a folder, written elsewhere and uploaded file by file."""
    root = tmp_path / "maps" / "europe.zarr"
    group = zarr.open_group(str(root), mode="w")
    group.create_array("height", data=ARRAY, chunks=(4, 4))
    group.create_array("sparse", shape=(8,), chunks=(4,), dtype="i4", fill_value=7)
    zarr.consolidate_metadata(str(root))
    for path in filter(Path.is_file, tmp_path.rglob("*")):
        key_bench.put(path.relative_to(tmp_path).as_posix(), path.read_bytes())
    return key_bench


def test_zarr_opens_a_private_container(stored):
    grant = stored.store.create_signed_prefix("", expires_in="1h")
    options = grant.storage_options()
    group = zarr.open_group(f"{grant.url}maps/europe.zarr", mode="r", storage_options=options)
    assert sorted(group.array_keys()) == ["height", "sparse"]
    assert (group["height"][:] == ARRAY).all()
    assert (group["sparse"][:] == 7).all()  # chunks that were never written: the store says 404


def test_without_the_grant_zarr_opens_nothing(stored):
    grant = stored.store.create_signed_prefix("")
    with pytest.raises(Exception, match=r"403|404"):
        zarr.open_group(f"{grant.url}maps/europe.zarr", mode="r")
    shorter = grant.storage_options()
    shorter["params"]["sig"] = shorter["params"]["sig"][::-1]
    with pytest.raises(Exception, match="403"):
        zarr.open_group(f"{grant.url}maps/europe.zarr", mode="r", storage_options=shorter)
