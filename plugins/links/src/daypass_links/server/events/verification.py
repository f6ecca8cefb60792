"""Verify what a database says happened: every chain, and every chain against the checkpoints."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import attrs
from sqlalchemy import Connection, Engine, select

from daypass.audit import verify_lines
from daypass_links.server.events.checkpoints import FIRST, chains, checkpoints, line_of, root_of
from daypass_links.server.events.tables import EVENTS
from daypass_links.server.keyset import KeySet, is_signed

__all__ = ["Witness", "verify_events"]

#: More tell nothing more.
_MOST_FAULTS = 100


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


def verify_events(engine: Engine, keys: KeySet) -> Witness:
    """Verify all chains and checkpoints of a database.

    Args:
        engine: of the database of events.
        keys: those that signed the checkpoints.

    """
    faults: list[str] = []
    notes: list[str] = []
    with engine.connect() as connection:
        names = [name for name, _ in chains(connection)]
        events = 0
        for chain in names:
            found, ended = _verify_chain(connection, chain, faults)
            events += found
            if not ended:
                notes.append(
                    f"chain {chain} has not ended: its process still runs, or was killed; what it wrote after the "
                    "newest checkpoint could have been cut off unseen"
                )
        count, head = _verify_checkpoints(connection, keys, faults)
    return Witness(
        ok=not faults,
        events=events,
        chains=len(names),
        checkpoints=count,
        head=head,
        faults=tuple(faults),
        notes=tuple(notes),
    )


def _verify_chain(connection: Connection, chain: str, faults: list[str]) -> tuple[int, bool]:
    """Verify the lines of a chain, and that the columns beside them say what they say."""
    rows = connection.execute(
        select(
            EVENTS.c.seq,
            EVENTS.c.line,
            EVENTS.c.kind,
            EVENTS.c.link_id,
            EVENTS.c.principal,
        )
        .where(EVENTS.c.chain == chain)
        .order_by(EVENTS.c.seq)
        .execution_options(yield_per=1000)
    )
    last = b""

    def lines() -> Iterator[bytes]:
        nonlocal last
        for seq, line, *beside in rows:
            last = bytes(line)
            said = _fields(last)
            if said.get("chain") != chain or [
                said.get("seq"),
                said.get("kind"),
                said.get("link_id"),
                said.get("principal"),
            ] != [seq, *beside]:
                faults.append(
                    f"chain {chain}, event {seq}: the columns beside its line say something else"
                )
            yield last

    with closing(rows):  # who finds a bad line reads no further
        verdict = verify_lines(lines(), name=f"chain {chain}")
    if not verdict.ok:
        faults.append(f"{verdict.file}, event {verdict.line}: {verdict.why}")
    return verdict.lines, _fields(last).get("kind") == "closed"


def _fields(line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _verify_checkpoints(
    connection: Connection, keys: KeySet, faults: list[str]
) -> tuple[int, str | None]:
    count, before, reached = 0, FIRST, dict[str, int]()
    for one in checkpoints(connection):
        count += 1
        name = f"checkpoint {one.n}"
        body = _fields(one.body.encode())
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
