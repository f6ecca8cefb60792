"""The Merkle tree over links: the vectors of Certificate Transparency, and RFC 9162 word for word."""

from __future__ import annotations

import hashlib

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daypass.audit.merkle import (
    digests_of,
    inclusion,
    path_to,
    root_of,
    tree_head,
)

# From the reference implementation of Certificate Transparency (merkletree tests, RFC 6962).
ENTRIES = [
    *(b"", b"\x00", b"\x10", b"\x20\x21", b"\x30\x31", b"\x40\x41\x42\x43"),
    bytes(range(0x50, 0x58)),
    bytes(range(0x60, 0x70)),
]
HEADS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
PATHS = [
    (0, 1, []),
    (
        *(0, 8),
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        *(5, 8),
        [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (
        *(1, 5),
        [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]


@pytest.mark.parametrize(("size", "head"), list(enumerate(HEADS, 1)))
def test_the_head_is_that_of_certificate_transparency(size, head):
    assert tree_head(ENTRIES[:size]).hex() == head


@pytest.mark.parametrize(("place", "size", "path"), PATHS)
def test_the_path_is_that_of_certificate_transparency(place, size, path):
    assert [found.hex() for found in path_to(ENTRIES[:size], place)] == path


def hashed(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def mth(entries):
    """MTH of RFC 9162, section 2.1.1, as it is written there."""
    if len(entries) == 1:
        return hashed(b"\0", entries[0])
    k = 1
    while 2 * k < len(entries):
        k *= 2
    return hashed(b"\1", mth(entries[:k]), mth(entries[k:]))


def urls(count):
    return [f"https://maps.example/{n}?sig={n:04}" for n in range(count)]


def digest(text):
    return hashlib.sha256(text.encode()).digest()


@pytest.mark.parametrize("count", [1, 2, 7, 8, 9, 16, 17, 63, 64, 65, 100, 1000])
def test_a_leaf_is_the_sha256_of_eight_urls_one_behind_the_other(count):
    digests = [digest(url) for url in urls(count)]
    leaves = [b"".join(digests[start : start + 8]) for start in range(0, count, 8)]
    assert digests_of(urls(count)) == digests
    assert root_of(digests) == mth(leaves).hex()


@given(st.integers(2, 300), st.data())
def test_each_link_is_proven_and_nothing_else_is(count, data):
    index, other = data.draw(
        st.lists(st.integers(0, count - 1), min_size=2, max_size=2, unique=True)
    )
    digests, link = digests_of(urls(count)), urls(count)[index]
    record, proof = {"count": count, "merkle_root": root_of(digests)}, inclusion(digests, index)
    assert proof.holds(link, record)
    assert proof.holds(digests[index].hex(), record)
    assert len(proof.leaf) <= 8
    assert len(proof.path) <= ((count - 1) // 8).bit_length()
    for wrong in (link + "0", urls(count)[other], digests[other].hex(), ""):
        assert not proof.holds(wrong, record)
    for more in (
        {"merkle_root": root_of([*digests, digests[0]])},
        {"merkle_root": None},
        {"count": index},
    ):
        assert not proof.holds(link, record | more)
    for changed in (
        {"index": other},
        {"index": index - count},
        {"path": (*proof.path, "00" * 32)},
        {"leaf": proof.leaf[1:]},
        {"leaf": (*proof.leaf, "00" * 32)},
        *({"path": proof.path[:cut]} for cut in range(len(proof.path))),
    ):
        assert not attrs.evolve(proof, **changed).holds(link, record)


def test_a_leaf_cut_in_other_places_proves_nothing():
    """The same bytes, so the same root: link 2 stood at the place of link 1."""
    digests = digests_of(urls(16))
    record, leaf = {"count": 16, "merkle_root": root_of(digests)}, inclusion(digests, 2).leaf
    cut = attrs.evolve(inclusion(digests, 2), index=1, leaf=(leaf[0] + leaf[1], *leaf[2:8], ""))
    assert not cut.holds(urls(16)[2], record)


@pytest.mark.parametrize("record", [{}, {"count": None}, {"count": 16}, {"merkle_root": "00" * 32}])
def test_a_line_of_one_link_holds_no_proof(record):
    digests = digests_of(urls(16))
    assert not inclusion(digests, 2).holds(urls(16)[2], record)
    odd = attrs.evolve(inclusion(digests, 2), path=("no hex",))
    assert not odd.holds(urls(16)[2], {"count": 16, "merkle_root": root_of(digests)})
