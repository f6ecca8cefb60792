"""The Merkle tree over links that were signed at once: that of RFC 9162 (section 2.1), with eight links to a leaf.

A leaf is the SHA-256 of eight URLs, one behind the other: a leaf for each URL would take twice the time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any

import attrs

__all__ = ["Proof", "digest_of", "digests_of", "inclusion", "path_to", "root_of", "tree_head"]

#: How many links a leaf has; the last may have fewer.
_LEAF = 8
#: How long a SHA-256 is, in bytes.
_SIZE = 32

# What is hashed begins with one of these, so that no node can be taken for a leaf.
_OF_LEAF, _OF_NODE = b"\0", b"\1"

_HEX = re.compile(r"[0-9a-fA-F]{64}")


@attrs.frozen(kw_only=True)
class Proof:
    """That a link is one of those under a root: an inclusion proof of RFC 9162.

    Who holds it, the link and the audit's line needs no other link. It opens nothing.
    """

    #: Which of the links it is, counted from 0.
    index: int
    #: The SHA-256 of each link in its leaf, in hex, itself among them.
    leaf: tuple[str, ...]
    #: The hashes beside the way from the leaf to the root, in hex.
    path: tuple[str, ...]

    def holds(self, link: str, record: Mapping[str, Any]) -> bool:
        """Tell whether it proves that a link is on a line of the audit.

        Args:
            link: a URL, or its SHA-256 in hex.
            record: the line, by field: ``count`` and ``merkle_root`` are held against the proof.

        """
        count, (place, within) = record.get("count"), divmod(self.index, _LEAF)
        if type(count) is not int or not 0 <= self.index < count:
            return False
        # Or the same bytes, cut in other places, would prove a link at the place of another.
        if not all(_HEX.fullmatch(text) for text in (*self.leaf, *self.path)):
            return False
        if len(self.leaf) != min(_LEAF, count - place * _LEAF):
            return False
        leaf = [bytes.fromhex(text) for text in self.leaf]
        path = map(bytes.fromhex, self.path)
        head = _head_with(b"".join(leaf), place, -(-count // _LEAF), path)
        return (
            head is not None
            and leaf[within] == digest_of(link)
            and head.hex() == record.get("merkle_root")
        )


def digest_of(link: str) -> bytes:
    """Return the SHA-256 of a URL; of one in hex, itself."""
    if _HEX.fullmatch(link):
        return bytes.fromhex(link)
    return sha256(link.encode(errors="surrogatepass")).digest()


def digests_of(urls: Iterable[str]) -> list[bytes]:
    """Return the SHA-256 of each URL."""
    return [sha256(url.encode()).digest() for url in urls]


def root_of(digests: Sequence[bytes]) -> str:
    """Return the root over links in their order, in hex.

    Args:
        digests: the SHA-256 of each; at least one.

    """
    return tree_head(_leaves(digests)).hex()


def inclusion(digests: Sequence[bytes], index: int) -> Proof:
    """Return the proof that one of these links is under their root.

    Args:
        digests: the SHA-256 of each, in their order.
        index: which it is, counted from 0.

    """
    start = index - index % _LEAF
    return Proof(
        index=index,
        leaf=tuple(digest.hex() for digest in digests[start : start + _LEAF]),
        path=tuple(beside.hex() for beside in path_to(_leaves(digests), index // _LEAF)),
    )


def _leaves(digests: Sequence[bytes]) -> list[bytes]:
    text, size = b"".join(digests), _LEAF * _SIZE
    return [text[start : start + size] for start in range(0, len(text), size)]


def tree_head(entries: Sequence[bytes]) -> bytes:
    """Return the root over these entries, of which there is one at least."""
    level = _hashed(entries)
    while len(level) > 1:
        level = _above(level)
    return level[0]


def path_to(entries: Sequence[bytes], place: int) -> list[bytes]:
    """Return the hashes beside the way from one of these entries to the root."""
    path, level = [], _hashed(entries)
    while len(level) > 1:
        if place ^ 1 < len(level):
            path.append(level[place ^ 1])
        level, place = _above(level), place // 2
    return path


def _hashed(entries: Sequence[bytes]) -> list[bytes]:
    return [sha256(_OF_LEAF + entry).digest() for entry in entries]


def _above(level: Sequence[bytes]) -> list[bytes]:
    """Return the next level; one that is left over goes up as it is."""
    pairs = zip(level[::2], level[1::2], strict=False)
    above = [sha256(_OF_NODE + left + right).digest() for left, right in pairs]
    return [*above, level[-1]] if len(level) % 2 else above


def _head_with(entry: bytes, place: int, size: int, path: Iterable[bytes]) -> bytes | None:
    """Return the root that a path leads to from an entry; None where it leads to none (RFC 9162, 2.1.3.2)."""
    last, found = size - 1, sha256(_OF_LEAF + entry).digest()
    for beside in path:
        if last == 0:
            return None
        if place % 2 or place == last:
            found = sha256(_OF_NODE + beside + found).digest()
            while place and not place % 2:  # the last of a level has nobody beside it
                place, last = place // 2, last // 2
        else:
            found = sha256(_OF_NODE + found + beside).digest()
        place, last = place // 2, last // 2
    return found if last == 0 else None
