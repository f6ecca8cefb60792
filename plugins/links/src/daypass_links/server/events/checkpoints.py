"""Checkpoints: a signature over where every chain stood, so that no chain can be cut or written anew unseen.

The body is JSON in one line, as it is signed: ``n``, ``time``, ``prev`` (SHA-256 of the checkpoint before), ``root``
(of a Merkle tree of RFC 9162, section 2.1, whose entries are ``CHAIN SEQ HASH``) and ``heads``, which are those entries: one for
each chain that has gone on since. Where the others stand, the checkpoints before say, which nobody can change either.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256

import attrs
from sqlalchemy import Connection, Engine, func, insert, select
from sqlalchemy.exc import IntegrityError

from daypass.audit.lines import Line, instant, read_line
from daypass.audit.merkle import tree_head
from daypass_links.server.events.reading import lines_of
from daypass_links.server.events.tables import BLOCKS, CHECKPOINTS
from daypass_links.server.keyset import ServerKey

__all__ = ["FIRST", "Checkpoint", "chains", "checkpoint", "checkpoints", "line_of", "root_of"]

#: What the first checkpoint names as the one before.
FIRST = "0" * 64


@attrs.frozen
class Checkpoint:
    """A checkpoint as it is kept."""

    n: int
    #: What is signed.
    body: str
    kid: str
    signature: bytes

    @property
    def digest(self) -> str:
        """Its SHA-256 in hex, which the next one names, and which is worth noting elsewhere."""
        return sha256(self.body.encode()).hexdigest()

    @property
    def reached(self) -> dict[str, int]:
        """Which chains had gone on, and to which event."""
        try:
            entries = [str(text).split(" ") for text in json.loads(self.body)["heads"]]
            return {chain: int(seq) for chain, seq, _ in entries}
        except (ValueError, KeyError, TypeError):
            return {}


def chains(connection: Connection) -> Iterator[tuple[str, int]]:
    """Yield every chain with the number of its newest event, each by a look into the index: events are many."""
    name = connection.scalar(select(func.min(BLOCKS.c.chain)))
    while name is not None:
        seq = connection.scalar(select(func.max(BLOCKS.c.last)).where(BLOCKS.c.chain == name))
        yield name, seq or 0
        name = connection.scalar(select(func.min(BLOCKS.c.chain)).where(BLOCKS.c.chain > name))


def heads(connection: Connection, known: Mapping[str, int]) -> list[str]:
    """Return where every chain stands that has gone on, as the entries of the tree.

    Args:
        connection: to the database of events.
        known: where they stood before.

    """
    moved = [(name, seq) for name, seq in chains(connection) if seq != known.get(name)]
    return [f"{name} {seq} {_hash_of(connection, name, seq)}" for name, seq in moved]


def _hash_of(connection: Connection, chain: str, seq: int) -> str:
    read = line_of(connection, chain, seq)
    return "" if read is None else read.hash


def line_of(connection: Connection, chain: str, seq: int) -> Line | None:
    """Return the line of an event; None where there is none, or what is there is no line."""
    block = connection.execute(
        select(BLOCKS.c.first, BLOCKS.c.lines)
        .where(BLOCKS.c.chain == chain, BLOCKS.c.first <= seq)
        .order_by(BLOCKS.c.first.desc())
        .limit(1)
    ).first()
    lines = [] if block is None else lines_of(block.lines)[seq - block.first :]
    return read_line(lines[0]) if lines else None


def root_of(entries: Sequence[str]) -> str:
    """Return the root over entries in their order, in hex; of none, the SHA-256 of nothing, as RFC 9162 has it."""
    if not entries:
        return sha256().hexdigest()
    return tree_head([text.encode() for text in entries]).hex()


def checkpoint(engine: Engine, key: ServerKey, now: float) -> Checkpoint | None:
    """Make the next checkpoint; None where no chain has gone on, or another process has made it at this moment.

    Args:
        engine: of the database of events.
        key: which signs.
        now: what the clock says, in seconds since the epoch.

    """
    try:
        with engine.begin() as connection:
            before, known = None, dict[str, int]()
            for before in checkpoints(connection):
                known.update(before.reached)
            entries = heads(connection, known)
            if not entries:
                return None
            n = before.n + 1 if before else 1
            said = {
                "n": n,
                "time": instant(now),
                "prev": before.digest if before else FIRST,
                "root": root_of(entries),
                "heads": entries,
            }
            body = json.dumps(said, separators=(",", ":"))
            made = Checkpoint(n, body, key.kid, key.sign(body.encode()))
            connection.execute(insert(CHECKPOINTS).values(attrs.asdict(made)))
    except IntegrityError:
        return None
    return made


def checkpoints(connection: Connection) -> Iterator[Checkpoint]:
    """Yield all of them in order."""
    for row in connection.execute(select(CHECKPOINTS).order_by(CHECKPOINTS.c.n)):
        yield Checkpoint(*row)
