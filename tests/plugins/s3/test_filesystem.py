"""``daypass://`` on a real store, by fsspec itself and by those that are built on it."""

from __future__ import annotations

import asyncio
import multiprocessing
import pickle

import fsspec
import numpy as np
import pandas as pd
import pytest
import xarray
import zarr
from upath import UPath

import daypass

FRAME = pd.DataFrame({"city": ["Bergen", "Łódź"], "metres": [12, 202]})
MIB = 2**20


@pytest.fixture
def admin_place(server, bucket, monkeypatch):
    """The profile ``maps`` on the server, and ``other`` beside it."""
    for name, below in (("MAPS", "in"), ("OTHER", "beside")):
        for option, value in {
            "URL": f"s3://{bucket}/{below}",
            "PRESET": "swiftstack",
            "STORAGE_OPTIONS__ENDPOINT_URL": server.endpoint,
            "STORAGE_OPTIONS__KEY": server.access_key,
            "STORAGE_OPTIONS__SECRET": server.secret,
        }.items():
            monkeypatch.setenv(f"DAYPASS_PROFILES__{name}__{option}", value)
    return f"{bucket}/in"


@pytest.fixture(params=["s3", "memory", "file"])
def stored(request, monkeypatch, tmp_path):
    """What reads the root of the profile ``maps`` by itself: its filesystem, and the root's path there."""
    if request.param == "s3":
        place = request.getfixturevalue("admin_place")
        return request.getfixturevalue("admin"), place
    root = f"/{tmp_path.name}" if request.param == "memory" else str(tmp_path / "in")
    monkeypatch.setenv("DAYPASS_PROFILES__MAPS__URL", f"{request.param}://{root}")
    if request.param == "file":  # as for fsspec itself: a folder is made where a file is to be
        monkeypatch.setenv("DAYPASS_PROFILES__MAPS__STORAGE_OPTIONS__AUTO_MKDIR", "true")
    fs = fsspec.filesystem(request.param)
    fs.makedirs(root, exist_ok=True)
    return fs, root


def read(stored, name):
    fs, root = stored
    fs.invalidate_cache()
    return fs.cat_file(f"{root}/{name}")


def test_a_file_is_written_and_read(stored):
    with fsspec.open("daypass://maps/w é.txt", "w") as file:
        file.write("line\n")
    assert read(stored, "w é.txt") == b"line\n"
    with fsspec.open("daypass://maps/w é.txt") as file:
        assert file.read() == b"line\n"


def test_what_is_longer_than_a_block_is_written_in_parts_and_read_in_any(stored):
    data = bytes(range(256)) * 4 * 1024 * 11  # 11 MiB
    fs = fsspec.filesystem("daypass")
    for block_size in (None, 5 * MIB):
        with fs.open("daypass://maps/big", "wb", block_size=block_size) as file:
            assert file.write(data) == len(data)
        assert read(stored, "big") == data
    with fs.open("daypass://maps/big", "rb", block_size=MIB) as file:
        file.seek(7 * MIB + 3)
        assert file.read(5) == bytes([3, 4, 5, 6, 7])


def test_pandas_writes_and_reads_parquet(stored):
    FRAME.to_parquet("daypass://maps/new/cities.parquet")
    assert read(stored, "new/cities.parquet")[:4] == b"PAR1"
    assert pd.read_parquet("daypass://maps/new/cities.parquet").equals(FRAME)
    FRAME.to_csv("daypass://maps/cities.csv", index=False)
    assert pd.read_csv("daypass://maps/cities.csv").equals(FRAME)


@pytest.mark.filterwarnings("ignore:Consolidated metadata:UserWarning")
def test_zarr_writes_and_reads_a_group(stored):
    heights = np.arange(64, dtype="i4").reshape(8, 8)
    group = zarr.open_group("daypass://maps/x.zarr", mode="w")
    group.create_array("height", data=heights, chunks=(4, 4))
    zarr.consolidate_metadata("daypass://maps/x.zarr")
    assert b'"zarr_format": 3' in read(stored, "x.zarr/zarr.json")
    found = zarr.open_group("daypass://maps/x.zarr", mode="a")
    assert (found["height"][2:6, 3] == heights[2:6, 3]).all()
    found["height"][0, 0] = 99
    del found["height"]
    assert list(zarr.open_group("daypass://maps/x.zarr", mode="r", use_consolidated=False)) == []


@pytest.mark.filterwarnings("ignore:Consolidated metadata:UserWarning")
def test_xarray_writes_and_reads_a_data_set(stored):
    data = xarray.Dataset({"height": (("y", "x"), np.arange(16).reshape(4, 4), {"unit": "m"})})
    data.to_zarr("daypass://maps/d.zarr", mode="w", consolidated=True)
    with xarray.open_zarr("daypass://maps/d.zarr") as found:
        assert found.load().identical(data)


@pytest.mark.filterwarnings("error")
def test_upath_knows_the_protocol(stored):
    path = UPath("daypass://maps/deep/p.txt")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"12345")
    assert read(stored, "deep/p.txt") == b"12345"
    assert (path.read_text(), path.stat().st_size, path.is_file()) == ("12345", 5, True)
    assert [str(found) for found in UPath("daypass://maps").rglob("*.txt")] == [str(path)]
    assert daypass.head_metadata(path).size == 5
    assert [found.name for found in UPath("daypass://maps/deep").iterdir()] == ["p.txt"]
    assert str(path.parent / "q") == "daypass://maps/deep/q"
    path.rename(UPath("daypass://maps/deep/q.txt"))
    assert (path.exists(), (path.parent / "q.txt").exists()) == (False, True)
    (path.parent / "q.txt").unlink()
    assert not (path.parent / "q.txt").exists()
    empty = UPath("daypass://maps/empty")
    empty.touch()
    assert read(stored, "empty") == b""


def test_listings_hold_what_was_written_since(stored):
    fs = fsspec.filesystem("daypass")
    fs.pipe_file("maps/d/a.csv", b"1")
    assert fs.ls("maps/d", detail=False) == ["maps/d/a.csv"]
    fs.pipe({"maps/d/b.csv": b"22", "maps/d/e/c.csv": b"333"})
    assert sorted(fs.ls("maps/d", detail=False)) == ["maps/d/a.csv", "maps/d/b.csv", "maps/d/e"]
    inner, root = stored
    inner.pipe_file(f"{root}/d/late.csv", b"")
    fs.invalidate_cache("maps/d")
    assert "maps/d/late.csv" in fs.ls("maps/d", detail=False)
    fs.invalidate_cache()
    assert fs.find("maps/d") == [
        f"maps/d/{name}" for name in ("a.csv", "b.csv", "e/c.csv", "late.csv")
    ]
    assert fs.find("maps/d/a.csv") == ["maps/d/a.csv"]
    assert fs.du("maps/d") == 6


def test_globs_reach_over_and_into_profiles(stored):
    fs = fsspec.filesystem("daypass")
    fs.pipe({"maps/d/a.csv": b"1", "maps/d/b.txt": b"2", "maps/dd/c.csv": b"3"})
    assert fs.glob("daypass://maps/d*/*.csv") == ["maps/d/a.csv", "maps/dd/c.csv"]
    assert fs.glob("ma*/d/*.csv") == ["maps/d/a.csv"]
    assert fs.glob("maps/**/c.csv") == ["maps/dd/c.csv"]
    assert fs.glob("maps/none*") == []


def test_ranges_of_several_files_come_in_their_order(stored):
    fs = fsspec.filesystem("daypass")
    fs.pipe({"maps/a": b"0123456789", "maps/b": b"abcdefghij"})
    paths = ["maps/b", "maps/a", "daypass://maps/b"]
    assert fs.cat_ranges(paths, [0, 2, 7], [3, 4, 10]) == [b"abc", b"23", b"hij"]
    missing = fs.cat_ranges(["maps/none"], [0], [1])
    assert [type(found) for found in missing] == [FileNotFoundError]


def test_files_are_moved_copied_and_removed(stored, tmp_path):
    fs = fsspec.filesystem("daypass")
    fs.pipe({f"maps/d/{name}": name.encode() for name in "abc"})
    fs.mv("maps/d/a", "maps/moved")
    fs.cp_file("maps/d/b", "maps/copied")
    assert [fs.exists(f"maps/{name}") for name in ("d/a", "moved", "copied")] == [False, True, True]
    fs.get("maps/d", str(tmp_path / "down"), recursive=True)
    assert (tmp_path / "down" / "c").read_bytes() == b"c"
    fs.put(str(tmp_path / "down"), "maps/up", recursive=True)
    assert read(stored, "up/b") == b"b"
    fs.rm(["maps/moved", "maps/copied"])
    fs.rm("maps/d", recursive=True)
    fs.rm_file("maps/up/c")
    assert fs.find("maps") == ["maps/up/b"]


def test_a_copy_crosses_from_one_profile_to_another(admin_place, admin):
    fs = fsspec.filesystem("daypass")
    fs.pipe_file("maps/a", b"x" * (6 * MIB))
    fs.mv("maps/a", "other/b")
    assert admin.info(admin_place.replace("/in", "/beside/b"))["size"] == 6 * MIB
    fs.pipe({"maps/c": b"", "other/d": b""})
    fs.rm(["maps/c", "other/d", "other/b"])
    assert (fs.find("maps"), fs.find("other")) == ([], [])


def test_it_is_awaited_on_any_loop(stored):
    async def use():
        fs = fsspec.filesystem("daypass", asynchronous=True)
        await fs._pipe_file("maps/a", b"1234")
        found = await asyncio.gather(*(fs._cat_file("maps/a", start=n) for n in range(4)))
        with pytest.raises(FileNotFoundError):
            await fs._info("maps/none")
        return found, [name async for name, _, _ in fs._walk("maps")]

    for _ in range(2):  # each has a loop of its own, and ends it
        assert asyncio.run(use()) == ([b"1234", b"234", b"34", b"4"], ["maps"])
    assert fsspec.filesystem("daypass").cat_file("maps/a") == b"1234"


def test_what_asks_for_async_does_not_reach_the_store(admin_place):
    """The inner filesystem lives on fsspec's loop, whatever the outer one was told."""
    fs = fsspec.filesystem("daypass", asynchronous=True, batch_size=3)
    link = daypass.create_signed_url("daypass://maps/a", fs=fs)
    assert link.path == f"s3://{admin_place}/a"
    assert fs.sign("maps/a").startswith("http://127.0.0.1")


def test_it_is_pickled(stored):
    fs = pickle.loads(pickle.dumps(fsspec.filesystem("daypass")))
    fs.pipe_file("maps/a", b"1")
    assert pickle.loads(pickle.dumps(fs)).cat_file("maps/a") == b"1"


def look(fs, path, answers):
    answers.put(fs.cat_file(path))


def test_it_is_used_again_in_a_fork(admin_place):
    fs = fsspec.filesystem("daypass")
    fs.pipe_file("maps/a", b"12")
    method = multiprocessing.get_context("fork")
    answers = method.SimpleQueue()
    child = method.Process(target=look, args=(fs, "maps/a", answers))
    child.start()
    child.join(60)
    assert (child.exitcode, answers.get()) == (0, b"12")
