"""Verify what a database says happened: every chain, and every chain against the checkpoints."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from itertools import islice
from typing import Any

import attrs
from sqlalchemy import Connection, Engine, Row, select

from daypass.audit import verify_lines
from daypass.audit.lines import instant
from daypass.toolkit.deadlines import Deadline
from daypass_links.server.events.checkpoints import FIRST, chains, checkpoints, line_of, root_of
from daypass_links.server.events.copies import (
    CountedUses,
    LinkRow,
    as_of_now,
    fields_of,
    missing_rows,
    surplus_rows,
    uses_of,
)
from daypass_links.server.events.reading import lines_of
from daypass_links.server.events.tables import BLOCKS
from daypass_links.server.keyset import KeySet, is_signed

__all__ = ["Witness", "verify_events"]

#: More tell nothing more.
_MOST_FAULTS = 100
#: So many blocks are read at once.
_AT_ONCE = 20


@attrs.frozen(kw_only=True)
class Witness:
    """What verifying a database of events found."""

    #: True where every event is as it was written, and in its place.
    ok: bool
    #: How many events are, in how many chains, under how many checkpoints.
    events: int
    chains: int
    checkpoints: int
    #: SHA-256 in hex of the newest checkpoint, to be noted elsewhere; None without one.
    head: str | None
    #: What is wrong.
    faults: tuple[str, ...] = ()
    #: What is not wrong, but worth knowing.
    notes: tuple[str, ...] = ()


def verify_events(engine: Engine, keys: KeySet, deadline: Deadline | None = None) -> Witness:
    """Verify all chains and checkpoints of a database.

    Args:
        engine: of the database of events; it only reads, and all of it as it is now.
        keys: those that signed the checkpoints.
        deadline: until when; None for as long as it takes.

    Raises:
        DeadlineError: if it is not done by then.

    """
    end = deadline or Deadline.after(math.inf)
    faults: list[str] = []
    notes: list[str] = []
    with as_of_now(engine) as connection:
        names = [name for name, _ in chains(connection)]
        counted = CountedUses(connection, names)
        events = rows = 0
        for chain in names:
            found = _verify_chain(connection, chain, counted, faults, end)
            events += found.events
            rows += found.rows
            if not found.ended:
                notes.append(
                    f"chain {chain} has not ended: its process still runs, or was killed; what it wrote after the "
                    "newest checkpoint could have been cut off unseen"
                )
        faults.extend(counted.faults(None, {}))
        for link_id, _, block in islice(surplus_rows(connection, rows), _MOST_FAULTS):
            _check(end)
            faults.append(f"block {block} would be found by {link_id}, of which it holds no event")
        count, head = _verify_checkpoints(connection, keys, faults, end)
    return Witness(
        ok=not faults,
        events=events,
        chains=len(names),
        checkpoints=count,
        head=head,
        faults=tuple(faults),
        notes=tuple(notes),
    )


@attrs.frozen
class _Chain:
    """What verifying a chain found besides faults."""

    #: How many events it has, and by how many rows those of links are found.
    events: int
    rows: int
    ended: bool


def _verify_chain(
    connection: Connection, chain: str, counted: CountedUses, faults: list[str], end: Deadline
) -> _Chain:
    """Verify the lines of a chain, and that what is beside them says what they say."""
    statement = select(BLOCKS).where(BLOCKS.c.chain == chain).order_by(BLOCKS.c.first)
    blocks = connection.execute(statement.execution_options(yield_per=_AT_ONCE))
    last: dict[str, Any] = {}
    uses: dict[tuple[str, date], tuple[int, int]] = {}
    rows = 0

    def lines() -> Iterator[bytes]:
        nonlocal last, rows
        for some in blocks.partitions():
            links: dict[LinkRow, int] = {}
            for block in some:
                _check(end)
                found = lines_of(block.lines)
                said = [fields_of(line) for line in found]
                if not _is_beside(block, said):
                    faults.append(
                        f"chain {chain}, from event {block.first}: the columns beside its lines say something else"
                    )
                for one in said:
                    if isinstance(one.get("link_id"), str):
                        links[one["link_id"], block.oldest, block.id] = block.first
                uses_of(said, uses)
                yield from found
                last = said[-1] if said else {}
            missing = [*missing_rows(connection, [*links])]
            rows += len(links) - len(missing)
            faults.extend(
                f"chain {chain}, from event {links[row]}: {row[0]} would not be found by its link"
                for row in missing
            )

    with closing(blocks):  # who finds a bad line reads no further
        verdict = verify_lines(lines(), name=f"chain {chain}")
    told = [*counted.faults(chain, uses)]
    if verdict.ok:
        faults.extend(told)
    else:  # what it was to count is not known
        faults.append(f"{verdict.file}, event {verdict.line}: {verdict.why}")
    return _Chain(verdict.lines, rows, last.get("kind") == "closed")


def _is_beside(block: Row[Any], said: list[dict[str, Any]]) -> bool:
    """Tell whether the columns of a block say what its lines do."""
    numbers, times = [one.get("seq") for one in said], [str(one.get("time")) for one in said]
    try:
        span = [instant(block.oldest), instant(block.newest)]
    except (ValueError, OverflowError, OSError):
        return False
    return (
        bool(said)
        and numbers == [*range(block.first, block.first + len(said))]
        and numbers[-1] == block.last
        and {one.get("chain") for one in said} == {block.chain}
        and [min(times), max(times)] == span
    )


def _check(end: Deadline) -> None:
    if end.left <= 0:
        what = "verifying the events"
        raise end.error(what)


def _verify_checkpoints(
    connection: Connection, keys: KeySet, faults: list[str], end: Deadline
) -> tuple[int, str | None]:
    count, before, reached = 0, FIRST, dict[str, int]()
    for one in checkpoints(connection):
        _check(end)
        count += 1
        name = f"checkpoint {one.n}"
        body = fields_of(one.body.encode())
        public = keys.public(one.kid)
        if one.n != count or body.get("n") != count:
            faults.append(f"{name} stands where checkpoint {count} has to be: one is missing")
        if public is None:
            faults.append(f"{name} is signed with {one.kid}, which is not in the key file")
        elif not is_signed(one.body.encode(), one.signature, public):
            faults.append(f"{name} was changed: its signature is not that of its text")
        if body.get("prev") != before:
            faults.append(f"{name} does not follow the one before")
        faults += _against(connection, name, body, reached)
        before = one.digest
        if len(faults) > _MOST_FAULTS:
            break
    return count, before if count else None


def _against(
    connection: Connection, name: str, body: dict[str, Any], reached: dict[str, int]
) -> list[str]:
    """Say which chains do not hold what a checkpoint saw of them."""
    entries = body.get("heads")
    if not isinstance(entries, list) or root_of([*map(str, entries)]) != body.get("root"):
        return [f"{name} was changed: its root is not that of its heads"]
    faults = []
    for text in entries:
        chain, seq, digest = [*str(text).split(" "), "", ""][:3]
        number = int(seq) if seq.isdecimal() else 0
        line = line_of(connection, chain, number)
        if line is None:
            faults.append(f"{name} saw event {seq} of chain {chain}, which is gone")
        elif line.hash != digest:
            faults.append(f"{name} saw another event {seq} in chain {chain}: it was written anew")
        if number <= reached.get(chain, 0):
            faults.append(f"{name} saw chain {chain} end before an earlier one did")
        reached[chain] = number
    return faults
