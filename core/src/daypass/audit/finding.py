"""Find a link in an audit: by its SHA-256, or, of links that were signed at once, by their Merkle root."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import attrs

from daypass.audit.lines import LONGEST_LINE, read_line
from daypass.audit.merkle import Proof, digest_of, inclusion, root_of
from daypass.audit.reading import opened
from daypass.base.urls import token_of
from daypass.errors import AuditError, InvalidRequestError

__all__ = ["CHUNKS", "Found", "find"]

#: How many rows are signed at once: in bulk calls, in manifests, in Arrow; each a part of the first.
CHUNKS = (65_536, 8_192, 4_096)

_DIGESTS = re.compile(rb'"(?:url_sha256|merkle_root)":"([0-9a-f]{64})"')


@attrs.frozen(kw_only=True)
class Found:
    """A line of an audit that a link is on."""

    #: The file that the line stands in.
    file: str
    #: The number of the line in its file, counted from 1.
    line: int
    #: What it says, by field.
    record: dict[str, Any]
    #: Of links that were signed at once, that this one was among them.
    proof: Proof | None


def find(
    link: str, *paths: str | os.PathLike[str], links: Iterable[str | None] = ()
) -> list[Found]:
    """Find the lines of an audit that a link is on.

    A link that was signed alone is found by its SHA-256. Of links that were signed at once the audit
    has one Merkle root: to find one of them takes all of them, in the order in which they were signed.

    Args:
        link: a URL, or its SHA-256 in hex.
        paths: the audit's files.
        links: the rows of a whole manifest or of one call, None where a row has no link; or the links
            of one line of the audit alone; each a URL or its SHA-256 in hex. They are read as far as
            the link is.

    Returns:
        The lines, each with a proof where it has a Merkle root: more than one where a link was made twice
        in one second. It is not said whether the audit is as it was written (`verify`).

    Raises:
        InvalidRequestError: if no file is named.
        AuditError: if a file cannot be read, or the line is not as it was written.

    """
    if not paths:
        msg = "name at least one audit file"
        raise InvalidRequestError(msg, option="paths")
    digests = _digests(link)
    proofs: dict[str, Proof | None] = {digest.hex(): None for digest in digests}
    proofs |= _proofs(digests, links)
    return [found for path in paths for found in _on_record(os.fspath(path), proofs)]


def _digests(link: str) -> list[bytes]:
    """Return what a line may say of a link; of one below a prefix that was granted, it is of the grant."""
    place, mark, query = link.partition("?")
    grants = [query] if mark else []
    if token := token_of(place):
        end = place.index(token) + len(token)
        grants += [
            place[:end],
            place[: end + 1],
        ]  # whatever was added: a key, or a query that is ignored
    return [digest_of(text) for text in dict.fromkeys([link, *grants])]


def _proofs(digests: Collection[bytes], links: Iterable[str | None]) -> dict[str, Proof]:
    """Make the trees that a link may be in, with those beside it; return its proof in each, by the root."""
    source = iter(links)
    while rows := list(islice(source, CHUNKS[0])):
        for place, row in enumerate(rows):
            if row and digest_of(row) in digests:
                return dict(_trees(place, rows))
    return {}


def _trees(place: int, rows: Sequence[str | None]) -> Iterator[tuple[str, Proof]]:
    link = rows[place] or ""
    # Links of one line lie below one bucket, which is the host or the path's first segment.
    scheme, _, host, bucket, *_ = [*link.split("/", 4), "", "", ""]
    for size in CHUNKS:
        start = place - place % size
        chunk = [row for row in rows[start : start + size] if row]
        for root in ("", f"{scheme}//{host}/", f"{scheme}//{host}/{bucket}/"):
            beside = [row for row in chunk if row.startswith(root)]
            if link in beside:
                made = [digest_of(row) for row in beside]
                yield root_of(made), inclusion(made, beside.index(link))


def _on_record(path: str, proofs: dict[str, Proof | None]) -> Iterator[Found]:
    with opened(path) as file:
        number = 0
        while raw := file.readline(LONGEST_LINE):
            number += 1
            for digest in _DIGESTS.findall(raw):
                if digest.decode() not in proofs:
                    continue
                line = read_line(raw)
                if line is None or not line.sound:
                    msg = f"line {number} of the audit {path} is not as it was written: verify it"
                    raise AuditError(msg)
                record = json.loads(line.body + b"}")
                yield Found(file=path, line=number, record=record, proof=proofs[digest.decode()])
