"""Which element an answer is, told by its beginning."""

from __future__ import annotations

import time

import pytest

from daypass.toolkit.roots import root_of


@pytest.mark.parametrize(
    ("body", "root"),
    [
        (b"<html>log in</html>", "html"),
        (b"<!DOCTYPE html>\n<!-- <Error> -->\n<HTML lang='en'>", "HTML"),
        (b'<?xml version="1.0" encoding="UTF-8"?>\n<PostResponse><ETag/>', "PostResponse"),
        (b'\xef\xbb\xbf<?xml version="1.0"?><BlockList />', "BlockList"),
        (b"<s3:ListPartsResult xmlns:s3='urn:s3'>", "ListPartsResult"),
        (b"", None),
        (b"ok", None),
        (b'{"kind": "<html>"}', None),
        (b"< html>", None),
        (b"<!-- never closed <html>", None),
    ],
)
def test_the_root_is_told_by_the_beginning(body, root):
    assert root_of(body) == root


@pytest.mark.parametrize("piece", [b"<!--", b"<!-- -->", b"<?", b"<?>", b"<a:", b" ", b"<"])
def test_a_hostile_beginning_costs_little(piece):
    begin = time.perf_counter()
    root_of(piece * (1 << 20))
    assert time.perf_counter() - begin < 1
