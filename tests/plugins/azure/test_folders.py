"""Folders of a container, listed as `daypass ls` does."""

from __future__ import annotations

import pytest

from daypass.errors import ObjectNotFoundError
from daypass.store.listing import matching, within

KEYS = ["2026/a.csv", "2026/in/b.csv", "2026/in/deep/c.csv", "old.csv"]


def test_a_folder_is_listed_level_by_level_or_whole(key_bench):
    for key in KEYS:
        key_bench.put(key, b"12345")
    root = key_bench.store.root

    def keys(found):
        return [one.key for one in found]

    assert keys(within(root, "", recursive=False)) == ["2026/", "old.csv"]
    assert keys(within(root, "2026", recursive=False)) == ["2026/a.csv", "2026/in/"]
    assert keys(within(root, "2026", recursive=True)) == KEYS[:3]
    assert keys(within(root, "", recursive=True)) == KEYS
    assert keys(matching(root, "2026/*/*.csv")) == ["2026/in/b.csv"]
    for recursive in (False, True):
        with pytest.raises(ObjectNotFoundError):
            within(root, "2026/a.csv", recursive=recursive)
