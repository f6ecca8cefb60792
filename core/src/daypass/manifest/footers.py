"""Parquet files put one behind the other by their bytes: only what says where things are is written anew.

A Parquet file is ``PAR1``, the pages, a footer, the footer's length and ``PAR1``. The footer is Thrift in its
compact protocol and says at which offset each column's pages begin. So the pages of many files of one
schema can be copied as they are, and one footer names them all.

The format: https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift and
https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

__all__ = ["MAGIC", "JoinedFooter", "split"]

MAGIC = b"PAR1"
_TAIL = 8  # the footer's length in four bytes, and the magic word

_TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = range(1, 13)

# The numbers of the fields that are touched.
_NUM_ROWS, _ROW_GROUPS = 3, 4  # of FileMetaData
_COLUMNS, _GROUP_OFFSET, _ORDINAL = 1, 5, 7  # of RowGroup
_CHUNK_OFFSET, _META_DATA = 2, 3  # of ColumnChunk
_INDEXES = (4, 5, 6, 7)  # of ColumnChunk: page indexes, which lie outside the pages
#: Of ColumnMetaData: where its data, index and dictionary pages and its bloom filter begin.
_PAGES = (9, 10, 11, 14)

#: A field's number and type, and its value; a struct is a list of them, or bytes that are one already.
Field = tuple[int, int, Any]


def split(file: bytes | memoryview) -> tuple[memoryview, bytes]:
    """Return the pages and the footer of a Parquet file."""
    end = len(file) - _TAIL
    start = end - int.from_bytes(file[end : end + 4], "little")
    return memoryview(file)[len(MAGIC) : start], bytes(file[start:end])


class JoinedFooter:
    """What follows the pages of several files in the file that holds them all."""

    def __init__(self) -> None:
        self._fields: dict[int, Field] = {}
        self._rows = 0
        self._groups: list[bytes] = []

    def __len__(self) -> int:
        """Return how many row groups there are."""
        return len(self._groups)

    def add(self, footer: bytes, start: int) -> None:
        """Take one file's footer; its pages begin at ``start`` in the whole."""
        first = not self._fields
        for number, kind, value in _Reader(footer).fields():
            if number == _NUM_ROWS:
                self._rows += value
            elif number == _ROW_GROUPS:
                _, groups = value
                self._groups += [_written(_moved(group, start - len(MAGIC))) for group in groups]
                if not first:
                    return  # the rest is in every footer the same
            if first:
                self._fields[number] = (number, kind, value)

    def write(self) -> bytes:
        """Return it."""
        rows = (_NUM_ROWS, _I64, self._rows)
        groups = (_ROW_GROUPS, _LIST, (_STRUCT, self._groups))
        fields = self._fields | {_NUM_ROWS: rows, _ROW_GROUPS: groups}
        footer = _written([fields[number] for number in sorted(fields)])
        return footer + len(footer).to_bytes(4, "little") + MAGIC


def _moved(group: list[Field], by: int) -> list[Field]:
    """Return a row group whose pages lie so many bytes further on."""
    moved: list[Field] = []
    for number, kind, value in group:
        if number == _ORDINAL:
            continue  # optional, and too small for the number of groups there may be
        if number == _GROUP_OFFSET:
            moved.append((number, kind, value + by))
        elif number == _COLUMNS:
            moved.append((number, kind, (value[0], [_column(chunk, by) for chunk in value[1]])))
        else:
            moved.append((number, kind, value))
    return moved


def _column(chunk: list[Field], by: int) -> list[Field]:
    moved: list[Field] = []
    for number, kind, value in chunk:
        if number == _META_DATA:
            pages = [(n, k, v + by if n in _PAGES else v) for n, k, v in value]
            moved.append((number, kind, pages))
        elif number == _CHUNK_OFFSET:
            # Deprecated, and 0 from those who write none.
            moved.append((number, kind, value and value + by))
        elif number not in _INDEXES:
            moved.append((number, kind, value))
    return moved


class _Reader:
    """Reads Thrift's compact protocol."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def fields(self) -> Iterator[Field]:
        """Read the fields of a struct up to its end."""
        number = 0
        while head := self._byte():
            kind = head & 0x0F
            number = number + (head >> 4) if head >> 4 else self._signed()
            yield number, kind, None if kind in (_TRUE, _FALSE) else self._value(kind)

    def _value(self, kind: int) -> Any:
        if kind in (_I16, _I32, _I64):
            return self._signed()
        if kind == _BINARY:
            return self._bytes(self._unsigned())
        if kind == _STRUCT:
            return list(self.fields())
        if kind in (_LIST, _SET):
            head = self._byte()
            count = head >> 4 if head >> 4 != 0x0F else self._unsigned()  # noqa: PLR2004 - all bits set
            return head & 0x0F, [self._value(head & 0x0F) for _ in range(count)]
        if kind in (_TRUE, _FALSE, _BYTE):  # within a list a switch has a byte
            return self._bytes(1)
        if kind == _DOUBLE:
            return self._bytes(8)
        msg = f"a Parquet footer holds no Thrift of type {kind}"
        raise ValueError(msg)

    def _byte(self) -> int:
        self._at += 1
        return self._data[self._at - 1]

    def _bytes(self, count: int) -> bytes:
        self._at += count
        return self._data[self._at - count : self._at]

    def _unsigned(self) -> int:
        value = shift = 0
        while (byte := self._byte()) & 0x80:
            value |= (byte & 0x7F) << shift
            shift += 7
        return value | byte << shift

    def _signed(self) -> int:
        value = self._unsigned()
        return value >> 1 ^ -(value & 1)


def _written(fields: list[Field]) -> bytes:
    """Return a struct as `_Reader` reads it."""
    writer = _Writer()
    writer.struct(fields)
    return bytes(writer.out)


class _Writer:
    """Writes what `_Reader` reads."""

    def __init__(self) -> None:
        self.out = bytearray()

    def struct(self, fields: list[Field]) -> None:
        """Write a struct and its end."""
        before = 0
        for number, kind, value in fields:
            step = number - before
            if 0 < step <= 0x0F:  # noqa: PLR2004 - four bits
                self.out.append(step << 4 | kind)
            else:
                self.out.append(kind)
                self._signed(number)
            if kind not in (_TRUE, _FALSE):
                self._value(kind, value)
            before = number
        self.out.append(0)

    def _value(self, kind: int, value: Any) -> None:
        if kind in (_I16, _I32, _I64):
            self._signed(value)
        elif kind == _BINARY:
            self._unsigned(len(value))
            self.out += value
        elif kind == _STRUCT and isinstance(value, list):
            self.struct(value)
        elif kind in (_LIST, _SET):
            of, items = value
            short = len(items) < 0x0F  # noqa: PLR2004 - four bits
            self.out.append((len(items) if short else 0x0F) << 4 | of)
            if not short:
                self._unsigned(len(items))
            for item in items:
                self._value(of, item)
        else:
            self.out += value

    def _unsigned(self, value: int) -> None:
        while value > 0x7F:  # noqa: PLR2004 - seven bits
            self.out.append(value & 0x7F | 0x80)
            value >>= 7
        self.out.append(value)

    def _signed(self, value: int) -> None:
        self._unsigned(value << 1 ^ value >> 63)
