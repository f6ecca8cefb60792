"""Footers of Parquet are read and written as Thrift has them, whatever is in them."""

from __future__ import annotations

import pytest

from daypass.manifest import footers


def test_footers_know_every_shape_of_thrift():
    fields = [
        (1, 1, None), (2, 2, None), (3, 4, -5), (4, 6, 2**62), (30, 8, b"x" * 300), (31, 7, b"12345678"),
        (32, 9, (8, [b"a"] * 20)), (33, 9, (1, [b"\1", b"\2"])), (5, 12, [(1, 6, -1)]), (400, 3, b"\7"),
    ]  # fmt: skip
    writer = footers._Writer()
    writer.struct(fields)
    assert list(footers._Reader(bytes(writer.out)).fields()) == fields
    with pytest.raises(ValueError, match="type 13"):
        list(footers._Reader(b"\x1d\0").fields())
