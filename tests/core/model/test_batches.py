"""URLs that differ in key and signature alone: the same texts, whichever way they are written out."""

from __future__ import annotations

import pickle

import pyarrow as pa
import pytest

from daypass.arrow.columns import array_of
from daypass.model.batches import AlikeURLs

KEYS = ["a", "day%3D1/b", "", "%C3%A9"]
URLS = AlikeURLs("https://maps.example/", KEYS, "?token=t%2B&sig=", "00112233")
TEXTS = [
    "https://maps.example/a?token=t%2B&sig=00",
    "https://maps.example/day%3D1/b?token=t%2B&sig=11",
    "https://maps.example/?token=t%2B&sig=22",
    "https://maps.example/%C3%A9?token=t%2B&sig=33",
]


def test_one_by_one_and_all_at_once() -> None:
    fresh = AlikeURLs(URLS.before, URLS.keys, URLS.query, URLS.signatures)
    assert [fresh[row] for row in range(4)] == TEXTS
    assert fresh[-1] == TEXTS[-1]
    assert fresh[1:3] == TEXTS[1:3]
    assert fresh.texts == list(fresh) == TEXTS
    with pytest.raises(IndexError):
        fresh[4]


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()], ids=str)
def test_as_an_array(kind: pa.DataType) -> None:
    array = array_of(URLS, kind)
    assert array.type == kind
    assert array.to_pylist() == TEXTS
    array.validate(full=True)


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()], ids=str)
def test_none_at_all(kind: pa.DataType) -> None:
    none = AlikeURLs("https://maps.example/", [], "?sig=", "")
    assert (len(none), none.texts, list(none)) == (0, [], [])
    assert array_of(none, kind).equals(pa.array([], kind))


def test_they_travel_and_show_nothing() -> None:
    assert pickle.loads(pickle.dumps(URLS)).texts == TEXTS
    assert "t%2B" not in repr(URLS)
