"""``Chain``: the lines of an audit that somebody else keeps, in a database say, each with the hash of the one before."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from daypass.audit.lines import FIRST, Head, instant, write_line
from daypass.base.messages import shown
from daypass.errors import InvalidRequestError

__all__ = ["Chain"]

#: What a line has by itself.
_OWN = frozenset({"seq", "prev", "time", "hash"})
_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


class Chain:
    """Writes lines, and remembers the newest: whoever keeps them keeps them in their order.

    >>> chain = Chain()
    >>> first = chain.line({"kind": "use", "link_id": "lnk_1"}, now=1764158400.25)
    >>> first.startswith(b'{"seq":1,"prev":"0000000')
    True
    >>> from daypass.audit import verify_lines
    >>> verify_lines([first, chain.line({"kind": "revoke"}, now=1764158401)]).ok
    True

    Args:
        seq: the number of the newest line there is; 0 of a new chain.
        hash: its hash in hex.

    """

    def __init__(self, seq: int = 0, hash: str = FIRST) -> None:  # noqa: A002 - as in the lines
        self._head = Head(seq, hash)

    @property
    def seq(self) -> int:
        """The number of the newest line."""
        return self._head.seq

    @property
    def hash(self) -> str:
        """The hash of the newest line, in hex."""
        return self._head.hash

    def line(self, fields: Mapping[str, Any], now: float) -> bytes:
        """Return the next line, with its end.

        Args:
            fields: what JSON can say, by name; ``seq``, ``prev``, ``time`` and ``hash`` are the line's own.
            now: what the clock says, in seconds since the epoch.

        Raises:
            InvalidRequestError: for a name that is the line's own.

        """
        if own := _OWN.intersection(fields):
            msg = f"{shown(min(own))} is what each line has by itself: name the field otherwise"
            raise InvalidRequestError(msg, option="fields")
        return self.line_of(_encode(fields)[1:-1], now)

    def line_of(self, text: str, now: float) -> bytes:
        """Return the next line, with its end, where its fields are written already.

        >>> Chain().line_of('"kind":"use"', now=1764158400.25) == Chain().line({"kind": "use"}, now=1764158400.25)
        True

        Args:
            text: the inside of an object of JSON, on one line, with no name that is the line's own.
            now: what the clock says, in seconds since the epoch.

        """
        time = f'"time":"{instant(now)}"'
        line, self._head = write_line(self._head, f"{time},{text}" if text else time)
        return line
