"""Verify audits: which line was changed, removed, put in or moved, and whether the newest are there."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

import attrs

from daypass.audit.lines import FIRST, LONGEST_LINE, Head, Line, read_line
from daypass.audit.reading import opened
from daypass.base.messages import shown
from daypass.errors import InvalidRequestError

__all__ = ["Verdict", "verify", "verify_lines"]


#: A line that says which other was there before.
_GONE = re.compile(rb'"decision":"(cut|moved)",.*"known_hash":"([0-9a-f]{64})"')


@attrs.frozen(kw_only=True)
class Verdict:
    """What verifying found."""

    #: True where every line is as it was written, and in its place.
    ok: bool
    #: How many lines are, over all files.
    lines: int
    #: The hash of the last of them; None where a witness of another kind has none to note yet.
    head: str | None
    #: The file with the first bad line; None where all are sound.
    file: str | None = None
    #: The number of that line in its file, counted from 1.
    line: int | None = None
    #: What is wrong with it.
    why: str | None = None
    #: What is not wrong, but worth knowing.
    notes: tuple[str, ...] = ()


def verify(*paths: str | os.PathLike[str], expect_head: str | None = None) -> Verdict:
    """Verify one audit file, or several that were one before they were rotated.

    Args:
        paths: the files, oldest first.
        expect_head: the hash of a line that was the newest when it was noted (`head`). Without it,
            nobody can tell whether the newest lines were cut off.

    Raises:
        InvalidRequestError: for a hash that is none, or no file.
        AuditError: if a file cannot be read.

    """
    if not paths:
        msg = "name at least one audit file"
        raise InvalidRequestError(msg, option="paths")
    reader = _Reader(_checked(expect_head))
    for place, path in enumerate(paths):
        fault = reader.read(os.fspath(path), first=place == 0)
        if fault is not None:
            return fault
    return reader.end()


def verify_lines(
    lines: Iterable[bytes], *, name: str = "the lines", expect_head: str | None = None
) -> Verdict:
    """Verify one chain of lines from wherever they are kept, such as those of `Chain`.

    Args:
        lines: in their order, each with its end.
        name: what ``Verdict.file`` and notes call it.
        expect_head: as for `verify`.

    Raises:
        InvalidRequestError: for a hash that is none.

    """
    reader = _Reader(_checked(expect_head))
    return reader.read_lines(name, lines) or reader.end()


def _checked(expect_head: str | None) -> str | None:
    if expect_head is not None and not (
        isinstance(expect_head, str) and re.fullmatch(r"[0-9a-f]{64}", expect_head)
    ):
        msg = f"expect_head is a SHA-256 in 64 hex digits, not {shown(expect_head)}"
        raise InvalidRequestError(msg, option="expect_head")
    return expect_head


@attrs.define
class _Reader:
    """Reads files line by line, and remembers what goes before."""

    expect_head: str | None
    head: Head = attrs.field(factory=Head)
    lines: int = 0
    notes: list[str] = attrs.field(factory=list)
    expected: bool = attrs.field(init=False)

    @expected.default
    def _nothing_expected(self) -> bool:
        return self.expect_head in (None, FIRST)

    def verdict(
        self, *, ok: bool, why: str | None = None, file: str | None = None, line: int | None = None
    ) -> Verdict:
        return Verdict(
            ok=ok,
            lines=self.lines,
            head=self.head.hash,
            file=file,
            line=line,
            why=why,
            notes=tuple(self.notes),
        )

    def read(self, path: str, *, first: bool) -> Verdict | None:
        """Read one file; return what is wrong with its first bad line."""
        with opened(path) as file:
            number = 0
            while raw := file.readline(LONGEST_LINE):
                number += 1
                if not raw.endswith(b"\n") and not file.read(1):
                    self.notes.append(
                        f"{path}: the last {len(raw)} bytes are a line without its end: it was never "
                        "finished, and no link left with it, or it was cut short since (the expected "
                        "head, noted elsewhere, tells which)"
                    )
                    break
                why = self._judge(path, raw, number, first=first)
                if why is not None:
                    return self.verdict(ok=False, why=why, file=path, line=number)
        return None

    def read_lines(self, name: str, lines: Iterable[bytes]) -> Verdict | None:
        """Read lines that are all there; return what is wrong with the first bad one."""
        for number, raw in enumerate(lines, 1):
            why = self._judge(name, raw, number, first=True)
            if why is not None:
                return self.verdict(ok=False, why=why, file=name, line=number)
        return None

    def end(self) -> Verdict:
        """Return the verdict where every line was sound."""
        if self.expected:
            return self.verdict(ok=True)
        why = f"no line has the hash {self.expect_head}: the newest lines were cut off, or all was written anew"
        return self.verdict(ok=False, why=why)

    def _judge(self, path: str, raw: bytes, number: int, *, first: bool) -> str | None:
        line = read_line(raw)
        if line is None:
            return "it is no line of an audit"
        why = self._misplaced(path, line, number, first=first)
        if why is not None:
            return why
        if b'"decision":"repaired"' in line.body:
            self.notes.append(f"{path}: line {number} says that an unfinished line was removed")
        if gone := _GONE.search(line.body):
            decision, known = gone[1].decode(), gone[2].decode()
            if decision == "cut" and known != line.prev:
                return f"it says that the lines up to the one with the hash {known} were here, and they were cut off"
            self.notes.append(
                f"{path}: line {number} says that the file was emptied"
                if decision == "cut"
                else f"{path}: line {number} says that its writer had written another file before, whose head was {known}"
            )
        self.head = Head(line.seq, line.hash)
        self.lines += 1
        self.expected = self.expected or line.hash == self.expect_head
        return None

    def _misplaced(self, path: str, line: Line, number: int, *, first: bool) -> str | None:
        """Say why a line is not as it was written, or not where."""
        why = None
        if not line.sound:
            why = "it was changed: its hash is not that of its text"
        elif line.seq > number:
            missing = line.seq - number
            why = f"it has the number {line.seq}: {missing} before it {'is' if missing == 1 else 'are'} missing"
        elif line.seq < number:
            why = f"it has the number {line.seq}: lines were put in, repeated or moved"
        elif number == 1:
            self._begin(path, line, first=first)
            if not first and line.prev not in (FIRST, self.head.hash):
                why = "it does not go on from the file before"
        elif line.prev != self.head.hash:
            why = f"it does not follow line {number - 1}: one of the two was put in"
        return why

    def _begin(self, path: str, line: Line, *, first: bool) -> None:
        if first and line.prev != FIRST:
            self.notes.append(f"{path} goes on from an older file whose head is {line.prev}")
        elif not first and line.prev == FIRST:
            self.notes.append(
                f"{path} begins a new chain, so that lines missing at the end of the file before "
                "it cannot be told"
            )
