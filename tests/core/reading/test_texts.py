"""Where a piece of a request stands in the text that is signed, and how it is encoded there."""

from __future__ import annotations

import pytest

from daypass.base.urls import encode, encode_key
from daypass.reading.texts import UNSIGNED, text_around


@pytest.mark.parametrize("encoding", [str, encode, encode_key])
@pytest.mark.parametrize("given", ["a b/é+%", "20261102T090000Z", "7200", None])
def test_a_value_stands_in_a_text_as_it_is_encoded_there(encoding, given):
    def text(value):
        return f"GET\n{encoding(value)}\n{value}|{encode(value)}".encode()

    gaps = text_around(text, lambda value: value, given)
    for value in ("1 2", "x/y=&", "é", ""):
        assert gaps.filled(value) == text(value)


def test_a_number_is_found_where_nothing_else_is_legal():
    gaps = text_around(lambda v: b"until %d" % (int(v) if v.isdecimal() else 0), str, "1795525200")
    assert gaps.filled("1795525201") == b"until 1795525201"


def test_a_value_that_decides_on_more_than_itself_has_no_gaps():
    assert text_around(lambda v: f"{v}{v > '2020'}".encode(), str, "2026-01-01") is None
    assert text_around(lambda v: v[:2].encode(), str, "abc") is None


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_a_path_is_found_of_which_the_first_segments_are_signed(depth):
    def text(path):
        return f"GET\n/blob/a{'/'.join(path.split('/')[: depth + 1])}\nend".encode()

    gaps = text_around(text, str, "/maps/a/b/c/d/e.tif")
    for value in ("/mops/a/b/c/d/e.tif", "/maps/a/b", "/maps/a/c/c/d/e.tif"):
        assert gaps.filled(value) == text(value)


def test_a_value_that_is_not_signed_is_told_apart():
    assert text_around(lambda _: b"GET", str, "abc") is UNSIGNED
    depth = {"1": b"/a", "2": b"/a/b"}
    assert text_around(lambda v: depth.get(v, b"/a/b"), str, "2") is None
