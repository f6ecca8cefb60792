"""A folder goes up object by object."""

from __future__ import annotations

import pytest

from daypass.errors import InvalidRequestError
from daypass.sharing.trees import upload_tree


def test_what_describes_all_of_a_folder_goes_first(tmp_path):
    (tmp_path / "a").mkdir()
    for name in ("a/0", "a/.z", "zarr.json"):
        (tmp_path / name).write_bytes(b"1")
    sent = []
    upload_tree(tmp_path, lambda file, key: sent.append((file, key)))
    assert sent[0] == (tmp_path / "zarr.json", "zarr.json")
    assert sorted(key for _, key in sent) == ["a/.z", "a/0", "zarr.json"]


def test_a_folder_without_a_file_says_so(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(InvalidRequestError, match="holds no file"):
        upload_tree(tmp_path, print)
